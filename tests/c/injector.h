/* SPDX-License-Identifier: MIT */

/*
 * Fault injection: observes the system calls of the library, and replaces their results.
 *
 * A call of the library runs in its own thread. A seccomp filter on that thread notifies the
 * main thread of each system call that the library's code makes. The main thread lets it
 * continue or sets its result. Since both threads share memory and descriptors, the main
 * thread can also make the system call with a shorter length.
 */
#ifndef INJECTOR_H
#define INJECTOR_H

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>

#include "library_calls.h"

/* How to answer a system call: let it continue, return 0, transfer half, or an errno. */
enum { CONTINUE = 0, ZERO = -1, HALF = -2 };

#define MAX_EVENTS 128

/* One call of the library, its system calls and its result. */
struct observation {
	int (*call)(void);
	int (*answer)(const struct event *event, int position);
	int result;
	int count;
	struct event events[MAX_EVENTS];
	int listener, wakeup;
};

/* ------------------------------------------------------- The filtered thread */

static inline void wake(struct observation *o)
{
	EQ(write(o->wakeup, &(uint64_t){ 1 }, 8), 8);
}

static inline void *watched_thread(void *argument)
{
	struct observation *o = argument;

	o->listener = filter_library(SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	wake(o);
	if (o->listener >= 0)
		o->result = o->call();
	wake(o);
	return NULL;
}

/* ----------------------------------------------------------- The main thread */

/* Makes the system call with half the length. */
static inline long transfer_half(const struct seccomp_data *data, int length)
{
	long a[6];

	for (int i = 0; i < 6; i++)
		a[i] = (long)data->args[i];
	a[length] /= 2;
	return raw(syscall(data->nr, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/*
 * Mappings that remain because munmap(2) was made to fail. The library does not try again, and
 * this is not a leak.
 */
static struct {
	void *address;
	size_t length;
} unremoved[MAX_EVENTS];
static int unremoved_count;

static inline void unmap_unremoved(void)
{
	while (unremoved_count > 0) {
		unremoved_count--;
		munmap(unremoved[unremoved_count].address, unremoved[unremoved_count].length);
	}
}

/* Does what a failing system call has to do nevertheless. */
static inline void side_effect(const struct seccomp_data *data)
{
	if (data->nr == SYS_close)
		close((int)data->args[0]); /* Linux closes the descriptor even if close(2) fails */
	if (data->nr == SYS_munmap) {
		unremoved[unremoved_count].address = (void *)(uintptr_t)data->args[0];
		unremoved[unremoved_count++].length = (size_t)data->args[1];
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
	if (answer == CONTINUE) {
		response.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	} else if (answer == HALF) {
		response.val = transfer_half(&question.data, event.length);
	} else if (answer != ZERO) {
		side_effect(&question.data);
		response.error = -answer;
	}
	EQ(raw(ioctl(o->listener, SECCOMP_IOCTL_NOTIF_SEND, &response)), 0);
}

/* Runs o->call and records its system calls and result. */
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
	return why_not_filter(SECCOMP_RET_USER_NOTIF);
}

#endif
