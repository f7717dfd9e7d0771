/* SPDX-License-Identifier: MIT */

/*
 * All interleavings of a call of the library with operations of a peer on the file.
 *
 * The call is stopped before each of its system calls and after the last one (trap.h). A
 * sequence lists at which stops the peer performs which operations (peer.h). All sequences up
 * to a given length are tried, each with a new file, from every start state, except those that
 * repeat a shorter or an earlier one (visited.h).
 *
 * In every sequence the call must return a documented error, or a file or mapping that can be
 * read and, where promised, never changes. After a success the peer performs all operations
 * once more. No descriptor or mapping may leak.
 */
#ifndef INTERLEAVINGS_H
#define INTERLEAVINGS_H

#include "child.h"
#include "peer.h"
#include "trap.h"
#include "visited.h"

#define SEQUENCE_MAX 3
#define STOPS_MAX 64

/* The results of a call. */
struct outcome {
	int result;
	int fd;        /* or -1 */
	char *address; /* of a mapping, or NULL */
	size_t length;
	struct memfd_go_info info;
};

/* A call of the library, and what it promises. */
struct tested_call {
	const char *name;
	void (*call)(int fd, struct outcome *outcome);
	int by_message;                               /* receives the file; else gets fd */
	int copies;                                   /* the file, which takes milliseconds for huge pages */
	int immutable;                                /* the contents never change */
	int errors[8];                                /* documented ones */
	void (*check)(const struct outcome *outcome); /* of a success */
};

/* A state of the file during the call. */
struct state {
	uint64_t size;
	uint32_t seals, mode;
};

/* A stop of a call, as two keys of visited.h. */
struct place {
	uint64_t file; /* what the results of operations depend on */
	uint64_t all;  /* what the rest of the call depends on, too */
	char mark;     /* the peer's */
};

static struct {
	const struct tested_call *tested_call;
	const struct start_state *start_state;
	int running;                  /* the call */
	int stops;                    /* so far */
	const char *names[STOPS_MAX]; /* of the system call at each stop */
	struct step {
		int stop, operation;
		long result;
	} steps[SEQUENCE_MAX];
	int length;  /* of the sequence */
	int longest; /* of all */
	struct state states[SEQUENCE_MAX + 1];
	int states_count;
	uint64_t results; /* of the call's system calls */
	int mappings;     /* made by the call */
	uint64_t huge_data;
	struct place places[STOPS_MAX + 1];
	long sequences, successes;
	int sealed; /* some start states were sealed */
} now;

static struct {
	int sender, receiver;
} channel = { -1, -1 };

/* -------------------------------------------------------------- Reporting */

static inline void print_sequence(void)
{
	printf("# %s of a file that is %s\n", now.tested_call->name, now.start_state->name);
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
			print_sequence();                                    \
		}                                                            \
	} while (0)

/* ---------------------------------------------------------------- Stopping */

static inline void record_state(void)
{
	struct stat status = { .st_size = 0 };
	int seals = fcntl(WATCH_FD, F_GET_SEALS);

	fstat(WATCH_FD, &status);
	now.states[now.states_count++] =
		(struct state){ (uint64_t)status.st_size, seals < 0 ? 0 : (uint32_t)seals, status.st_mode };
}

/* Of all that system calls write, the library uses only these members of struct statx. */
static inline void note_result(long result)
{
	const char *name = now.names[now.stops - 1];
	struct stat status;

	if (!now.running)
		return;
	now.results = hash(now.results, &result, sizeof result);
	if (strcmp(name, "statx") == 0 && fstat(WATCH_FD, &status) == 0) {
		now.results = hash(now.results, &status.st_size, sizeof status.st_size);
		now.results = hash(now.results, &status.st_blocks, sizeof status.st_blocks);
		now.results = hash(now.results, &status.st_mode, sizeof status.st_mode);
	}
	if (result >= 0)
		now.mappings += (strcmp(name, "mmap") == 0) - (strcmp(name, "munmap") == 0);
}

