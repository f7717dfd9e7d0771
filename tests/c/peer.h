/* SPDX-License-Identifier: MIT */

/*
 * A peer that shares a file with the library's caller, and whatever it can do to it. The peer
 * makes no use of the library: it is the other side.
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

/* The kinds of file. */
enum kind { MEMFD, HUGE_FILE, TMPFS_FILE };

/* The peer's descriptor is out of the way of those that the library opens and closes. */
#define PEERS_DESCRIPTOR 100

static struct {
	enum kind kind;
	size_t unit; /* of sizes: a page, or a huge page */
	int fd;
	char *map; /* shared and writable, or NULL */
	char mark; /* the last one that was written */
} peer;

/* How a file is before the peer does anything. */
struct beginning {
	const char *name;
	uint32_t flags; /* of memfd_create(2), but for MFD_HUGETLB */
	int units;
	int mapped; /* by the peer, shared and writable */
	uint32_t seals;
};

static const struct beginning beginnings[] = {
	{ "empty", MFD_EXEC, 0, 0, 0 },
	{ "executable", MFD_EXEC, 2, 1, 0 },
	{ "not executable", MFD_NOEXEC_SEAL, 2, 1, 0 },
	{ "sealed, executable", MFD_EXEC, 2, 0, F_SEAL_SHRINK | F_SEAL_WRITE },
	{ "sealed, not executable", MFD_NOEXEC_SEAL, 2, 0, F_SEAL_SHRINK | F_SEAL_WRITE },
	{ "may grow and be written to", MFD_NOEXEC_SEAL, 2, 1, F_SEAL_SHRINK },
};
#define BEGINNINGS (sizeof beginnings / sizeof *beginnings)

/* ---------------------------------------------------------------- Faults */

static sigjmp_buf after_bus_error;

static inline void leave_bus_error(int number)
{
	siglongjmp(after_bus_error, number);
}

/* Once, so that each access need not: SIGBUS is then a return of sigsetjmp(). */
static inline void catch_bus_errors(void)
{
	struct sigaction action = { .sa_handler = leave_bus_error, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

#define FAULTS() sigsetjmp(after_bus_error, 0)

/* ------------------------------------------------------------ Operations */

/* Huge pages are few. */
static inline off_t units(int n)
{
	return (off_t)((size_t)(peer.kind == HUGE_FILE ? (n + 1) / 2 : n) * peer.unit);
}

static inline long resize(off_t size)
{
	return raw(ftruncate(peer.fd, size));
}

static inline long to_nothing(void)
{
	return resize(0);
}
static inline long to_one_byte(void)
{
	return resize(1);
}
static inline long to_one_page(void)
{
	return resize(units(1));
}
static inline long to_more(void)
{
	return resize(units(3));
}
static inline long to_too_much(void)
{
	return resize(units(7));
}

static inline long write_at_the_start(void)
{
	peer.mark++;
	return raw(pwrite(peer.fd, &peer.mark, 1, 0));
}

static inline long write_behind_the_end(void)
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

static inline long close_it(void)
{
	int r = peer.fd < 0 ? -EBADF : (int)raw(close(peer.fd));

	peer.fd = -1;
	return r;
}

/* An operation that fails leaves everything as it was. */
struct operation {
	const char *name;
	long (*perform)(void);
};

static const struct operation operations[] = {
	{ "store through the mapping", store },
	{ "write at the start", write_at_the_start },
	{ "write behind the end", write_behind_the_end },
	{ "punch a hole", punch },
	{ "truncate to nothing", to_nothing },
	{ "truncate to one byte", to_one_byte },
	{ "truncate to one page", to_one_page },
	{ "extend", to_more },
	{ "extend beyond the maximum", to_too_much },
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
	{ "close", close_it },
};
#define OPERATIONS ((int)(sizeof operations / sizeof *operations))

/* ------------------------------------------------------------------ Files */

static inline int new_file(const struct beginning *b)
{
	uint32_t flags = b->flags | MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd;

	if (peer.kind == TMPFS_FILE)
		return tmpfs_file();
	if (peer.kind == HUGE_FILE)
		flags |= MFD_HUGETLB;
	fd = raw_create("test", flags);
	/* Before Linux 6.3 all files were executable. */
	return fd == -EINVAL ? raw_create("test", flags & ~MFD_EXEC) : fd;
}

/* Makes the file. Huge pages stay holes, which is faster. Returns 0 or -errno. */
static inline int start_peer(const struct beginning *b)
{
	int fd = new_file(b);

	if (fd < 0)
		return fd;
	peer.map = NULL;
	peer.mark = 'a';
	peer.fd = fcntl(fd, F_DUPFD_CLOEXEC, PEERS_DESCRIPTOR);
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
		close_it();
}

#endif
