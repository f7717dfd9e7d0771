/* SPDX-License-Identifier: MIT */

/*
 * A peer that shares a file with the caller of the library, and the operations that it can
 * perform on the file. The peer does not use the library.
 */
#ifndef PEER_H
#define PEER_H

#include <setjmp.h>
#include <signal.h>

#include "files.h"
#include "test.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

enum kind { MEMFD, HUGE_FILE, TMPFS_FILE };

/* High, so that descriptors of the library have the numbers that they have without a peer. */
#define PEER_FD 100

static struct {
	enum kind kind;
	size_t unit; /* the page size of the file */
	int fd;
	char *map; /* shared and writable, or NULL */
	char mark; /* the last byte written */
} peer;

/* The state of the file before the peer's first operation. */
struct start_state {
	const char *name;
	uint32_t flags; /* of memfd_create(2), without MFD_HUGETLB */
	int units;      /* the size */
	int mapped;     /* shared and writable, by the peer */
	uint32_t seals;
};

static const struct start_state start_states[] = {
	{ "empty", MFD_EXEC, 0, 0, 0 },
	{ "executable", MFD_EXEC, 2, 1, 0 },
	{ "not executable", MFD_NOEXEC_SEAL, 2, 1, 0 },
	{ "sealed, executable", MFD_EXEC, 2, 0, F_SEAL_SHRINK | F_SEAL_WRITE },
	{ "sealed, not executable", MFD_NOEXEC_SEAL, 2, 0, F_SEAL_SHRINK | F_SEAL_WRITE },
	{ "may grow and be written to", MFD_NOEXEC_SEAL, 2, 1, F_SEAL_SHRINK },
};
#define START_STATES (sizeof start_states / sizeof *start_states)

/* ---------------------------------------------------------------- Faults */

static sigjmp_buf after_bus_error;

static inline void leave_bus_error(int number)
{
	siglongjmp(after_bus_error, number);
}