/* A set, because has_been_true() ignores their order. */
static inline uint64_t hash_of_states(void)
{
	uint64_t sum = 0;

	for (int i = 0; i < now.states_count; i++) {
		int j = 0;

		while (memcmp(&now.states[j], &now.states[i], sizeof *now.states) != 0)
			j++;
		if (j == i)
			sum += hash(NO_HASH, &now.states[i], sizeof *now.states);
	}
	return sum;
}

static inline void note_place(int stop)
{
	struct file_state state = file_state(now.huge_data);
	uint64_t states = hash_of_states();
	struct place *p = &now.places[stop];

	/* A mapping of the library can keep the peer from sealing. */
	p->file = hash(hash(NO_HASH, &state, sizeof state), &now.mappings, sizeof now.mappings);
	p->all = hash(hash(p->file, &now.results, sizeof now.results), &states, sizeof states);
	p->all = hash(p->all, &stop, sizeof stop);
	p->mark = peer.mark;
}

static inline int64_t blocks(void)
{
	struct stat status = { .st_blocks = 0 };

	fstat(WATCH_FD, &status);
	return status.st_blocks;
}

static inline void perform(struct step *s)
{
	int64_t before = blocks();

	s->result = operations[s->operation].perform();
	if (s->result >= 0)
		record_state();
	if (blocks() != before) /* which pages exist follows from the order of changes */
		now.huge_data = hash(now.huge_data, &s->operation, sizeof s->operation);
}

/* Performs the peer's operations at this stop. */
static inline void perform_steps(int stop)
{
	int last = now.length == 0 ? 0 : now.steps[now.length - 1].stop;

	for (int i = 0; i < now.length; i++)
		if (now.steps[i].stop == stop)
			perform(&now.steps[i]);
	if (stop == last || (stop > last && now.length < now.longest))
		note_place(stop);
}

static inline void stop(const struct seccomp_data *data)
{
	if (!now.running || now.stops == STOPS_MAX)
		return;
	now.names[now.stops] = describe(data).name;
	perform_steps(now.stops);
	now.stops++;
}

/* --------------------------------------------------------------- Checking */

struct sample {
	char bytes[12];
	int count;
};

/* Reads bytes of each page, or returns 0 if one faults. */
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

static inline void compare(const struct outcome *outcome, const struct sample *first)
{
	struct sample later;

	EXPECT(take_sample(outcome->address, outcome->length, &later));
	if (now.tested_call->immutable)
		EXPECT(memcmp(&later, first, sizeof later) == 0);
}

static inline void watch_mapping(const struct outcome *outcome)
{
	struct sample first;
	unsigned char resident;

	EXPECT(outcome->length > 0);
	EXPECT(take_sample(outcome->address, outcome->length, &first));
	perform_steps(now.stops);
	compare(outcome, &first);
	for (int i = 0; i < OPERATIONS; i++)
		operations[i].perform();
	compare(outcome, &first);
	EXPECT(memfd_go_unmap(outcome->address, outcome->length) == 0);
	EXPECT(raw(mincore(outcome->address, page_size(), &resident)) == -ENOMEM);
}

static inline int may_return(int error)
{
	for (size_t i = 0; i < sizeof now.tested_call->errors / sizeof *now.tested_call->errors; i++)
		if (error != 0 && now.tested_call->errors[i] == error)
			return 1;
	return 0;
}

static inline void check_outcome(const struct outcome *outcome)
{
	if (outcome->result < 0) {
		EXPECT(may_return(outcome->result));
		EXPECT(outcome->address == NULL && outcome->length == 0);
	} else {
		now.successes++;
		now.tested_call->check(outcome);
	}
	if (outcome->address != NULL)
		watch_mapping(outcome);
	else
		perform_steps(now.stops);
	if (outcome->fd >= 0)
		EXPECT(close(outcome->fd) == 0);
}

/* ----------------------------------------------------------------- Trying */

/* The number of the next descriptor, to detect leaks. */
static inline int next_descriptor(void)
{
	int fd = dup(WATCH_FD);

	close(fd);
	return fd;
}

