// SPDX-License-Identifier: GPL-2.0-only
/* Prints what a flavour says of its machine, as a line of kernel-shim/machines: machines FLAVOUR.so */
#include <dlfcn.h>
#include <stdio.h>

#include <kshim/machine.h>

static void print_name(unsigned int i, const char *name)
{
	printf("%s%s", i ? "," : "", name);
}

int main(int argc, char **argv)
{
	void *flavour = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
	const struct kvmsim_machine_ops *ops = flavour ? dlsym(flavour, "kvmsim_machine") : NULL;
	unsigned int i;

	if (!ops) {
		fprintf(stderr, "machines: %s\n", argc == 2 ? dlerror() : "which flavour?");
		return 1;
	}
	printf("%s ", ops->arch);
	for (i = 0; ops->personalities[i]; i++)
		print_name(i, ops->personalities[i]);
	putchar(' ');
	for (i = 0; ops->facility_name(i); i++)
		print_name(i, ops->facility_name(i));
	puts(i ? "" : "-");
	return 0;
}
