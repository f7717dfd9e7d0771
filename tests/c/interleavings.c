/* SPDX-License-Identifier: MIT */

/*
 * Whatever a peer does to a file between system calls of the library, the file is refused, or
 * the promises of the call hold.
 */
#include "test.h"
#include "sockets.h"
#include "contents.h"
#include "interleavings.h"

/* ---------------------------------------------------------------- The calls */

static uint64_t max_length(void)
{
	return (uint64_t)units(4);
}

static void map_with(int fd, uint32_t required, uint32_t opts, struct outcome *outcome)
{
	void *address = NULL;

	outcome->result = memfd_go_map_verified(fd, required, max_length(), opts, &address, &outcome->length);
	outcome->address = address;
}

static void map_immutable(int fd, struct outcome *outcome)
{
	map_with(fd, 0, 0, outcome);
}

static void map_readable(int fd, struct outcome *outcome)
{
	map_with(fd, F_SEAL_SHRINK, 0, outcome);
}

static void map_without_holes(int fd, struct outcome *outcome)
{
	map_with(fd, 0, MEMFD_GO_OPT_NO_HOLES, outcome);
}

static void receive(int unused, struct outcome *outcome)
{
	(void)unused;
	outcome->result = memfd_go_recv_verified(channel.receiver, 0, max_length(), 0, NULL, NULL);
	if (outcome->result < 0)
		return;
	outcome->fd = outcome->result;
	map_with(outcome->fd, 0, 0, outcome);
}

/* Maps the copy with mmap(2), not with the library. */
static void clone_and_map(int fd, struct outcome *outcome)
{
	struct stat status = { .st_size = 0 };
	void *map;

	outcome->result = outcome->fd = memfd_go_clone("clone", MFD_CLOEXEC, 0, fd, max_length());
	if (outcome->result < 0)
		return;
	fstat(outcome->fd, &status);
	outcome->length = (size_t)status.st_size;
	map = mmap(NULL, outcome->length, PROT_READ, MAP_PRIVATE, outcome->fd, 0);
	outcome->address = map == MAP_FAILED ? NULL : map;
}

static void inspect_file(int fd, struct outcome *outcome)
{
	outcome->result = memfd_go_inspect(fd, 0, &outcome->info, sizeof outcome->info);
}

/* ----------------------------------------------------------- More checks */

static int has_been_true(int (*matches)(const struct state *state, const struct outcome *outcome),
			 const struct outcome *outcome)
{
	for (int i = 0; i < now.states_count; i++)
		if (matches(&now.states[i], outcome))
			return 1;
	return 0;
}

static int size_matches(const struct state *state, const struct outcome *outcome)
{
	return state->size ==
	       (outcome->info.kind != MEMFD_GO_KIND_OTHER ? outcome->info.size : outcome->length);
}

static int seals_match(const struct state *state, const struct outcome *outcome)
{
	return state->seals == outcome->info.seals;
}

static int mode_matches(const struct state *state, const struct outcome *outcome)
{
	return state->mode == outcome->info.mode;
}

static void check_mapping(const struct outcome *outcome)
{
	EXPECT(outcome->length <= max_length());
	EXPECT(has_been_true(size_matches, outcome));
}

static void check_full_mapping(const struct outcome *outcome)
{
	struct stat status = { .st_blocks = 0 };

	check_mapping(outcome);
	fstat(WATCH_FD, &status);
	EXPECT((size_t)status.st_blocks * 512 >= outcome->length);
}

static void check_copy(const struct outcome *outcome)
{
	check_mapping(outcome);
	EXPECT(without_exec(fcntl(outcome->fd, F_GET_SEALS)) == MEMFD_GO_SEALS_IMMUTABLE);
	EXPECT(lseek(outcome->fd, 0, SEEK_CUR) == 0);
	EXPECT(outcome->length == 0 || outcome->address != NULL);
}

static void check_info(const struct outcome *outcome)
{
	struct stat status = { .st_ino = 0 };
	static const uint32_t kinds[] = { MEMFD_GO_KIND_MEMFD, MEMFD_GO_KIND_HUGETLB,
					  MEMFD_GO_KIND_TMPFS_FILE };

	EXPECT(outcome->info.kind == kinds[peer.kind]);
	fstat(WATCH_FD, &status);
	EXPECT(outcome->info.device == status.st_dev && outcome->info.inode == status.st_ino);
	EXPECT(strcmp(outcome->info.name, peer.kind == TMPFS_FILE ? "" : "test") == 0);
	EXPECT(has_been_true(size_matches, outcome));
	EXPECT(has_been_true(seals_match, outcome));
	EXPECT(has_been_true(mode_matches, outcome));
}

#define REFUSED { -EKEYREJECTED, -EKEYREVOKED, -ENODATA, -EFBIG, -EINVAL, -ENOMEM, -ENOSPC }

static const struct tested_call tested_calls[] = {
	{ "map_verified", map_immutable, 0, 0, 1, REFUSED, check_mapping },
	{ "map_verified_readable", map_readable, 0, 0, 0, REFUSED, check_mapping },
	{ "map_verified_no_holes", map_without_holes, 0, 0, 1, REFUSED, check_full_mapping },
	{ "recv_verified", receive, 1, 0, 1, REFUSED, check_mapping },
	{ "clone", clone_and_map, 0, 1, 1, { -EAGAIN, -EFBIG }, check_copy },
	{ "inspect", inspect_file, 0, 0, 0, { 0 }, check_info },
};
#define TESTED_CALLS (sizeof tested_calls / sizeof *tested_calls)

/* ---------------------------------------------------------------- The tests */

static const char *why_not;

static void try_all(void)
{
	if (why_not != NULL)
		SKIP(why_not);
	if (peer.kind == HUGE_FILE && peer.unit == 0)
		SKIP(NO_HUGE_PAGE);
	IN_CHILD(explore_all);
	half = !half;
}

static void run_calls(const char *kind)
{
	char name[64];

	for (size_t i = 0; i < TESTED_CALLS; i++) {
		now.tested_call = &tested_calls[i];
		now.start_state = &start_states[0];
		snprintf(name, sizeof name, "%s_of_%s", tested_calls[i].name, kind);
		half = 0;
		run(name, try_all);
	}
}

int main(int argc, char **argv)
{
	struct channel c;

	start(argc, argv);
	why_not = executables_work() ? why_not_trap() : NO_EXECUTABLES;
	c = open_channel(SOCK_SEQPACKET);
	channel.sender = c.sender;
	channel.receiver = c.receiver;
	peer.unit = page_size();
	run_calls("memfd");
	peer.kind = TMPFS_FILE;
	run_calls("tmpfs_file");
	peer.kind = HUGE_FILE;
	peer.unit = huge_page();
	if (peer.unit > 4 * MIB)
		why_not = "each of a thousand files would clear a huge page of this size";
	run_calls("huge_file");
	return finish();
}
