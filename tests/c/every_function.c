/* SPDX-License-Identifier: MIT */

/* Calls every function once. */
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
