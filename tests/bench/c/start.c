/* SPDX-License-Identifier: MIT */

/* Makes one call and exits, to measure the cost of linking with a library. */
#include <fcntl.h>
#include <unistd.h>

#include "memfd_go.h"

int main(void)
{
#ifdef GLIBC
	return fcntl(-1, F_GET_SEALS) != -1;
#else
	return memfd_go_get_seals(-1) >= 0;
#endif
}
