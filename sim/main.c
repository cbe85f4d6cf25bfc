// SPDX-License-Identifier: GPL-2.0-only
/* Entry of the program: makes addresses the same in every run, then handles the command line. */
#include "sim.h"

#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

/*
 * Switches address space randomisation off, by starting the program once more. If the system forbids it the program
 * runs all the same: nothing printed depends on host addresses, this only makes debugging steadier. Not under Valgrind,
 * which would lose the new program.
 */
static void fix_addresses(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");
	int now = personality(0xffffffff);

	if (now < 0 || (now & ADDR_NO_RANDOMIZE) || getenv("KVMSIM_FIXED_ADDRESSES"))
		return;
	if (preload && strstr(preload, "vgpreload"))
		return;
	if (personality((unsigned long)now | ADDR_NO_RANDOMIZE) < 0)
		return;
	setenv("KVMSIM_FIXED_ADDRESSES", "1", 1);
	execv("/proc/self/exe", argv);
}

#ifdef __SANITIZE_ADDRESS__
/*
 * The sanitizers ask for their defaults here. No leak check: it reads all data, and the data of the refused symbols
 * have no access rights. A scenario's process ends without one anyway.
 */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);

const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}
#endif

int main(int argc, char **argv)
{
	fix_addresses(argv);
	unsetenv("KVMSIM_FIXED_ADDRESSES");
	return cli_main(argc, argv);
}
