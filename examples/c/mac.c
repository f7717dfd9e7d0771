/* SPDX-License-Identifier: MIT */

/*
 * mac MESSAGE...: authenticates messages with a random key that is generated and used in
 * secret memory, so no other copy of it exists.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <sys/random.h>

#include "example.h"

enum { KEY_SIZE = 32 };

static const char *kind_name(uint32_t kind)
{
	switch (kind) {
	case MEMFD_GO_AREA_SECRETMEM:
		return "that the kernel does not map";
	case MEMFD_GO_AREA_MLOCK:
		return "that is never swapped";
	default:
		return "that may be swapped";
	}
}

/* FNV-1a over the key and the message: short, but not secure. A real function has more
 * state, on the stack: clear it with memfd_go_wipe(). */
static uint64_t toy_mac(const unsigned char *key, size_t key_size, const char *message)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < key_size; i++)
		hash = (hash ^ key[i]) * 0x100000001b3;
	for (; *message != '\0'; message++)
		hash = (hash ^ (unsigned char)*message) * 0x100000001b3;
	return hash;
}

int main(int argc, char *argv[])
{
	struct memfd_go_secret_area key = { 0 };
	ssize_t n;

	must("secret_alloc", memfd_go_secret_alloc(&key, KEY_SIZE, 0));
	say("mac", "has %zu bytes of memory %s", key.len, kind_name(key.kind));

	n = getrandom(key.data, key.len, 0);
	must("getrandom", n == KEY_SIZE ? 0 : -EIO);
	must("secret_protect", memfd_go_secret_protect(&key, MEMFD_GO_ACCESS_READ));
	say("mac", "generated a random key in it, and made it read-only");

	for (int i = 1; i < argc; i++)
		say("mac", "%016llx  %s", (unsigned long long)toy_mac(key.data, key.len, argv[i]), argv[i]);

	must("secret_free", memfd_go_secret_free(&key));
	say("mac", "wiped the key");
	return EXIT_SUCCESS;
}
