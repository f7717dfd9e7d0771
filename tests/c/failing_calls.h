/* SPDX-License-Identifier: MIT */

/*
 * Every system call of every function fails, one at a time, in every way that it can.
 *
 * A row of a table is a function of the library in one situation:
 *
 *	F(name, before, call, after, given, trace, outcomes)
 *
 * before    makes what the call needs, in 'in' and 'out'
 * call      an expression: the call, whose out-parameters are in 'out'
 * after     gets the result; checks what a success gave; removes everything
 * given     system calls that always fail here, as they do on another kernel:
 *           "execveat:ENOSYS memfd_create/1:EINVAL" (/1: only the first one)
 * trace     the system calls that the function makes, all of them and in this order;
 *           "close*2" is two of them
 * outcomes  what comes of a system call's failure where that is not its own error:
 *           "close:*" (any error at all is survived: the result is as without it),
 *           "sendfile:EINTR,0=EAGAIN" (EINTR is survived; that nothing was transferred
 *           is EAGAIN). Only the first word for a system call counts, and the first of its
 *           entries. What is transferred in part must always be survived.
 *
 * After each failure the result must be the right one, the out-parameters untouched, and
 * the process must hold what it held before: descriptors, mappings, locked memory.
 */
#ifndef FAILING_CALLS_H
#define FAILING_CALLS_H

#include "injector.h"

struct row {
	const char *name;
	void (*before)(void);
	int (*call)(void);
	void (*after)(int result);
	const char *given, *trace, *outcomes;
};

/* Turns a list of rows into functions and a table. */
#define CALL_FUNCTION(name, before, call, after, given, trace, outcomes) \
	static int call_##name(void)                                     \
	{                                                                \
		return (call);                                           \
	}
