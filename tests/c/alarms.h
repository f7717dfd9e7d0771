/* SPDX-License-Identifier: MIT */

/* Timers whose signals interrupt the program. */
#ifndef ALARMS_H
#define ALARMS_H

#include <signal.h>
#include <sys/time.h>

/*
 * Sends one SIGALRM, or none if 0. The handler requests the next one: with a periodic timer
 * a slow host could spend all its time in the handler.
 */
static inline void alarm_in(long microseconds)
{
	struct itimerval timer = { { 0, 0 }, { 0, microseconds } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/*
 * Stops a timer and restores the action of its signal. The signal is ignored in between: the
 * handler would start the timer again, and the default action ends the program.
 */
static inline void stop_timer(int timer, int number, const struct sigaction *before)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	sigaction(number, &ignore, NULL); /* also discards a pending signal */
	setitimer(timer, &(struct itimerval){ 0 }, NULL);
	sigaction(number, before, NULL);
}

static inline void stop_alarms(const struct sigaction *before)
{
	stop_timer(ITIMER_REAL, SIGALRM, before);
}

#endif
