/* SPDX-License-Identifier: MIT */

/* The library has the version of the header. */
#include "test.h"

static void number_is_that_of_the_header(void)
{
	EQ(memfd_go_version(), MEMFD_GO_VERSION);
}

static void text_agrees_with_the_number(void)
{
	uint32_t v = memfd_go_version();
	char text[32];

	snprintf(text, sizeof text, "%u.%u.%u", v >> 16, v >> 8 & 0xff, v & 0xff);
	TEXT(memfd_go_version_string(), text);
	TEXT(memfd_go_version_string(), MEMFD_GO_VERSION_STRING);
}

static void text_is_constant(void)
{
	CHECK(memfd_go_version_string() == memfd_go_version_string());
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(number_is_that_of_the_header);
	RUN(text_agrees_with_the_number);
	RUN(text_is_constant);
	return finish();
}
