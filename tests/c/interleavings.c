/* SPDX-License-Identifier: MIT */

/*
 * Whatever a peer does to a file between two system calls of the library: the file is
 * refused, or what the library gives can be relied on.
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

static void map_with(int fd, uint32_t required, uint32_t opts, struct gift *gift)
{
	void *address = NULL;

	gift->result = memfd_go_map_verified(fd, required, max_length(), opts, &address, &gift->length);
	gift->address = address;
}

static void map_immutable(int fd, struct gift *gift)
{
	map_with(fd, 0, 0, gift);
}

static void map_readable(int fd, struct gift *gift)
{
	map_with(fd, F_SEAL_SHRINK, 0, gift);
}

static void map_without_holes(int fd, struct gift *gift)
{
	map_with(fd, 0, MEMFD_GO_OPT_NO_HOLES, gift);
}

static void receive(int unused, struct gift *gift)
{
	(void)unused;
	gift->result = memfd_go_recv_verified(channel.receiver, 0, max_length(), 0, NULL, NULL);
	if (gift->result < 0)
		return;
	gift->fd = gift->result;
	map_with(gift->fd, 0, 0, gift);
}

/* The copy is mapped without the library. */
static void clone_it(int fd, struct gift *gift)
{
	struct stat status = { .st_size = 0 };
	void *map;

	gift->result = gift->fd = memfd_go_clone("clone", MFD_CLOEXEC, 0, fd, max_length());
	if (gift->result < 0)
		return;
	fstat(gift->fd, &status);
	gift->length = (size_t)status.st_size;
	map = mmap(NULL, gift->length, PROT_READ, MAP_PRIVATE, gift->fd, 0);
	gift->address = map == MAP_FAILED ? NULL : map;
}

static void inspect_it(int fd, struct gift *gift)
{
	gift->result = memfd_go_inspect(fd, 0, &gift->info, sizeof gift->info);
}

/* ----------------------------------------------------- What else is checked */

static int has_been(int (*matches)(const struct state *state, const struct gift *gift),
		    const struct gift *gift)
{
	for (int i = 0; i < now.states_count; i++)
		if (matches(&now.states[i], gift))
			return 1;
	return 0;
}

static int size_matches(const struct state *state, const struct gift *gift)
{
	return state->size == (gift->info.kind != MEMFD_GO_KIND_OTHER ? gift->info.size : gift->length);
}

static int seals_match(const struct state *state, const struct gift *gift)
{
	return state->seals == gift->info.seals;
}

static int mode_matches(const struct state *state, const struct gift *gift)
{
	return state->mode == gift->info.mode;
}

static void check_mapping(const struct gift *gift)
{
	EXPECT(gift->length <= max_length());
	EXPECT(has_been(size_matches, gift));
}

static void check_full_mapping(const struct gift *gift)
{
	struct stat status = { .st_blocks = 0 };

	check_mapping(gift);
	fstat(WITNESS, &status);
	EXPECT((size_t)status.st_blocks * 512 >= gift->length);
}

static void check_copy(const struct gift *gift)
{
	check_mapping(gift);
	EXPECT(without_exec(fcntl(gift->fd, F_GET_SEALS)) == MEMFD_GO_SEALS_IMMUTABLE);
	EXPECT(lseek(gift->fd, 0, SEEK_CUR) == 0);
	EXPECT(gift->length == 0 || gift->address != NULL);
}

static void check_info(const struct gift *gift)
{
	struct stat status = { .st_ino = 0 };
	static const uint32_t kinds[] = { MEMFD_GO_KIND_MEMFD, MEMFD_GO_KIND_HUGETLB,
					  MEMFD_GO_KIND_TMPFS_FILE };

	EXPECT(gift->info.kind == kinds[peer.kind]);
	fstat(WITNESS, &status);
	EXPECT(gift->info.device == status.st_dev && gift->info.inode == status.st_ino);
	EXPECT(strcmp(gift->info.name, peer.kind == TMPFS_FILE ? "" : "test") == 0);
	EXPECT(has_been(size_matches, gift));
	EXPECT(has_been(seals_match, gift));
	EXPECT(has_been(mode_matches, gift));
}

#define REFUSED { -EKEYREJECTED, -EKEYREVOKED, -ENODATA, -EFBIG, -EINVAL, -ENOMEM, -ENOSPC }

static const struct victim victims[] = {
	{ "map_verified", map_immutable, 0, 0, 1, REFUSED, check_mapping },
	{ "map_verified_readable", map_readable, 0, 0, 0, REFUSED, check_mapping },
	{ "map_verified_no_holes", map_without_holes, 0, 0, 1, REFUSED, check_full_mapping },
	{ "recv_verified", receive, 1, 0, 1, REFUSED, check_mapping },
	{ "clone", clone_it, 0, 1, 1, { -EAGAIN, -EFBIG }, check_copy },
	{ "inspect", inspect_it, 0, 0, 0, { 0 }, check_info },
};
#define VICTIMS (sizeof victims / sizeof *victims)

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

static void run_victims(const char *kind)
{
	char name[64];

	for (size_t i = 0; i < VICTIMS; i++) {
		now.victim = &victims[i];
		now.beginning = &beginnings[0];
		snprintf(name, sizeof name, "%s_of_%s", victims[i].name, kind);
		half = 0;
		run(name, try_all);
	}
}

int main(int argc, char **argv)
{
	struct channel c;

	start(argc, argv);
	why_not = why_not_trap();
	c = open_channel(SOCK_SEQPACKET);
	channel.sender = c.sender;
	channel.receiver = c.receiver;
	peer.unit = page_size();
	run_victims("memfd");
	peer.kind = TMPFS_FILE;
	run_victims("tmpfs_file");
	peer.kind = HUGE_FILE;
	peer.unit = huge_page();
	run_victims("huge_file");
	return finish();
}
