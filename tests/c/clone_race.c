/* SPDX-License-Identifier: MIT */

/* memfd_go_clone() of a file that another thread truncates and extends at the same time. */
#include <pthread.h>

#include "test.h"
#include "contents.h"

#define SHORT (1 * MIB)
#define LONG (4 * MIB)
#define ENOUGH 20 /* copies, and as many errors */
#define ATTEMPTS 3000

static volatile int stop, source;

static void *change_the_size(void *unused)
{
	(void)unused;
	while (!stop) {
		(void)!memfd_go_set_size(source, 0, SHORT);
		(void)!memfd_go_set_size(source, 0, LONG);
	}
	return NULL;
}

/* The copy has one of the two sizes and is sealed. */
static void check_copy(int fd)
{
	uint64_t size = 0;

	EQ(memfd_go_get_size(fd, &size), 0);
	CHECK(size == SHORT || size == LONG);
	EQ(without_exec(memfd_go_get_seals(fd)), MEMFD_GO_SEALS_IMMUTABLE);
}

static int clone_until_both_occurred(int *copies, int *errors)
{
	for (int i = 0; i < ATTEMPTS && (*copies < ENOUGH || *errors < ENOUGH); i++) {
		int fd = memfd_go_clone("clone", MFD_CLOEXEC, 0, source, LONG);

		if (fd >= 0) {
			check_copy(fd);
			close(fd);
			(*copies)++;
		} else if (fd == -EAGAIN) {
			(*errors)++;
		} else {
			return fd;
		}
	}
	return 0;
}

static void change_of_size_during_the_copy_is_an_error(void)
{
	int copies = 0, errors = 0;
	pthread_t thread;

	stop = 0;
	source = sized_file(LONG);
	EQ(pthread_create(&thread, NULL, change_the_size, NULL), 0);
	EQ(clone_until_both_occurred(&copies, &errors), 0);
	stop = 1;
	pthread_join(thread, NULL);
	CHECK(copies > 0);
	CHECK(errors > 0);
	close(source);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(change_of_size_during_the_copy_is_an_error);
	return finish();
}
