/* SPDX-License-Identifier: MIT */

/*
 * The functions of memfd_go.h in plain C, for comparison: without fallbacks for older kernels,
 * with few checks of the arguments, and linked with glibc.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memfd_go.h"

static int result(long r)
{
	return r < 0 ? -errno : (int)r;
}

/* Returns 'fd', or closes it and returns the error. */
static int finish(int fd, int r)
{
	if (r < 0)
		close(fd);
	return r < 0 ? r : fd;
}

uint32_t memfd_go_version(void)
{
	return MEMFD_GO_VERSION;
}

const char *memfd_go_version_string(void)
{
	return MEMFD_GO_VERSION_STRING;
}

const char *memfd_go_result_name(int r)
{
	const char *name = r >= 0 ? "OK" : strerrorname_np(-r);

	return name != NULL ? name : "E?";
}

int memfd_go_probe(struct memfd_go_features *f, size_t size, uint64_t request)
{
	struct rlimit lock;
	int fd = memfd_create("probe", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)request;
	memset(f, 0, size);
	if (fd >= 0)
		f->bits = MEMFD_GO_FEATURE_CREATE;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_GROW) == 0)
		f->bits |= MEMFD_GO_FEATURE_SEALING;
	close(fd);
	getrlimit(RLIMIT_MEMLOCK, &lock);
	f->memlock_soft = lock.rlim_cur;
	f->page_size = (uint32_t)sysconf(_SC_PAGESIZE);
	return 0;
}

int memfd_go_create(const char *name, uint32_t mfd_flags)
{
	return result(memfd_create(name, mfd_flags));
}

int memfd_go_create_with(const char *name, const struct memfd_go_create_args *args, size_t size)
{
	int r = 0, fd = memfd_create(name, args->flags | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	if (args->mode != 0)
		r = result(fchmod(fd, args->mode));
	if (r == 0 && args->size != 0)
		r = result(ftruncate(fd, (off_t)args->size));
	if (r == 0 && args->seals != 0)
		r = result(fcntl(fd, F_ADD_SEALS, args->seals));
	(void)size;
	return finish(fd, r);
}

static int seal(int fd, uint32_t seals)
{
	return result(fcntl(fd, F_ADD_SEALS, seals != 0 ? seals : MEMFD_GO_SEALS_IMMUTABLE));
}

static int fill(int fd, const char *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = pwrite(fd, data + done, len - done, (off_t)done);

		if (n < 0)
			return -errno;
		done += (size_t)n;
	}
	return 0;
}

