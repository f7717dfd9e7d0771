/* SPDX-License-Identifier: MIT */

/* Mappings over reserved memory, while other threads map memory. */
#include "test.h"
#include "area.h"
#include "child.h"
#include "contents.h"
#include "filter.h"
#include "trap.h"

#ifdef SYS_mmap2
#define MMAP SYS_mmap2
#else
#define MMAP SYS_mmap
#endif

static uint32_t options; /* of the running test */

/* Mappings that other threads could create before each system call of the library. */
static struct {
	char *maps[64];
	size_t count;
} others;

#define OTHER_PAGES 16

static void map_another(const struct seccomp_data *data)
{
	(void)data;
	if (others.count == sizeof others.maps / sizeof *others.maps)
		return;
	char *map = mmap(NULL, OTHER_PAGES * page_size(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);

	map[0] = SECRET_BYTE;
	others.maps[others.count++] = map;
}

static void check_others(void)
{
	unsigned char present[OTHER_PAGES];

	CHECK(others.count > 0);
	for (size_t i = 0; i < others.count; i++) {
		EQ(raw(mincore(others.maps[i], sizeof present * page_size(), present)), 0);
		if (raw(mincore(others.maps[i], page_size(), present)) == 0)
			EQ(others.maps[i][0], SECRET_BYTE);
	}
}

static void fail_next_to_other_threads(void)
{
	secret_area s = NEW_AREA;
	size_t length = OTHER_PAGES * page_size();
	int fd = have_secretmem() ? memfd_go_secret(0) : -1;
	void *ring = NULL;

	if (fd >= 0)
		EQ(memfd_go_set_size(fd, 0, length), 0);
	drop_privileges();
	set_limit(RLIMIT_MEMLOCK, page_size());
	EQ(set_trap(map_another), 0);
	CHECK(memfd_go_secret_alloc(&s, length, options) < 0);
	EQ(memfd_go_secret_alloc(&s, length, options | MEMFD_GO_OPT_ALLOW_UNLOCKED), 0);
	if (fd >= 0) {
		int r = memfd_go_map_ring(fd, MEMFD_GO_OPT_WRITE, 0, length, &ring);

		CHECK(r == 0 || r == -EAGAIN); /* newer kernels count when pages are faulted in */
	}
	check_others();
}

static void failure_spares_mappings_of_other_threads(void)
{
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	options = 0;
	IN_CHILD(fail_next_to_other_threads);
	options = MEMFD_GO_OPT_NO_SECRETMEM;
	IN_CHILD(fail_next_to_other_threads);
}

static int replaced; /* mappings, by MAP_FIXED */

static void count_fixed(const struct seccomp_data *data)
{
	replaced += data->nr == MMAP && (data->args[3] & MAP_FIXED) != 0;
}

static void map_ring_of_huge_pages(void)
{
	int fd = memfd_go_create_with("test", &(struct memfd_go_create_args){ .flags = MFD_HUGETLB }, 24);
	size_t huge = huge_page();
	void *ring = NULL;

	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, huge), 0);
	EQ(set_trap(count_fixed), 0);
	EQ(memfd_go_map_ring(fd, MEMFD_GO_OPT_WRITE, 0, huge, &ring), 0);
	EQ(replaced, before_linux(5, 16) ? 2 : 0);
	((char *)ring)[0] = 1;
	EQ(((char *)ring)[huge], 1);
	EQ(memfd_go_unmap(ring, 2 * huge), 0);
}

/* Before Linux 5.16, mremap(2) of huge pages removes what is mapped at the target, then fails. */
static void unmap_target(const struct seccomp_data *data)
{
	if (data->nr == SYS_mremap)
		munmap((void *)(uintptr_t)data->args[4], (size_t)data->args[1]);
}

static void map_ring_of_huge_pages_before_5_16(void)
{
	int fd = memfd_go_create_with("test", &(struct memfd_go_create_args){ .flags = MFD_HUGETLB }, 24);
	size_t huge = huge_page();
	char *ring = NULL;
	long mappings = count_mappings();

	EQ(memfd_go_set_size(fd, MEMFD_GO_OPT_RESERVE, huge), 0);
	EQ(set_trap(unmap_target), 0);
	EQ(forbid(SYS_mremap, EINVAL), 0);
	EQ(memfd_go_map_ring(fd, MEMFD_GO_OPT_WRITE, 0, huge, (void **)&ring), 0);
	memcpy(ring + huge - 3, "around", 6);
	EQ(memcmp(ring, "und", 3), 0);
	EQ(memcmp(ring + 2 * huge - 3, "aro", 3), 0);
	EQ(memfd_go_unmap(ring, 2 * huge), 0);
	EQ(count_mappings(), mappings);

	EQ(forbid_bits(MMAP, 3, MAP_FIXED, ENOMEM), 0);
	ring = NULL;
	EQ(memfd_go_map_ring(fd, MEMFD_GO_OPT_WRITE, 0, huge, (void **)&ring), -ENOMEM);
	EQ(ring == NULL, 1);
	EQ(count_mappings(), mappings);
}

static void in_child_with_huge_pages(void (*body)(void))
{
	int fd = memfd_go_create_sealed("test", MFD_HUGETLB, 0, "x", 1);

	if (fd < 0)
		SKIP("no free huge page");
	close(fd);
	if (why_not_trap() != NULL)
		SKIP(why_not_trap());
	IN_CHILD(body);
}

static void huge_pages_are_moved_if_possible(void)
{
	in_child_with_huge_pages(map_ring_of_huge_pages);
}

static void huge_pages_are_mapped_without_mremap(void)
{
	in_child_with_huge_pages(map_ring_of_huge_pages_before_5_16);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(failure_spares_mappings_of_other_threads);
	RUN(huge_pages_are_moved_if_possible);
	RUN(huge_pages_are_mapped_without_mremap);
	return finish();
}
