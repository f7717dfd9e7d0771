/* SPDX-License-Identifier: MIT */

/*
 * Makes every system call of every function fail, one at a time, with every error.
 *
 * A row of a table is one call of the library:
 *
 *	F(name, before, call, after, given, trace, outcomes)
 *
 * before    prepares 'in' and 'out' for the call
 * call      an expression: the call, with its out-parameters in 'out'
 * after     receives the result, checks a success, and frees everything
 * given     system calls that always fail in this row, as on another kernel:
 *           "execveat:ENOSYS memfd_create/1:EINVAL" (/1: only the first one)
 * trace     all system calls of the function, in order; "close*2" are two
 * outcomes  the failures whose error is not the result: "close:*" (every error is ignored,
 *           and the result is that without a failure), "sendfile:EINTR,0=EAGAIN" (EINTR
 *           is ignored, and a transfer of 0 bytes is EAGAIN). Only the first word for a
 *           system call counts, and its first matching entry. A partial transfer must
 *           always be continued.
 *
 * After each failure the result must be the expected one, the out-parameters unchanged, and
 * the descriptors, mappings and locked memory of the process as before.
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

/* Expands a list of rows to functions and a table. */
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

/* Every error that the manual pages document for one of these system calls, or that the kernel returns. */
static const int errors[] = {
	EPERM,      ENOENT,    ESRCH,        EINTR,     EIO,          ENXIO,        E2BIG,      ENOEXEC,
	EBADF,      EAGAIN,    ENOMEM,       EACCES,    EFAULT,       EBUSY,        EEXIST,     EXDEV,
	ENODEV,     ENOTDIR,   EISDIR,       EINVAL,    ENFILE,       EMFILE,       ENOTTY,     ETXTBSY,
	EFBIG,      ENOSPC,    ESPIPE,       EROFS,     EPIPE,        ENAMETOOLONG, ENOSYS,     ELOOP,
	ENODATA,    EOVERFLOW, ELIBBAD,      ENOTSOCK,  EMSGSIZE,     ENOPROTOOPT,  EOPNOTSUPP, ENOBUFS,
	ECONNRESET, ENOTCONN,  ETOOMANYREFS, ETIMEDOUT, ECONNREFUSED, ESTALE,       EDQUOT,     EHWPOISON,
};
#define ERRORS (sizeof errors / sizeof *errors)

/* Inputs of the calls. */
static struct inputs {
	int fd, socket, peer;
} in;

/* Out-parameters of the calls. Each call starts with the values of 'fresh'. */
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

static inline int error_named(const char *name)
{
	for (int error = 1; error < 200; error++)
		if (strcmp(memfd_go_result_name(-error), name) == 0)
			return error;
	fail(__FILE__, __LINE__, "%s is not the name of an error", name);
	return 0;
}

/* Whether 'pattern', such as "close", "fcntl/2" or "*", matches a system call. */
static inline int matches(const char *pattern, const struct event *event)
{
	size_t length = strlen(event->name);

	if (strcmp(pattern, "*") == 0)
		return 1;
	if (strncmp(pattern, event->name, length) != 0)
		return 0;
	pattern += length;
	return *pattern == '\0' || (*pattern == '/' && atoi(pattern + 1) == event->occurrence);
}

/* strsep(3) for a text that may be NULL. */
static inline char *next(char **text, const char *separator)
{
	return *text == NULL ? NULL : strsep(text, separator);
}

/*
 * Finds the entry of a system call in a list, for 'answer' or, if that is NULL, for any
 * answer. Returns the entry, such as "EINTR" or "0=EAGAIN", in static memory, or NULL.
 */
static inline char *entry_of(const char *list, const struct event *event, const char *answer)
{
	static char copy[512];
	char *rest = copy, *answers, *entry;

	snprintf(copy, sizeof copy, "%s", list);
	for (char *word = next(&rest, " "); word != NULL; word = next(&rest, " ")) {
		answers = word;
		if (!matches(next(&answers, ":"), event))
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

/* The running call: its system call at 'position' gets 'answer'. */
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
	return entry == NULL ? CONTINUE : error_named(entry);
}

static inline void observe_row(struct observation *o)
{
	*o = (struct observation){ .call = now.row->call, .answer = answer };
	out = fresh;
	now.row->before();
	untouched = out;
	observe(o);
}

/* The expected result of a failure. 'whole' is the result without one. */
static inline int expected(const struct event *event, int whole)
{
	const char *entry = entry_of(now.row->outcomes, event, answer_name(now.answer));
	const char *other = entry == NULL ? NULL : strchr(entry, '=');

	if (other != NULL)
		return -error_named(other + 1);
	if (entry != NULL || now.answer == HALF)
		return whole;
	if (now.answer == ZERO)
		fail(now.row->name, 0, "outcomes of the row lack %s:0", event->name);
	return -now.answer;
}

static inline void fail_once(const struct event *event, int position, int answer, int whole)
{
	struct resources before, after;
	struct observation o;
	long size;
	int want, failed = test.failed_checks;

	now.position = position;
	now.answer = answer;
	want = expected(event, whole);
	before = count_resources();
	size = status_kb("VmSize:");
	observe_row(&o);
	EQ(o.result, want);
	if (o.result < 0)
		EQ(memcmp(&out, &untouched, sizeof out), 0);
	now.row->after(o.result);
	unmap_unremoved();
	after = count_resources();
	EQ(after.descriptors, before.descriptors);
	EQ(after.mappings, before.mappings);
	EQ(after.locked_kb, before.locked_kb);
	EQ(status_kb("VmSize:"), size); /* adjacent mappings may have been merged */
	if (test.failed_checks != failed)
		printf("# ... when %s/%d returned %s\n", event->name, event->occurrence, answer_name(answer));
}

/* ----------------------------------------------------------------- A table */

/* The names of the system calls. "name*3" are three in a row. */
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

static inline void fail_with_every_answer(const struct event *event, int position, int whole)
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
		SKIP("the kernel does not support it, or huge pages are missing");
	TEXT(trace_of(&whole), now.row->trace);
	for (int i = 0; i < whole.count; i++)
		fail_with_every_answer(&whole.events[i], i, whole.result);
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

/* 'lacking' is why other system calls are made on this kernel, or NULL. */
#define TRY_TABLE(lacking) try_table(table, sizeof table / sizeof *table, (lacking))
#define ANY_KERNEL NULL

/* Rows with 'given' cover kernels without it. */
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
