/* SPDX-License-Identifier: MIT */

/*
 * Every interleaving of a call of the library with what a peer does to the file.
 *
 * The call is stopped before each of its system calls and after the last one (trap.h). A
 * sequence says at which stops the peer performs which operations (peer.h). All sequences up
 * to a length are tried, on files that begin in different ways, always from the beginning.
 * Where an operation fails it has changed nothing, and no longer sequence goes on from there.
 *
 * Whatever the sequence: the call returns an error that is documented, or what it gives can
 * be read and, if so promised, never changes. After a success the peer tries all operations
 * again. No descriptor and no mapping stays behind.
 */
#ifndef INTERLEAVINGS_H
#define INTERLEAVINGS_H

#include "child.h"
#include "peer.h"
#include "trap.h"

#define LONGEST 3 /* sequence */
#define STOPS_MAX 64
#define WITNESS 200 /* a descriptor of the file that nobody closes */

/* What a call gives. */
struct gift {
	int result;
	int fd;        /* or -1 */
	char *address; /* of a mapping, or NULL */
	size_t length;
	struct memfd_go_info info;
};

/* A call of the library. */
struct victim {
	const char *name;
	void (*call)(int fd, struct gift *gift);
	int by_message;                         /* the file comes as a message; else as fd */
	int copies;                             /* the whole file, which takes milliseconds if it is huge */
	int immutable;                          /* the contents never change */
	int errors[8];                          /* that it may return */
	void (*check)(const struct gift *gift); /* what else is true of a success */
};

/* What the file has been during the call. */
struct state {
	uint64_t size;
	uint32_t seals, mode;
};

static struct {
	const struct victim *victim;
	const struct beginning *beginning;
	int stopping;                 /* whether the call is running */
	int stops;                    /* so far */
	const char *names[STOPS_MAX]; /* of the system calls that it was stopped at */
	struct step {
		int stop, operation;
		long result;
	} steps[LONGEST];
	int length; /* of the sequence */
	struct state states[LONGEST + 1];
	int states_count;
	long sequences, successes;
} now;

static struct {
	int sender, receiver;
} channel = { -1, -1 };

/* ---------------------------------------------------------------- Telling */

static inline void tell_sequence(void)
{
	printf("# %s of a file that is %s\n", now.victim->name, now.beginning->name);
	for (int i = 0; i < now.length; i++) {
		const struct step *s = &now.steps[i];

		printf("#   %s %s: %s%s\n", s->stop < now.stops ? "before" : "after",
		       s->stop < now.stops ? now.names[s->stop] : "the call", operations[s->operation].name,
		       s->result < 0 ? " (fails)" : "");
	}
}

