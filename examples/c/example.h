/* SPDX-License-Identifier: MIT */

/* Functions of all example programs: printing steps and handling errors. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "memfd_go.h"

/* Prints a step of a program; role is its name, such as "writer". */
static inline void say(const char *role, const char *format, ...)
{
	va_list arguments;

	printf("%-7s %-7s ", "C", role);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout); /* Other processes write to the same output. */
}

/* Returns a result of the library, or exits if it is an error. */
static inline int must(const char *what, int result)
{
	if (result >= 0)
		return result;
	fprintf(stderr, "%s: %s\n", what, memfd_go_result_name(result));
	exit(EXIT_FAILURE);
}

#endif
