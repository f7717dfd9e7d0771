/* SPDX-License-Identifier: MIT */

/*
 * A hostile peer changes a file while memfd_go_map_verified() checks it. Either the file is
 * refused, or the mapping can be read without a fault and, with F_SEAL_WRITE, never changes.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "test.h"
#include "fault.h"
#include "sockets.h"

#define PAGES 8
#define ROUNDS 40

/* The attacked file, the seals that the attacker adds, and when to stop. */
static struct {
	int fd;
	int rounds_before_seals;
	uint32_t seals;
	atomic_bool stop;
} attack;

/* Changes the file in every way. What the seals forbid fails. */
static void change_file(int fd, size_t page)
{
	raw(ftruncate(fd, (off_t)page));
	raw(ftruncate(fd, 0));
	raw(ftruncate(fd, (off_t)(PAGES * page)));
	raw(pwrite(fd, &(char){ (char)clock() }, 1, (off_t)(page / 2)));
	raw(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)page));
}

static void *attacker(void *unused)
{
	size_t page = page_size();

	for (int round = 0; !atomic_load(&attack.stop); round++) {
		change_file(attack.fd, page);
		if (round == attack.rounds_before_seals)
			fcntl(attack.fd, F_ADD_SEALS, attack.seals);
	}
	return unused;
}

static pthread_t start_attack(int fd, int rounds_before_seals, uint32_t seals)
{
	pthread_t thread;

	attack.fd = fd;
	attack.rounds_before_seals = rounds_before_seals;
	attack.seals = seals;
	atomic_store(&attack.stop, 0);
	EQ(pthread_create(&thread, NULL, attacker, NULL), 0);
	return thread;
}

static void stop_attack(pthread_t thread)
{
	atomic_store(&attack.stop, 1);
	pthread_join(thread, NULL);
}

/* The sum of all bytes. Reading them must not fault. */
static unsigned long sum(const char *bytes, size_t length)
{
	unsigned long total = 0;

	for (size_t i = 0; i < length; i += page_size())
		EQ(READ_SIGNAL(bytes + i), 0);
	for (size_t i = 0; test.failed_checks == 0 && i < length; i++)
		total = total * 31 + (unsigned char)bytes[i];
	return total;
}

/* Tries until the file is accepted. */
static char *map_when_accepted(int fd, uint32_t required, size_t *length)
{
	void *address = NULL;
	int r;

	do
		r = memfd_go_map_verified(fd, required, INT64_MAX, 0, &address, length);
	while (r == -EKEYREJECTED);
	EQ(r, 0);
	return address;
}

static void unsealed_file_is_never_mapped(void)
{
	int fd = sealable_file();
	pthread_t thread = start_attack(fd, -1, 0);
	void *address = NULL;
	size_t length = 0;

	for (int i = 0; i < 1000; i++)
		EQ(memfd_go_map_verified(fd, 0, INT64_MAX, 0, &address, &length), -EKEYREJECTED);
	stop_attack(thread);
	close(fd);
}

/* Maps the file and checks that the mapping does not change during the attack. */
static void watch(int fd, uint32_t required)
{
	size_t length = 0;
	char *map = map_when_accepted(fd, required, &length);
	unsigned long first;

	first = sum(map, length);
	for (int i = 0; i < 20; i++)
		EQ(sum(map, length) == first || (required & F_SEAL_WRITE) == 0, 1);
	EQ(memfd_go_unmap(map, length), 0);
}

static void file_sealed_during_the_call_is_safe(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = sealable_file();
		pthread_t thread =
			start_attack(fd, i, F_SEAL_SHRINK | F_SEAL_WRITE | (i % 2 ? F_SEAL_GROW : 0));

		watch(fd, F_SEAL_WRITE);
		stop_attack(thread);
		close(fd);
	}
}

static void growing_file_can_be_read(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		int fd = sealable_file();
		pthread_t thread = start_attack(fd, i, F_SEAL_SHRINK);

		watch(fd, F_SEAL_SHRINK);
		stop_attack(thread);
		close(fd);
	}
}

static void received_file_is_safe(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct channel c = open_channel(SOCK_SEQPACKET);
		int fd = sealable_file(), got;
		pthread_t thread = start_attack(fd, i, F_SEAL_SHRINK | F_SEAL_WRITE);

		do {
			EQ(send_message(c.sender, fd, 1, "x", 1), 1);
			got = memfd_go_recv_verified(c.receiver, 0, INT64_MAX, 0, NULL, NULL);
		} while (got == -EKEYREJECTED);
		watch(got, F_SEAL_WRITE);
		EQ(close(got), 0);
		stop_attack(thread);
		close(fd);
		close_channel(c);
	}
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(unsealed_file_is_never_mapped);
	RUN(file_sealed_during_the_call_is_safe);
	RUN(growing_file_can_be_read);
	RUN(received_file_is_safe);
	return finish();
}
