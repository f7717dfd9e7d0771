/* SPDX-License-Identifier: MIT */

/* Each function once: the shortest program that calls them all. */
#include "test.h"
#include "every_function.h"

static void every_function(void)
{
	EQ(call_every_function(), 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(every_function);
	return finish();
}
