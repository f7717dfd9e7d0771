/* SPDX-License-Identifier: MIT */

/* Mounts, in a child with its own mount namespace. */
#ifndef MOUNTS_H
#define MOUNTS_H

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "child.h"

/* Moves the process to a new mount namespace. Returns 0, or -1 without the right to. */
static inline int own_mounts(void)
{
	if (unshare(CLONE_NEWNS) != 0)
		return -1;
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

static inline void check_own_mounts(void)
{
	EQ(own_mounts(), 0);
}

static inline int can_mount(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(own_mounts() != 0);
	return status_of(child) == 0;
}

#define NO_MOUNTS "no right to mount"

static inline void hide_proc(void)
{
	check_own_mounts();
	EQ(umount2("/proc", MNT_DETACH), 0);
}

/* Mounts an empty tmpfs over /proc. */
static inline void replace_proc(unsigned long mount_flags)
{
	check_own_mounts();
	EQ(mount("tmpfs", "/proc", "tmpfs", mount_flags, NULL), 0);
}

#endif
