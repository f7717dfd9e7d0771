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

#endif