/* Sends the file and returns -1, or returns a descriptor of it. */
static inline int pass_file(void)
{
	int fd = now.start_state->mapped ? dup(peer.fd) : reopen(peer.fd, O_RDONLY);

	dup2(fd, WATCH_FD);
	if (!now.tested_call->by_message)
		return fd;
	EXPECT(send_message(channel.sender, fd, 1, "x", 1) == 1);
	close(fd);
	return -1;
}

/* Tries the sequence and returns the number of stops. */
static inline int try_sequence(void)
{
	struct outcome outcome = { .fd = -1 };
	int fd, next;

	if (start_peer(now.start_state) != 0) {
		end_peer();
		return -1;
	}
	now.sealed |= (now.start_state->seals & F_SEAL_WRITE) != 0;
	fd = pass_file();
	next = next_descriptor();
	now.states_count = now.stops = now.mappings = 0;
	now.huge_data = NO_HASH;
	now.results = hash(NO_HASH, &now.start_state, sizeof now.start_state);
	record_state();
	now.running = 1;
	now.tested_call->call(fd, &outcome);
	now.running = 0;
	now.sequences++;
	check_outcome(&outcome);
	EXPECT(next_descriptor() == next);
	close(fd);
	close(WATCH_FD);
	end_peer();
	return now.stops;
}

/* True if the last step changed nothing. If it never will at this state, records that. */
static inline int is_dead_end(int at, struct place before)
{
	const struct step *last = &now.steps[now.length - 1];
	const struct place *p = &now.places[at];

	if (last->result < 0 || (p->file == before.file && p->mark == before.mark))
		visit(hash(before.file, &last->operation, sizeof last->operation), PERMANENT);
	return p->all == before.all;
}

/*
 * Tries the sequence and all its extensions. 'at' is the stop of the last step, and 'before' is
 * that place without the step.
 */
static inline void explore(int at, struct place before)
{
	int stops = try_sequence(), n = now.length, distance = now.longest - n;
	struct place places[STOPS_MAX + 1];

	if (stops < 0 || (n > 0 && is_dead_end(at, before)))
		return;
	memcpy(places, now.places, sizeof places);
	for (; at <= stops && distance > 0; at++) {
		for (int i = 0; i < OPERATIONS && test.failed_checks == 0; i++) {
			uint64_t key = hash(places[at].all, &i, sizeof i);

			if (visited(key) >= distance || visited(hash(places[at].file, &i, sizeof i)))
				continue;
			visit(key, distance);
			now.steps[n] = (struct step){ at, i, -1 };
			now.length = n + 1;
			explore(at, places[at]);
			now.length = n;
		}
	}
}

/*
 * The length of sequences: $MEMFD_GO_SEQUENCES, or 2. "2+map_verified" is 3 for map_verified of a
 * memfd.
 */
static inline int longest_sequence(void)
{
	const char *wanted = getenv("MEMFD_GO_SEQUENCES");
	int length = wanted == NULL ? 2 : atoi(wanted);
	const char *longer = wanted == NULL ? NULL : strchr(wanted, '+');

	if (longer != NULL && peer.kind == MEMFD && strcmp(longer + 1, now.tested_call->name) == 0)
		length++;
	if (length > SEQUENCE_MAX)
		length = SEQUENCE_MAX;
	return length > 1 && now.tested_call->copies && peer.kind == HUGE_FILE ? length - 1 : length;
}

/* The harness runs each test twice. Each run tries half of the start states. */
static int half;

static inline void explore_all(void)
{
	long mappings;

	catch_bus_errors();
	trap.after = note_result;
	EQ(set_trap(stop), 0);
	now.length = 0;
	try_sequence(); /* so that the C library's allocations do not count below */
	mappings = count_mappings();
	for (size_t i = (size_t)half; i < START_STATES && test.failed_checks == 0; i += 2) {
		now.start_state = &start_states[i];
		now.length = 0;
		now.longest = longest_sequence();
		explore(0, (struct place){ 0 });
		EQ(count_mappings(), mappings);
	}
	printf("# %ld sequences of at most %d operations, %ld successes\n", now.sequences, now.longest,
	       now.successes);
	CHECK(now.sequences > now.successes || now.tested_call->errors[0] == 0);
	CHECK(now.successes > 0 || !now.sealed || peer.kind == TMPFS_FILE);
}

#endif
