/* SPDX-License-Identifier: MIT */

/* Flags of a mapping, from /proc/self/smaps. */
#ifndef SMAPS_H
#define SMAPS_H

#include <stdio.h>
#include <stdint.h>
#include <string.h>

/* Whether the mapping that contains 'p' has a flag in "VmFlags:", such as "lo" (locked). */
static inline int has_flag(const void *p, const char *flag)
{
	unsigned long from, to;
	char line[512];
	int found = 0, inside = 0;
	FILE *smaps = fopen("/proc/self/smaps", "re");

	if (smaps == NULL)
		return 0;
	while (fgets(line, sizeof line, smaps) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (uintptr_t)p >= from && (uintptr_t)p < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			for (char *word = strtok(line + 8, " \n"); word != NULL; word = strtok(NULL, " \n"))
				found |= strcmp(word, flag) == 0;
	}
	fclose(smaps);
	return found;
}

#endif
