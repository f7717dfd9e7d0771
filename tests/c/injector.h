/*
 * The system calls of the library, watched and answered in the kernel's place.
 *
 * A call of the library runs in a thread of its own. A seccomp filter on that thread
 * alone hands each system call that the library's code makes to the main thread, which
 * lets it happen or answers it. The filter knows the library by the address of the
 * instruction, so that the C library's system calls pass unseen. Both threads share
 * memory and descriptors: the main thread can also do a part of what was asked for.
 */
#ifndef INJECTOR_H
#define INJECTOR_H

#include <endian.h>
#include <link.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "test.h"
#include "files.h"

/* What to answer to a system call instead of doing it; else an errno. */
enum { NOTHING = 0, ZERO = -1, HALF = -2 };

/* A system call that was made: the how-manieth of its name, and how it may be cut short. */
struct event {
	const char *name;
	int occurrence;
	int length; /* the argument that says how much to transfer, or 0 */
};

#define MAX_EVENTS 128

/* One call of the library, and what came of it. */
struct observation {
	int (*call)(void);
	int (*answer)(const struct event *event, int position); /* how to answer one */
	int result;
	int count;
	struct event events[MAX_EVENTS];
	int listener, wakeup;
};

/* ------------------------------------------------------------ System calls */

static const struct {
	long number;
	const char *name;
	int length;
} system_calls[] = {
	{ SYS_close, "close", 0 },
	{ SYS_execve, "execve", 0 },
	{ SYS_execveat, "execveat", 0 },
	{ SYS_fallocate, "fallocate", 0 },
	{ SYS_fchmod, "fchmod", 0 },
	{ SYS_futex, "futex", 0 },
	{ SYS_getrandom, "getrandom", 0 },
	{ SYS_getsockopt, "getsockopt", 0 },
	{ SYS_lseek, "lseek", 0 },
	{ SYS_madvise, "madvise", 0 },
	{ SYS_memfd_create, "memfd_create", 0 },
	{ MEMFD_SECRET, "memfd_secret", 0 },
	{ SYS_mincore, "mincore", 0 },
	{ SYS_mlock, "mlock", 0 },
	{ SYS_mprotect, "mprotect", 0 },
	{ SYS_munmap, "munmap", 0 },
	{ SYS_openat, "openat", 0 },
	{ SYS_pidfd_getfd, "pidfd_getfd", 0 },
	{ SYS_pread64, "pread", 2 },
	{ SYS_prlimit64, "prlimit", 0 },
	{ SYS_pwrite64, "pwrite", 2 },
	{ SYS_readlinkat, "readlinkat", 0 },
	{ SYS_recvmsg, "recvmsg", 0 },
	{ SYS_sendmsg, "sendmsg", 0 },
	{ SYS_statx, "statx", 0 },
	{ SYS_sysinfo, "sysinfo", 0 },
#if UINTPTR_MAX > 0xffffffff
	{ SYS_fcntl, "fcntl", 0 },
	{ SYS_fstatfs, "fstatfs", 0 },
	{ SYS_ftruncate, "ftruncate", 0 },
	{ SYS_mmap, "mmap", 0 },
	{ SYS_sendfile, "sendfile", 3 },
#else
	{ SYS_fcntl64, "fcntl", 0 },
	{ SYS_fstatfs64, "fstatfs", 0 },
	{ SYS_ftruncate64, "ftruncate", 0 },
	{ SYS_mmap2, "mmap", 0 },
	{ SYS_sendfile64, "sendfile", 3 },
#endif
};

/* fcntl(2) is many system calls in one. */
static const struct {
	int command;
	const char *name;
} fcntl_commands[] = {
	{ F_GETFD, "getfd" },
	{ F_SETFD, "setfd" },
	{ F_GETFL, "getfl" },
	{ F_DUPFD_CLOEXEC, "dupfd" },
	{ F_ADD_SEALS, "add_seals" },
	{ F_GET_SEALS, "get_seals" },
};

static inline struct event describe(const struct seccomp_data *data)
{
	struct event event = { "an unknown system call", 0, 0 };

	for (size_t i = 0; i < sizeof system_calls / sizeof *system_calls; i++) {
		if (system_calls[i].number == data->nr) {
			event.name = system_calls[i].name;
			event.length = system_calls[i].length;
		}
	}
	if (strcmp(event.name, "fcntl") == 0)
		for (size_t i = 0; i < sizeof fcntl_commands / sizeof *fcntl_commands; i++)
			if (fcntl_commands[i].command == (int)data->args[1])
				event.name = fcntl_commands[i].name;
	if (strcmp(event.name, "memfd_create") == 0 && (data->args[1] & MFD_HUGETLB) != 0)
		event.name = "memfd_create_huge";
	return event;
}

/* ------------------------------------------------------- The filtered thread */

/* Where the library's code is. */
static struct {
	uint64_t start, end;
} library_code;