/* Installed once, since it costs a system call: FAULTS() then needs none. */
static inline void catch_bus_errors(void)
{
	struct sigaction action = { .sa_handler = leave_bus_error, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

#define FAULTS() sigsetjmp(after_bus_error, 0)

/* ------------------------------------------------------------ Operations */

/* The size of n units. Of huge pages, which are scarce, half as many. */
static inline off_t units(int n)
{
	return (off_t)((size_t)(peer.kind == HUGE_FILE ? (n + 1) / 2 : n) * peer.unit);
}

static inline long resize(off_t size)
{
	return raw(ftruncate(peer.fd, size));
}

static inline long truncate_to_0(void)
{
	return resize(0);
}
static inline long truncate_to_one_byte(void)
{
	return resize(1);
}
static inline long truncate_to_one_page(void)
{
	return resize(units(1));
}
static inline long extend(void)
{
	return resize(units(3));
}
static inline long extend_beyond_max_len(void)
{
	return resize(units(7));
}

static inline long write_at_the_start(void)
{
	peer.mark++;
	return raw(pwrite(peer.fd, &peer.mark, 1, 0));
}

static inline long write_beyond_the_end(void)
{
	peer.mark++;
	return raw(pwrite(peer.fd, &peer.mark, 1, units(2)));
}

static inline long punch(void)
{
	return raw(fallocate(peer.fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, units(1)));
}

static inline long allocate_one_byte(void)
{
	return raw(fallocate(peer.fd, 0, 0, 1));
}
static inline long allocate_more(void)
{
	return raw(fallocate(peer.fd, 0, 0, units(3)));
}
static inline long forbid_execution(void)
{
	return raw(fchmod(peer.fd, 0600));
}
static inline long allow_execution(void)
{
	return raw(fchmod(peer.fd, 0601));
}

static inline long seal(uint32_t seals)
{
	return raw(fcntl(peer.fd, F_ADD_SEALS, seals));
}

static inline long seal_sealing(void)
{
	return seal(F_SEAL_SEAL);
}
static inline long seal_shrinking(void)
{
	return seal(F_SEAL_SHRINK);
}
static inline long seal_growing(void)
{
	return seal(F_SEAL_GROW);
}
static inline long seal_writing(void)
{
	return seal(F_SEAL_WRITE);
}
static inline long seal_future_writing(void)
{
	return seal(F_SEAL_FUTURE_WRITE);
}
static inline long seal_execution(void)
{
	return seal(F_SEAL_EXEC);
}
static inline long seal_all_but_execution(void)
{
	return seal(MEMFD_GO_SEALS_IMMUTABLE);
}

static inline long map_writable(void)
{
	void *map;

	if (peer.map != NULL)
		return -EEXIST;
	map = mmap(NULL, peer.unit, PROT_READ | PROT_WRITE, MAP_SHARED, peer.fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	peer.map = map;
	return 0;
}

static inline long unmap_writable(void)
{
	if (peer.map == NULL)
		return -ENOENT;
	munmap(peer.map, peer.unit);
	peer.map = NULL;
	return 0;
}

static inline long store(void)
{
	if (peer.map == NULL)
		return -ENOENT;
	if (FAULTS())
		return -EIO;
	*(volatile char *)peer.map = ++peer.mark;
	return 0;
}

static inline long move_the_offset(void)
{
	return raw(lseek(peer.fd, 1, SEEK_CUR));
}

static inline long close_peer_fd(void)
{
	int r = peer.fd < 0 ? -EBADF : (int)raw(close(peer.fd));

	peer.fd = -1;
	return r;
}

/* An operation that fails changes nothing. */
struct operation {
	const char *name;
	long (*perform)(void);
};

static const struct operation operations[] = {
	{ "store through the mapping", store },
	{ "write at the start", write_at_the_start },
	{ "write beyond the end", write_beyond_the_end },
	{ "punch a hole", punch },
	{ "truncate to 0", truncate_to_0 },
	{ "truncate to one byte", truncate_to_one_byte },
	{ "truncate to one page", truncate_to_one_page },
	{ "extend", extend },
	{ "extend beyond the maximum", extend_beyond_max_len },
	{ "allocate one byte", allocate_one_byte },
	{ "allocate more", allocate_more },
	{ "map writable", map_writable },
	{ "unmap", unmap_writable },
	{ "chmod 0600", forbid_execution },
	{ "chmod 0601", allow_execution },
	{ "seal against shrinking", seal_shrinking },
	{ "seal against growing", seal_growing },
	{ "seal against writing", seal_writing },
	{ "seal against future writing", seal_future_writing },
	{ "seal the execute permission", seal_execution },
	{ "add all seals but that one", seal_all_but_execution },
	{ "seal against seals", seal_sealing },
	{ "move the offset", move_the_offset },
	{ "close", close_peer_fd },
};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

/* ------------------------------------------------------------------ Files */

static inline int new_file(const struct start_state *b)
{
	uint32_t flags = b->flags | MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd;

	if (peer.kind == TMPFS_FILE)
		return tmpfs_file();
	if (peer.kind == HUGE_FILE)
		flags |= MFD_HUGETLB;
	fd = raw_create("test", flags);
	/* Before Linux 6.3 all memfds are executable. */
	return fd == -EINVAL ? raw_create("test", flags & ~MFD_EXEC) : fd;
}

/* Creates the file and returns 0 or -errno. Huge pages stay holes, which is faster. */
static inline int start_peer(const struct start_state *b)
{
	int fd = new_file(b);

	if (fd < 0)
		return fd;
	peer.map = NULL;
	peer.mark = 'a';
	peer.fd = fcntl(fd, F_DUPFD_CLOEXEC, PEER_FD);
	close(fd);
	if (resize(units(b->units)) != 0)
		return -ENOSPC;
	if (b->units > 0 && peer.kind != HUGE_FILE)
		pwrite(peer.fd, &peer.mark, 1, 0);
	if (b->mapped && map_writable() != 0)
		return -ENOMEM;
	return (int)(b->seals == 0 ? 0 : seal(b->seals));
}

static inline void end_peer(void)
{
	unmap_writable();
	if (peer.fd >= 0)
		close_peer_fd();
}

#endif
