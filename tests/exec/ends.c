// SPDX-License-Identifier: GPL-2.0-only
/* ends HOW: the ways in which a program can end while a guest runs in one of its threads. */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include "guest.h"

static void *exits(void *arg)
{
	exit(7);
	return arg;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	struct guest guest;
	pthread_t t, other;

	guest_make(&guest);
	CHECK(!pthread_create(&t, NULL, guest_thread, &guest));
	guest_counts(&guest);
	if (!strcmp(how, "crash"))
		*(volatile int *)8 = 1;
	else if (!strcmp(how, "simulated-crash"))
		*(volatile char *)guest.run = 1, munmap(guest.ram, PAGE), *(volatile char *)guest.ram = 1;
	else if (!strcmp(how, "abort"))
		abort();
	else if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	else if (!strcmp(how, "exit-from-thread"))
		CHECK(!pthread_create(&other, NULL, exits, NULL) && !pthread_join(t, NULL));
	else
		CHECK(!strcmp(how, "return"));
	return 0;
}