static inline int find_code(struct dl_phdr_info *object, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (strstr(object->dlpi_name, "libmemfd_go") == NULL)
		return 0;
	for (int i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &object->dlpi_phdr[i];

		if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
			library_code.start = object->dlpi_addr + segment->p_vaddr;
			library_code.end = library_code.start + segment->p_memsz;
		}
	}
	return 1;
}

#define ADDRESS offsetof(struct seccomp_data, instruction_pointer)
#define LOW_HALF (__BYTE_ORDER == __BIG_ENDIAN ? 4 : 0)
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset))
#define UNLESS(comparison, value, skip) BPF_JUMP(BPF_JMP | (comparison) | BPF_K, (uint32_t)(value), 0, (skip))
#define RETURN(action) BPF_STMT(BPF_RET | BPF_K, (action))

/* Filters the calling thread. Returns a descriptor to listen at. */
static inline int watch_this_thread(void)
{
	struct sock_filter code[] = {
		LOAD(ADDRESS + 4 - LOW_HALF),
		UNLESS(BPF_JEQ, library_code.start >> 32, 3),
		LOAD(ADDRESS + LOW_HALF),
		UNLESS(BPF_JGE, library_code.start, 1),
		UNLESS(BPF_JGT, library_code.end, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)raw(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

static inline void wake(struct observation *o)
{
	EQ(write(o->wakeup, &(uint64_t){ 1 }, 8), 8);
}

static inline void *watched_thread(void *argument)
{
	struct observation *o = argument;

	o->listener = watch_this_thread();
	wake(o);
	if (o->listener >= 0)
		o->result = o->call();
	wake(o);
	return NULL;
}

/* ----------------------------------------------------------- The main thread */

/* What a system call gives when it is made with half the length. */
static inline long do_half(const struct seccomp_data *data, int length)
{
	long a[6];

	for (int i = 0; i < 6; i++)
		a[i] = (long)data->args[i];
	a[length] /= 2;
	return raw(syscall(data->nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/*
 * Mappings that munmap(2) refused to remove, and that nobody will remove again. They are
 * no leak of the library's.
 */
static struct {
	void *address;
	size_t length;
} refused[MAX_EVENTS];
static int refused_count;

static inline void unmap_refused(void)
{
	while (refused_count > 0) {
		refused_count--;
		munmap(refused[refused_count].address, refused[refused_count].length);
	}
}

/* What a failing system call does nevertheless. */
static inline void side_effect(const struct seccomp_data *data)
{
	if (data->nr == SYS_close)
		close((int)data->args[0]); /* Linux frees the descriptor in any case */
	if (data->nr == SYS_munmap) {
		refused[refused_count].address = (void *)(uintptr_t)data->args[0];
		refused[refused_count++].length = (size_t)data->args[1];
	}
}

static inline void record(struct observation *o, struct event *event)
{
	event->occurrence = 1;
	for (int i = 0; i < o->count; i++)
		event->occurrence += strcmp(o->events[i].name, event->name) == 0;
	if (o->count < MAX_EVENTS)
		o->events[o->count++] = *event;
}

static inline void answer_one(struct observation *o)
{
	struct seccomp_notif question = { 0 };
	struct seccomp_notif_resp response = { 0 };
	struct event event;
	int answer;

	EQ(raw(ioctl(o->listener, SECCOMP_IOCTL_NOTIF_RECV, &question)), 0);
	event = describe(&question.data);
	record(o, &event);
	answer = o->answer(&event, o->count - 1);
	response.id = question.id;
	if (answer == NOTHING) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else if (answer == HALF) {
		response.val = do_half(&question.data, event.length);
	} else if (answer != ZERO) {
		side_effect(&question.data);
		response.error = -answer;
	}
	EQ(raw(ioctl(o->listener, SECCOMP_IOCTL_NOTIF_SEND, &response)), 0);
}

/* Runs o->call and fills in the rest. */
static inline void observe(struct observation *o)
{
	struct pollfd waiting[2];
	pthread_t thread;
	uint64_t ignored;

	o->count = 0;
	o->wakeup = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
	EQ(pthread_create(&thread, NULL, watched_thread, o), 0);
	EQ(read(o->wakeup, &ignored, 8), 8);
	CHECK(o->listener >= 0);
	waiting[0] = (struct pollfd){ o->listener, POLLIN, 0 };
	waiting[1] = (struct pollfd){ o->wakeup, POLLIN, 0 };
	while (poll(waiting, 2, -1) > 0 && (waiting[1].revents & POLLIN) == 0)
		answer_one(o);
	pthread_join(thread, NULL);
	close(o->wakeup);
	close(o->listener);
}

/* A reason to skip, or NULL. */
static inline const char *why_not_observe(void)
{
	dl_iterate_phdr(find_code, NULL);
	if (library_code.start >> 32 != library_code.end >> 32)
		return "the library lies across a multiple of 4 GiB";
	if (syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){ SECCOMP_RET_USER_NOTIF }) != 0)
		return "no seccomp user notification here";
	return NULL;
}

#endif