static int fill_huge(int fd, const char *data, size_t len)
{
	struct stat st;
	size_t whole;
	void *to;

	if (fstat(fd, &st) < 0)
		return -errno;
	whole = (len + (size_t)st.st_blksize - 1) & ~((size_t)st.st_blksize - 1);
	if (fallocate(fd, 0, 0, (off_t)whole) < 0)
		return -errno;
	to = mmap(NULL, whole, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (to == MAP_FAILED)
		return -errno;
	memcpy(to, data, len);
	return result(munmap(to, whole));
}

int memfd_go_create_sealed(const char *name, uint32_t mfd_flags, uint32_t seals, const void *data, size_t len)
{
	int r, fd = memfd_create(name, mfd_flags | MFD_ALLOW_SEALING);

	if (fd < 0)
		return -errno;
	r = (mfd_flags & MFD_HUGETLB) != 0 ? fill_huge(fd, data, len) : fill(fd, data, len);
	if (r == 0)
		r = seal(fd, seals);
	return finish(fd, r);
}

static int copy(int to, int from, off_t size)
{
	for (off_t done = 0; done < size;) {
		ssize_t n = sendfile(to, from, &done, (size_t)(size - done));

		if (n <= 0)
			return n < 0 ? -errno : -EAGAIN;
	}
	return result(lseek(to, 0, SEEK_SET));
}

int memfd_go_clone(const char *name, uint32_t mfd_flags, uint32_t seals, int src_fd, uint64_t max_len)
{
	struct stat st;
	int r, fd;

	if (fstat(src_fd, &st) < 0)
		return -errno;
	if ((uint64_t)st.st_size > max_len)
		return -EFBIG;
	fd = memfd_create(name, mfd_flags | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = copy(fd, src_fd, st.st_size);
	if (r == 0)
		r = seal(fd, seals);
	return finish(fd, r);
}

static int open_path(const char *format, int pid, int fd, uint32_t flags)
{
	char path[64];

	snprintf(path, sizeof path, format, pid, fd);
	return result(open(path, (int)flags | O_CLOEXEC));
}

int memfd_go_reopen(int fd, uint32_t open_flags)
{
	return open_path("/proc/%d/fd/%d", getpid(), fd, open_flags);
}

int memfd_go_huge_flags(uint64_t page_size, uint32_t *mfd_flags)
{
	*mfd_flags = MFD_HUGETLB;
	if (page_size != 0)
		*mfd_flags |= (uint32_t)__builtin_ctzll(page_size) << 26;
	return 0;
}

int memfd_go_get_size(int fd, uint64_t *size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	*size = (uint64_t)st.st_size;
	return 0;
}

int memfd_go_set_size(int fd, uint32_t opts, uint64_t size)
{
	if ((opts & MEMFD_GO_OPT_RESERVE) != 0 && fallocate(fd, 0, 0, (off_t)size) < 0)
		return -errno;
	return result(ftruncate(fd, (off_t)size));
}

int memfd_go_add_seals(int fd, uint32_t seals)
{
	return result(fcntl(fd, F_ADD_SEALS, seals));
}

int memfd_go_get_seals(int fd)
{
	return result(fcntl(fd, F_GET_SEALS));
}

int memfd_go_ensure_seals(int fd, uint32_t seals)
{
	int r = memfd_go_get_seals(fd);

	return r < 0 || (seals & ~(uint32_t)r) == 0 ? (r < 0 ? r : 0) : memfd_go_add_seals(fd, seals);
}

int memfd_go_check_seals(int fd, uint32_t required, uint32_t *missing)
{
	int r = memfd_go_get_seals(fd);

	if (r < 0)
		return r;
	if (missing != NULL)
		*missing = required & ~(uint32_t)r;
	return (required & ~(uint32_t)r) == 0 ? 0 : -EKEYREJECTED;
}

static const char *const names[] = { "SEAL", "SHRINK", "GROW", "WRITE", "FUTURE_WRITE", "EXEC" };

int memfd_go_format_seals(uint32_t seals, uint32_t style, char *buf, size_t cap)
{
	size_t at = 0;

	if (style == MEMFD_GO_STYLE_HEX)
		return snprintf(buf, cap, "0x%x", seals);
	for (int i = 0; i < 6; i++)
		if ((seals >> i & 1) != 0)
			at += (size_t)snprintf(buf + at, cap - at, "%s%s", at > 0 ? " " : "", names[i]);
	return (int)at;
}

int memfd_go_parse_seals(const char *text, uint32_t *seals)
{
	char copy[256], *rest = copy;

	snprintf(copy, sizeof copy, "%s", text);
	*seals = 0;
	for (char *word; (word = strsep(&rest, " ,|+")) != NULL;)
		for (int i = 0; i < 6; i++)
			if (strcasecmp(word, names[i]) == 0)
				*seals |= 1U << i;
	return 0;
}

int memfd_go_inspect(int fd, uint32_t request, struct memfd_go_info *info, size_t size)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);

	if (fstat(fd, &st) < 0)
		return -errno;
	(void)request;
	memset(info, 0, size);
	info->kind = seals >= 0 ? MEMFD_GO_KIND_MEMFD : MEMFD_GO_KIND_OTHER;
	info->seals = seals >= 0 ? (uint32_t)seals : 0;
	info->mode = st.st_mode;
	info->size = (uint64_t)st.st_size;
	info->access = (uint32_t)(fcntl(fd, F_GETFL) & O_ACCMODE) + 1;
	return 0;
}

int memfd_go_map(int fd, uint32_t opts, uint64_t off, size_t len, void **addr)
{
	int writable = (opts & MEMFD_GO_OPT_WRITE) != 0 ? PROT_WRITE : 0;

	*addr = mmap(NULL, len, PROT_READ | writable, MAP_SHARED, fd, (off_t)off);
	return *addr != MAP_FAILED ? 0 : -errno;
}

/* Checks the seals, and stores the size. */
static int verify(int fd, uint32_t required, uint64_t max_len, uint64_t *size)
{
	int r = memfd_go_check_seals(fd, required | F_SEAL_SHRINK | F_SEAL_WRITE, NULL);

	if (r == 0)
		r = memfd_go_get_size(fd, size);
	return r == 0 && *size > max_len ? -EFBIG : r;
}

int memfd_go_map_verified(int fd, uint32_t required, uint64_t max_len, uint32_t opts, void **addr,
			  size_t *len)
{
	uint64_t size;
	int r = verify(fd, required, max_len, &size);

	(void)opts;
	if (r < 0)
		return r;
	*len = (size_t)size;
	return memfd_go_map(fd, 0, 0, *len, addr);
}

int memfd_go_unmap(void *addr, size_t len)
{
	return result(munmap(addr, len));
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(MEMFD_GO_FDS_MAX * sizeof(int))];
};

int memfd_go_send_fds(int sock, uint32_t opts, const int *fds, uint32_t n, const void *data, size_t len)
{
	struct iovec text = { len > 0 ? (void *)(uintptr_t)data : "", len > 0 ? len : 1 };
	union control control = { { 0 } };
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control };
	int r;

	message.msg_controllen = CMSG_SPACE(n * sizeof(int));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
	memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
	r = result(sendmsg(sock, &message, MSG_NOSIGNAL | (opts != 0 ? MSG_DONTWAIT : 0)));
	return r > 0 && len == 0 ? 0 : r;
}

