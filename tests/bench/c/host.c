/* SPDX-License-Identifier: MIT */

/*
 * host load LIBRARY     ns for dlopen and the first call
 * host thread LIBRARY   ns for the first call in each of 100 new threads
 * host use LIBRARY      threads, descriptors, memory and so on that loading adds
 * host tax LIBRARY      ns for the process's own calls after loading the library
 *
 * Each run is a new process, because a library is loaded only once. LIBRARY "none" is glibc
 * alone, the reference.
 */
#include <dirent.h>
#include <pthread.h>
#include <sys/wait.h>

#include "bench.h"

static const char *path;

static int none(int fd)
{
	return fcntl(fd, F_GET_SEALS);
}

static int (*get_seals(void))(int)
{
	if (strcmp(path, "none") == 0)
		return none;
	return (int (*)(int))symbol(open_library(path), "memfd_go_get_seals");
}

static void load_once(void)
{
	double start = now();

	get_seals()(-1);
	printf("load\t%.0f\n", now() - start);
}

/* ----------------------------------------------------------- A fresh thread */

static int (*first_call)(int);

static void *fresh_thread(void *took)
{
	double start;

	now(); /* its first call takes longer as well */
	start = now();
	first_call(-1);
	*(double *)took = now() - start;
	return NULL;
}

static void start_threads(void)
{
	pthread_t thread;
	double took;

	first_call = get_seals();
	first_call(-1);
	for (int i = 0; i < 100; i++) {
		require(pthread_create(&thread, NULL, fresh_thread, &took) == 0, "pthread_create");
		pthread_join(thread, NULL);
		printf("thread\t%.0f\n", took);
	}
}

/* -------------------------------------------------------------- What loading adds */

/* The number after a key in a file of /proc; with 'bits', the number of its bits in base 16. */
static long field(const char *file, const char *key, int bits)
{
	char line[256];
	long value = -1;
	FILE *f = fopen(file, "re");

	require(f != NULL, file);
	while (fgets(line, sizeof line, f) != NULL) {
		char *number = line + strlen(key);

		if (strncmp(line, key, strlen(key)) == 0)
			value = bits ? __builtin_popcountll(strtoull(number, NULL, 16)) : atol(number);
	}
	fclose(f);
	return value;
}

static long descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	long n = 0;

	while (readdir(directory) != NULL)
		n++;
	closedir(directory);
	return n;
}

struct usage {
	long threads, handlers, descriptors, address_space, resident, dirty;
};

static struct usage usage(void)
{
	return (struct usage){
		field("/proc/self/status", "Threads:", 0),
		field("/proc/self/status", "SigCgt:", 1),
		descriptors(),
		field("/proc/self/status", "VmSize:", 0),
		field("/proc/self/smaps_rollup", "Rss:", 0),
		field("/proc/self/smaps_rollup", "Private_Dirty:", 0),
	};
}

static void use(void)
{
	struct usage before, after;

	dlclose(open_library("libm.so.6")); /* the first dlopen allocates memory of glibc's own */
	usage();
	before = usage();
	get_seals()(-1);
	usleep(20000); /* a runtime may start threads later */
	after = usage();
	printf("threads\t%ld\nhandlers\t%ld\ndescriptors\t%ld\naddress space\t%ld\nresident\t%ld\nprivate "
	       "dirty\t%ld\n",
	       after.threads - before.threads, after.handlers - before.handlers,
	       after.descriptors - before.descriptors, after.address_space - before.address_space,
	       after.resident - before.resident, after.dirty - before.dirty);
}

/* -------------------------------------------------- The process's own calls */

static void call_fcntl(void)
{
	result_of_work = fcntl(0, F_GETFD);
}

static void call_getppid(void)
{
	result_of_work = getppid();
}

static void call_malloc(void)
{
	void *p = malloc(2000); /* larger than the thread's cache serves */

	__asm__ volatile("" : "+r"(p));
	free(p);
}

static void call_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	waitpid(child, NULL, 0);
}

static void tax(void)
{
	static const struct {
		const char *name;
		void (*call)(void);
		int calls;
	} calls[] = {
		{ "getppid", call_getppid, 2000 },
		{ "fcntl(F_GETFD)", call_fcntl, 2000 },
		{ "malloc+free", call_malloc, 2000 },
		{ "fork+wait", call_fork, 10 },
	};

	get_seals()(-1);
	usleep(1000);
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
			double start = now();

			for (int n = 0; n < calls[i].calls; n++)
				calls[i].call();
			printf("%s\t%.3f\n", calls[i].name, (now() - start) / calls[i].calls);
		}
	}
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} modes[] = { { "load", load_once }, { "thread", start_threads }, { "use", use }, { "tax", tax } };

	for (size_t i = 0; argc == 3 && i < sizeof modes / sizeof *modes; i++) {
		if (strcmp(argv[1], modes[i].name) != 0)
			continue;
		path = argv[2];
		modes[i].run();
		return 0;
	}
	fprintf(stderr, "host load|thread|use|tax LIBRARY\n");
	return 2;
}
