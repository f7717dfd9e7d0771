/* SPDX-License-Identifier: MIT */

/*
 * The test harness. A program tests one subject and prints TAP: "ok 1 - name",
 * "ok 2 - name # SKIP reason", or "not ok 3 - name" after one "# file:line: message"
 * for each failed check. The name says what must be true.
 *
 *	static void new_file_is_empty(void) { ... CHECK(x); EQ(got, want); }
 *	int main(int argc, char **argv)
 *	{
 *		start(argc, argv);
 *		RUN(new_file_is_empty);
 *		return finish();
 *	}
 *
 * Each test runs twice. The second run must not change the number of descriptors and
 * mappings, nor the amount of locked memory, so every test detects leaks. Memory that
 * the C library allocates once does not count.
 *
 * Exit status: 0, 1 if a test failed, 77 if all were skipped.
 */
#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "library.h"

static struct {
	int number, failed, skipped;
	int failed_checks; /* of the running test */
	const char *skip;  /* of the running test: the reason, or NULL */
} test;

/* The offset of d_reclen in struct linux_dirent64. */
#define RECLEN_OFFSET 16

/* Sanitizers create mappings of their own, and so does valgrind, which tests/hosts sets this for. */
#if defined SANITIZED
#elif defined __SANITIZE_THREAD__ || defined __SANITIZE_ADDRESS__
#define SANITIZED 1
#elif defined __has_feature
#define SANITIZED (__has_feature(thread_sanitizer) || __has_feature(address_sanitizer))
#else
#define SANITIZED 0
#endif

struct resources {
	long descriptors, mappings, locked_kb;
};

static inline __attribute__((format(printf, 3, 4))) void fail(const char *file, int line, const char *format,
							      ...)
{
	va_list arguments;

	printf("# %s:%d: ", file, line);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	test.failed_checks++;
}

static inline void check_equal(const char *file, int line, const char *what, long long got, long long want)
{
	if (got != want)
		fail(file, line, "%s: got %lld (%#llx), want %lld (%#llx)", what, got,
		     (unsigned long long)got, want, (unsigned long long)want);
}

static inline void check_text(const char *file, int line, const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fail(file, line, "%s: got \"%s\", want \"%s\"", what, got, want);
}

#define CHECK(condition)                                                     \
	do {                                                                 \
		if (!(condition))                                            \
			fail(__FILE__, __LINE__, "%s is false", #condition); \
	} while (0)

#define EQ(got, want) check_equal(__FILE__, __LINE__, #got, (long long)(got), (long long)(want))
#define TEXT(got, want) check_text(__FILE__, __LINE__, #got, (got), (want))

/* Ends the running test as skipped. */
#define SKIP(reason)                  \
	do {                          \
		test.skip = (reason); \
		return;               \
	} while (0)

/* Not with opendir(3), which allocates: musl may then map and unmap memory. */
static inline long count_descriptors(void)
{
	_Alignas(8) char entries[4096];
	long count = 0, n;
	int fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while ((n = syscall(SYS_getdents64, fd, entries, sizeof entries)) > 0)
		for (long at = 0; at < n; at += *(uint16_t *)(entries + at + RECLEN_OFFSET))
			count++;
	close(fd);
	return count;
}

static inline long count_mappings(void)
{
	char buffer[4096];
	long lines = 0;
	ssize_t n;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	while ((n = read(fd, buffer, sizeof buffer)) > 0)
		for (ssize_t i = 0; i < n; i++)
			lines += buffer[i] == '\n';
	close(fd);
	return lines;
}

/* A field of /proc/self/status in kB, such as "VmLck:" (locked memory). */
static inline long status_kb(const char *name)
{
	static char buffer[8192];
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, buffer, sizeof buffer - 1);
	const char *field;

	if (fd >= 0)
		close(fd);
	buffer[n < 0 ? 0 : n] = '\0';
	field = strstr(buffer, name);
	return field == NULL ? -1 : strtol(field + strlen(name), NULL, 10);
}

static inline struct resources count_resources(void)
{
	struct resources h = { count_descriptors(), count_mappings(), status_kb("VmLck:") };

	return h;
}

static inline void run(const char *name, void (*body)(void))
{
	struct resources before, after;

	test.number++;
	test.failed_checks = 0;
	test.skip = NULL;
	body();
	if (test.skip == NULL && test.failed_checks == 0) {
		before = count_resources();
		body();
		after = count_resources();
		check_equal(name, 0, "open descriptors", after.descriptors, before.descriptors);
		if (!SANITIZED)
			check_equal(name, 0, "mappings", after.mappings, before.mappings);
		check_equal(name, 0, "locked kB", after.locked_kb, before.locked_kb);
	}
	if (test.failed_checks > 0) {
		test.failed++;
		printf("not ok %d - %s\n", test.number, name);
	} else if (test.skip != NULL) {
		test.skipped++;
		printf("ok %d - %s # SKIP %s\n", test.number, name, test.skip);
	} else {
		printf("ok %d - %s\n", test.number, name);
	}
	fflush(stdout);
}

#define RUN(body) run(#body, body)

static inline void start(int argc, char **argv)
{
	library_load(argc, argv);
}

static inline int finish(void)
{
	printf("1..%d\n", test.number);
	if (test.failed > 0)
		return 1;
	return test.skipped == test.number ? 77 : 0;
}

static inline int before_linux(int major, int minor)
{
	struct utsname system;
	int running[2] = { 0, 0 };

	EQ(uname(&system), 0);
	EQ(sscanf(system.release, "%d.%d", &running[0], &running[1]), 2);
	return running[0] < major || (running[0] == major && running[1] < minor);
}

#endif
