/* SPDX-License-Identifier: MIT */

/* Signals that interrupt whatever the program is doing. */
#ifndef ALARMS_H
#define ALARMS_H

#include <signal.h>
#include <sys/time.h>

/*
 * One SIGALRM, or none if 0. A handler that wants another asks for it when it is
 * done: were they to repeat, a slow machine would be in the handler for good.
 */
static inline void alarm_in(long microseconds)
{
	struct itimerval timer = { { 0, 0 }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Stops a timer and gives its signal the action it had before. Between the two no handler
 * may run: it would start the timer again, and the default action ends the program.
 */
static inline void stop_timer(int timer, int number, const struct sigaction *before)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(number, &ignore, NULL); /* discards a pending signal, too */
	setitimer(timer, &(struct itimerval){ 0 }, NULL);
	sigaction(number, before, NULL);
}

static inline void stop_alarms(const struct sigaction *before)
{
	stop_timer(ITIMER_REAL, SIGALRM, before);
}

#endif