#define TABLE_ROW(name, before, call, after, given, trace, outcomes) \
	{ #name, before, call_##name, after, given, trace, outcomes },

#define TABLE(LIST)         \
	LIST(CALL_FUNCTION) \
	static const struct row table[] = { LIST(TABLE_ROW) };

/* Every error that the manual pages and the kernel know of any of these system calls. */
static const int errors[] = {
	EPERM,      ENOENT,    ESRCH,        EINTR,     EIO,          ENXIO,        E2BIG,      ENOEXEC,
	EBADF,      EAGAIN,    ENOMEM,       EACCES,    EFAULT,       EBUSY,        EEXIST,     EXDEV,
	ENODEV,     ENOTDIR,   EISDIR,       EINVAL,    ENFILE,       EMFILE,       ENOTTY,     ETXTBSY,
	EFBIG,      ENOSPC,    ESPIPE,       EROFS,     EPIPE,        ENAMETOOLONG, ENOSYS,     ELOOP,
	ENODATA,    EOVERFLOW, ELIBBAD,      ENOTSOCK,  EMSGSIZE,     ENOPROTOOPT,  EOPNOTSUPP, ENOBUFS,
	ECONNRESET, ENOTCONN,  ETOOMANYREFS, ETIMEDOUT, ECONNREFUSED, ESTALE,       EDQUOT,     EHWPOISON,
};
#define ERRORS (sizeof errors / sizeof *errors)

/* What calls read. */
static struct inputs {
	int fd, socket, peer;
} in;

/* What calls write to. It is as in 'fresh' before each of them. */
static struct outputs {
	uint64_t size;
	uint32_t bits, count;
	void *address;
	size_t length;
	int fds[MEMFD_GO_FDS_MAX];
	char data[16];
	struct memfd_go_create_args args;
	struct memfd_go_info info;
	struct memfd_go_features features;
	secret_area area;
	struct memfd_go_secret_pool pool;
} out, untouched,
	fresh = {
		.count = MEMFD_GO_FDS_MAX,
		.length = 16,
	};

static inline void nothing(void)
{
}

/* ------------------------------------------------------- Lists of outcomes */

static inline const char *answer_name(int answer)
{
	return answer == ZERO ? "0" : answer == HALF ? "half" : memfd_go_result_name(-answer);
}

/* The error of this name. */
static inline int error_named(const char *name)
{
	for (int error = 1; error < 200; error++)
		if (strcmp(memfd_go_result_name(-error), name) == 0)
			return error;
	fail(__FILE__, __LINE__, "%s is no error", name);
	return 0;
}

/* Whether 'pattern', such as "close", "fcntl/2" or "*", means a system call. */
static inline int means(const char *pattern, const struct event *event)
{
	size_t length = strlen(event->name);

	if (strcmp(pattern, "*") == 0)
		return 1;
	if (strncmp(pattern, event->name, length) != 0)
		return 0;
	pattern += length;
	return *pattern == '\0' || (*pattern == '/' && atoi(pattern + 1) == event->occurrence);
}

/* The next word of a text, as strsep(3). NULL too for no text. */
static inline char *next(char **text, const char *separator)
{
	return *text == NULL ? NULL : strsep(text, separator);
}

/*
 * Finds a system call in a list, with 'answer' or, if that is NULL, with whatever answer.
 * Returns the entry, such as "EINTR" or "0=EAGAIN", in static memory, or NULL.
 */
static inline char *entry_of(const char *list, const struct event *event, const char *answer)
{
	static char copy[512];
	char *rest = copy, *answers, *entry;

	snprintf(copy, sizeof copy, "%s", list);
	for (char *word = next(&rest, " "); word != NULL; word = next(&rest, " ")) {
		answers = word;
		if (!means(next(&answers, ":"), event))
			continue;
		for (entry = next(&answers, ","); entry != NULL; entry = next(&answers, ",")) {
			size_t length = strcspn(entry, "=");

			if (answer == NULL || *entry == '*' ||
			    (strncmp(entry, answer, length) == 0 && answer[length] == '\0'))
				return entry;
		}
		return NULL;
	}
	return NULL;
}

/* ------------------------------------------------------------- One failure */

/* What happens in the running call: the system call at 'position' gets 'answer'. */
static struct {
	const struct row *row;
	int position, answer;
} now;

static inline int answer(const struct event *event, int position)
{
	const char *entry;

	if (position == now.position)
		return now.answer;
	entry = entry_of(now.row->given, event, NULL);
	return entry == NULL ? NOTHING : error_named(entry);
}

static inline void observe_row(struct observation *o)
{
	*o = (struct observation){ .call = now.row->call, .answer = answer };
	out = fresh;
	now.row->before();
	untouched = out;
	observe(o);
}

/* The result that a failure should have. 'whole' is that without it. */
static inline int expected(const struct event *event, int whole)
{
	const char *entry = entry_of(now.row->outcomes, event, answer_name(now.answer));
	const char *other = entry == NULL ? NULL : strchr(entry, '=');

	if (other != NULL)
		return -error_named(other + 1);
	if (entry != NULL || now.answer == HALF)
		return whole;
	if (now.answer == ZERO)
		fail(now.row->name, 0, "the table says nothing of %s:0", event->name);
	return -now.answer;
}

static inline void fail_once(const struct event *event, int position, int answer, int whole)
{
	struct holdings before, after;
	struct observation o;
	long size;
	int want, failed = test.failed_checks;

	now.position = position;
	now.answer = answer;
	want = expected(event, whole);
	before = take_stock();
	size = status_kb("VmSize:");
	observe_row(&o);
	EQ(o.result, want);
	if (o.result < 0)
		EQ(memcmp(&out, &untouched, sizeof out), 0);
	now.row->after(o.result);
	unmap_refused();
	after = take_stock();
	EQ(after.descriptors, before.descriptors);
	EQ(after.mappings, before.mappings);
	EQ(after.locked_kb, before.locked_kb);
	EQ(status_kb("VmSize:"), size); /* neighbouring mappings may count as one */
	if (test.failed_checks != failed)
		printf("# ... when %s/%d gave %s\n", event->name, event->occurrence, answer_name(answer));
}

/* ----------------------------------------------------------------- A table */

/* The names of the system calls, "name*3" for three in a row. */
static inline const char *trace_of(const struct observation *o)
{
	static char text[MAX_EVENTS * 24];
	char *end = text;

	*end = '\0';
	for (int i = 0, same; i < o->count; i += same) {
		for (same = 1; i + same < o->count; same++)
			if (strcmp(o->events[i].name, o->events[i + same].name) != 0)
				break;
		end += sprintf(end, "%s%s", i == 0 ? "" : " ", o->events[i].name);
		if (same > 1)
			end += sprintf(end, "*%d", same);
	}
	return text;
}

static inline void fail_in_every_way(const struct event *event, int position, int whole)
{
	for (size_t i = 0; i < ERRORS && test.failed_checks == 0; i++)
		fail_once(event, position, errors[i], whole);
	if (event->length != 0) {
		fail_once(event, position, ZERO, whole);
		fail_once(event, position, HALF, whole);
	}
}

static inline void try_row(void)
{
	static struct observation whole;

	now.position = -1;
	observe_row(&whole);
	now.row->after(whole.result);
	if (whole.result == -ENOSYS || whole.result == -ENOMEM || whole.result == -ENOSPC)
		SKIP("this kernel lacks it, or huge pages");
	TEXT(trace_of(&whole), now.row->trace);
	for (int i = 0; i < whole.count; i++)
		fail_in_every_way(&whole.events[i], i, whole.result);
}

static const char *why_not;

static inline void skip_row(void)
{
	SKIP(why_not);
}

static inline void try_table(const struct row *rows, size_t count, const char *lacking)
{
	void (*body)(void) = try_row;

	why_not = why_not_observe() != NULL ? why_not_observe() : lacking;
	if (why_not != NULL)
		body = skip_row;
	for (size_t i = 0; i < count; i++) {
		now.row = &rows[i];
		run(now.row->name, body);
	}
}

/* 'lacking' is why this kernel makes other calls than the table says, or NULL. */
#define TRY_TABLE(lacking) try_table(table, sizeof table / sizeof *table, (lacking))
#define ANY_KERNEL NULL

/* What other kernels do is told by rows with 'given'. */
static inline const char *lacks_noexec_seal(void)
{
	int fd = raw_create("test", MFD_NOEXEC_SEAL);

	close(fd);
	return fd >= 0 ? NULL : "the table is for kernels with MFD_NOEXEC_SEAL";
}

static inline const char *lacks_secret(void)
{
	int fd = raw_secret(0);

	close(fd);
	return fd >= 0 ? lacks_noexec_seal() : "the table is for kernels with memfd_secret(2)";
}

#endif