#define EXPECT(condition)                                                    \
	do {                                                                 \
		if (!(condition)) {                                          \
			fail(__FILE__, __LINE__, "%s is false", #condition); \
			tell_sequence();                                     \
		}                                                            \
	} while (0)

/* ---------------------------------------------------------------- Stopping */

static inline void remember(void)
{
	struct stat status = { .st_size = 0 };
	int seals = fcntl(WITNESS, F_GET_SEALS);

	fstat(WITNESS, &status);
	now.states[now.states_count++] =
		(struct state){ (uint64_t)status.st_size, seals < 0 ? 0 : (uint32_t)seals, status.st_mode };
}

/* What the peer does at this stop. */
static inline void perform_steps(int stop)
{
	for (int i = 0; i < now.length; i++) {
		if (now.steps[i].stop != stop)
			continue;
		now.steps[i].result = operations[now.steps[i].operation].perform();
		if (now.steps[i].result >= 0)
			remember();
	}
}

static inline void stop(const struct seccomp_data *data)
{
	if (!now.stopping || now.stops == STOPS_MAX)
		return;
	now.names[now.stops] = describe(data).name;
	perform_steps(now.stops);
	now.stops++;
}

/* ---------------------------------------------------------------- Watching */

struct sample {
	char bytes[12];
	int count;
};

/* Reads bytes of each page that can be different, or returns 0 where one cannot be read. */
static inline int take_sample(const volatile char *at, size_t length, struct sample *sample)
{
	size_t step = peer.kind == HUGE_FILE ? peer.unit / 2 : peer.unit;

	memset(sample, 0, sizeof *sample);
	if (FAULTS())
		return 0;
	for (size_t i = 0; i < length && sample->count < 10; i += step)
		sample->bytes[sample->count++] = at[i];
	sample->bytes[sample->count++] = at[length - 1];
	return 1;
}

static inline void compare(const struct gift *gift, const struct sample *first)
{
	struct sample later;

	EXPECT(take_sample(gift->address, gift->length, &later));
	if (now.victim->immutable)
		EXPECT(memcmp(&later, first, sizeof later) == 0);
}

static inline void watch_mapping(const struct gift *gift)
{
	struct sample first;
	unsigned char resident;

	EXPECT(gift->length > 0);
	EXPECT(take_sample(gift->address, gift->length, &first));
	perform_steps(now.stops);
	compare(gift, &first);
	for (int i = 0; i < OPERATIONS; i++)
		operations[i].perform();
	compare(gift, &first);
	EXPECT(memfd_go_unmap(gift->address, gift->length) == 0);
	EXPECT(raw(mincore(gift->address, page_size(), &resident)) == -ENOMEM);
}

static inline int may_return(int error)
{
	for (size_t i = 0; i < sizeof now.victim->errors / sizeof *now.victim->errors; i++)
		if (error != 0 && now.victim->errors[i] == error)
			return 1;
	return 0;
}

static inline void check_gift(const struct gift *gift)
{
	if (gift->result < 0) {
		EXPECT(may_return(gift->result));
		EXPECT(gift->address == NULL && gift->length == 0);
	} else {
		now.successes++;
		now.victim->check(gift);
	}
	if (gift->address != NULL)
		watch_mapping(gift);
	else
		perform_steps(now.stops);
	if (gift->fd >= 0)
		EXPECT(close(gift->fd) == 0);
}

/* ----------------------------------------------------------------- Trying */

/* The descriptor that would be opened next. */
static inline int next_descriptor(void)
{
	int fd = dup(WITNESS);

	close(fd);
	return fd;
}

/* Sends the file, and returns -1; or returns a descriptor of it. */
static inline int hand_over(void)
{
	int fd = now.beginning->mapped ? dup(peer.fd) : reopen(peer.fd, O_RDONLY);

	dup2(fd, WITNESS);
	if (!now.victim->by_message)
		return fd;
	EXPECT(send_message(channel.sender, fd, 1, "x", 1) == 1);
	close(fd);
	return -1;
}

/* Tries the sequence, and returns how often the call was stopped. */
static inline int try_sequence(void)
{
	struct gift gift = { .fd = -1 };
	int fd, next;

	if (start_peer(now.beginning) != 0) {
		end_peer();
		return -1;
	}
	fd = hand_over();
	next = next_descriptor();
	now.states_count = now.stops = 0;
	remember();
	now.stopping = 1;
	now.victim->call(fd, &gift);
	now.stopping = 0;
	now.sequences++;
	check_gift(&gift);
	EXPECT(next_descriptor() == next);
	close(fd);
	close(WITNESS);
	end_peer();
	return now.stops;
}

/* Tries the sequence, and all those that begin with it. 'from' is the last step's stop. */
static inline void explore(int from, int longest, int half)
{
	int stops = try_sequence(), n = now.length;

	if (stops < 0 || n == longest || (n > 0 && now.steps[n - 1].result < 0))
		return;
	for (int at = from; at <= stops; at++) {
		for (int i = 0; i < OPERATIONS && test.failed_checks == 0; i++) {
			if (n == 0 && i % 2 != half)
				continue;
			now.steps[n] = (struct step){ at, i, -1 };
			now.length = n + 1;
			explore(at, longest, half);
			now.length = n;
		}
	}
}

/* How long sequences are: 2, or what $MEMFD_GO_SEQUENCES says. */
static inline int longest_sequence(void)
{
	const char *wanted = getenv("MEMFD_GO_SEQUENCES");
	int length = wanted == NULL ? 2 : atoi(wanted);

	if (length > LONGEST)
		length = LONGEST;
	return length > 1 && now.victim->copies && peer.kind == HUGE_FILE ? length - 1 : length;
}

/* The harness runs each test twice: this is a half of all sequences. */
static int half;

static inline void explore_all(void)
{
	long mappings;

	catch_bus_errors();
	EQ(set_trap(stop), 0);
	now.length = 0;
	try_sequence(); /* the C library allocates what it needs */
	mappings = count_mappings();
	for (size_t i = 0; i < BEGINNINGS && test.failed_checks == 0; i++) {
		now.beginning = &beginnings[i];
		now.length = 0;
		explore(0, longest_sequence(), half);
		EQ(count_mappings(), mappings);
	}
	printf("# %ld sequences, %ld successes\n", now.sequences, now.successes);
	CHECK(now.sequences > now.successes || now.victim->errors[0] == 0);
	CHECK(now.successes > 0 || peer.kind == TMPFS_FILE);
}

#endif
