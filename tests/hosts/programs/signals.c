/* SPDX-License-Identifier: MIT */

/*
 * SIGALRM and SIGPROF at any time, even during the handler of the other. The handlers call every
 * function, as does the interrupted code.
 */
#include "hosts.h"
#include "alarms.h"

#define DELAY_MAX 700 /* microseconds until the signal, at most */

static volatile sig_atomic_t failed_line;
static volatile long handled;

static void handler(int number)
{
	int saved = errno, line = call_every_function();

	(void)number;
	if (line != 0 && failed_line == 0)
		failed_line = line;
	handled = handled + 1;
	errno = saved;
}

static void profile_in(long microseconds)
{
	struct itimerval timer = { { 0, 0 }, { 0, microseconds } };

	setitimer(ITIMER_PROF, &timer, NULL);
}

static void works_in_nested_signal_handlers(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old_alarm, old_profile;
	uint64_t random = (uint64_t)getpid();
	int line = 0;

	sigaction(SIGALRM, &action, &old_alarm);
	sigaction(SIGPROF, &action, &old_profile);
	failed_line = 0;
	handled = 0;
	for (long n = rounds(); n > 0 && line == 0 && failed_line == 0; n--) {
		alarm_in(1 + random_below(&random, DELAY_MAX));
		profile_in(1 + random_below(&random, DELAY_MAX));
		line = call_every_function();
	}
	stop_alarms(&old_alarm);
	stop_timer(ITIMER_PROF, SIGPROF, &old_profile);
	CHECK(handled > 0);
	EQ(line, 0);
	EQ(failed_line, 0);
}

int main(int argc, char **argv)
{
	start(argc, argv);
	RUN(works_in_nested_signal_handlers);
	return finish();
}
