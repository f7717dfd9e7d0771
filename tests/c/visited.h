/* SPDX-License-Identifier: MIT */

/*
 * Records which states interleavings.h has tried, to skip sequences that repeat others.
 *
 * Most sequences do: their operations come in another order, have no effect together, or
 * change what the call does not look at. What happens from a stop on depends only on the state
 * of the file there and on the results of the call's earlier system calls. Each operation is
 * tried once for each such pair.
 */
#ifndef VISITED_H
#define VISITED_H

#include "peer.h"

#define WATCH_FD 200 /* a descriptor of the file that stays open */

/* Everything that the peer's operations and system calls on the file depend on. */
struct file_state {
	uint64_t size, blocks, offset, peers_offset;
	uint64_t data; /* a bit for each unit that is not a hole */
	uint32_t seals, mode;
	char written[2], mapped, open;
};

static inline uint64_t find_data(off_t size)
{
	uint64_t data = 0;

	for (off_t at = 0; at < size; at += (off_t)peer.unit) {
		at = lseek(WATCH_FD, at, SEEK_DATA);
		if (at < 0)
			break;
		data |= (uint64_t)1 << ((size_t)at / peer.unit);
	}
	return data;
}

/* lseek(2) finds no holes in files of huge pages. 'huge_data' stands for them. */
static inline struct file_state file_state(uint64_t huge_data)
{
	struct file_state state;
	struct stat status = { .st_size = 0 };
	int seals = fcntl(WATCH_FD, F_GET_SEALS);

	memset(&state, 0, sizeof state);
	fstat(WATCH_FD, &status);
	state.size = (uint64_t)status.st_size;
	state.blocks = (uint64_t)status.st_blocks;
	state.mode = status.st_mode;
	state.seals = seals < 0 ? 0 : (uint32_t)seals;
	state.offset = (uint64_t)lseek(WATCH_FD, 0, SEEK_CUR);
	state.peers_offset = (uint64_t)lseek(peer.fd, 0, SEEK_CUR);
	state.data = peer.kind == HUGE_FILE ? huge_data : find_data(status.st_size);
	lseek(WATCH_FD, (off_t)state.offset, SEEK_SET);
	/* The peer writes at two offsets, never the same byte twice and never 0. */
	pread(WATCH_FD, &state.written[0], 1, 0);
	pread(WATCH_FD, &state.written[1], 1, units(2));
	state.written[0] = state.written[0] != 0;
	state.written[1] = state.written[1] != 0;
	state.mapped = peer.map != NULL;
	state.open = peer.fd >= 0;
	return state;
}

/* FNV-1a. 64 bits are enough for some ten thousand states. */
#define NO_HASH 14695981039346656037U

static inline uint64_t hash(uint64_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211U;
	return hash;
}

/* For each key, the number of operations that were tried from there on, or PERMANENT. */
#define VISITS (1U << 19)
#define NEIGHBOURS 64
#define PERMANENT 100

static struct {
	uint64_t key;
	int distance; /* 0 if unused */
} visits[VISITS];

static inline int visited(uint64_t key)
{
	for (size_t i = 0; i < NEIGHBOURS; i++)
		if (visits[(key + i) % VISITS].key == key)
			return visits[(key + i) % VISITS].distance;
	return 0;
}

/* If there is no room, the key is not recorded, which costs time only. */
static inline void visit(uint64_t key, int distance)
{
	for (size_t i = 0; i < NEIGHBOURS; i++) {
		size_t at = (key + i) % VISITS;

		if (visits[at].distance != 0 && visits[at].key != key)
			continue;
		visits[at].key = key;
		visits[at].distance = distance;
		return;
	}
}

#endif