int memfd_go_recv_fds(int sock, uint32_t opts, int *fds, uint32_t *n, void *data, size_t *len)
{
	char dropped;
	struct iovec text = { len != NULL ? data : &dropped, len != NULL ? *len : 1 };
	union control control = { { 0 } };
	struct msghdr message = { .msg_iov = &text, .msg_iovlen = 1, .msg_control = &control };
	ssize_t r;

	message.msg_controllen = CMSG_SPACE(*n * sizeof(int));
	r = recvmsg(sock, &message, MSG_CMSG_CLOEXEC | (opts != 0 ? MSG_DONTWAIT : 0));
	if (r < 0)
		return -errno;
	if (CMSG_FIRSTHDR(&message) == NULL)
		return -EPROTO;
	*n = (uint32_t)((control.header.cmsg_len - CMSG_LEN(0)) / sizeof(int));
	memcpy(fds, CMSG_DATA(&control.header), *n * sizeof(int));
	if (len != NULL)
		*len = (size_t)r;
	return 0;
}

int memfd_go_recv_verified(int sock, uint32_t required, uint64_t max_len, uint32_t opts, void *data,
			   size_t *len)
{
	uint32_t n = 1;
	uint64_t size;
	int fd, r = memfd_go_recv_fds(sock, opts, &fd, &n, data, len);

	if (r < 0)
		return r;
	return finish(fd, verify(fd, required, max_len, &size));
}

int memfd_go_import_pid(int pid, int remote_fd, uint32_t open_flags)
{
	return open_path("/proc/%d/fd/%d", pid, remote_fd, open_flags);
}

int memfd_go_import_pidfd(int pidfd, int remote_fd, uint32_t flags)
{
	return result(syscall(SYS_pidfd_getfd, pidfd, remote_fd, flags));
}

int memfd_go_exec(int fd, char *const argv[], char *const envp[], uint32_t opts)
{
	(void)opts;
	return result(fexecve(fd, argv, envp));
}

int(memfd_go_secret)(uint32_t flags)
{
	return result(syscall(SYS_memfd_secret, flags));
}

/* Maps a secret file of 'len' bytes between two guard pages. */
static int attach(struct memfd_go_secret_area *s, int fd, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (len + page - 1) & ~(page - 1);
	char *base = mmap(NULL, whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *data;

	if (base == MAP_FAILED)
		return -errno;
	data = mmap(base + page, whole, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	madvise(data, whole, MADV_DONTFORK);
	*s = (struct memfd_go_secret_area){ MEMFD_GO_AREA_SECRETMEM, 0,  data, len,  base,
					    whole + 2 * page,        -1, 3,    { 0 } };
	return 0;
}

int memfd_go_secret_alloc(struct memfd_go_secret_area *s, size_t len, uint32_t opts)
{
	int r, fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	(void)opts;
	if (fd < 0)
		return -errno;
	r = result(ftruncate(fd, (off_t)len));
	if (r == 0)
		r = attach(s, fd, len);
	close(fd);
	return r;
}

int memfd_go_secret_attach(struct memfd_go_secret_area *s, int fd, uint64_t max_len, uint32_t opts)
{
	uint64_t size;
	int r = memfd_go_get_size(fd, &size);

	(void)max_len;
	(void)opts;
	return r < 0 ? r : attach(s, fd, (size_t)size);
}

int memfd_go_secret_protect(struct memfd_go_secret_area *s, uint32_t access)
{
	return result(mprotect(s->data, s->len, (int)access));
}

int memfd_go_secret_free(struct memfd_go_secret_area *s)
{
	explicit_bzero(s->data, s->len);
	return result(munmap(s->base, s->base_len));
}

void memfd_go_wipe(void *p, size_t len)
{
	explicit_bzero(p, len);
}

int memfd_go_secret_pool_init(struct memfd_go_secret_pool *pool, size_t slot_len, uint32_t slots,
			      uint32_t opts)
{
	int r;

	pool->slots = slots;
	pool->used = 0;
	pool->free_slot = 0;
	pool->slot_len = slot_len;
	pool->stride = (slot_len + 31) & ~(size_t)15;
	r = memfd_go_secret_alloc(&pool->area, pool->stride * slots, opts);
	for (uint32_t i = 0; r == 0 && i < slots; i++)
		*(uint32_t *)(void *)((char *)pool->area.data + i * pool->stride) = i + 1;
	return r;
}

int memfd_go_secret_pool_take(struct memfd_go_secret_pool *pool, void **slot)
{
	char *header = (char *)pool->area.data + pool->free_slot * pool->stride;

	if (pool->free_slot == pool->slots)
		return -ENOSPC;
	memcpy(&pool->free_slot, header, sizeof pool->free_slot);
	pool->used++;
	*slot = header + 16;
	return 0;
}

int memfd_go_secret_pool_give(struct memfd_go_secret_pool *pool, void *slot)
{
	char *header = (char *)slot - 16;

	explicit_bzero(slot, pool->slot_len);
	memcpy(header, &pool->free_slot, sizeof pool->free_slot);
	pool->free_slot = (uint32_t)((size_t)(header - (char *)pool->area.data) / pool->stride);
	pool->used--;
	return 0;
}

int memfd_go_secret_pool_free(struct memfd_go_secret_pool *pool)
{
	return memfd_go_secret_free(&pool->area);
}
