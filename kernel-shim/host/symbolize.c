// SPDX-License-Identifier: GPL-2.0-only
/* Symbols and source lines of this process, by elfutils' libdw, opened when the first back trace is printed. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <kshim/host.h>
#include "report.h"
#include <kshim/symbolize.h>

static pthread_mutex_t dwfl_lock = PTHREAD_MUTEX_INITIALIZER;
static Dwfl *dwfl;

static int find_debuginfo(Dwfl_Module *mod, void **userdata, const char *name, Dwarf_Addr base, const char *file,
			  const char *debuglink, GElf_Word crc, char **debuginfo)
{
	/* Separate debug files are looked for on the local disk only, never on a server. */
	return dwfl_build_id_find_debuginfo(mod, userdata, name, base, file, debuglink, crc, debuginfo);
}

static Dwfl *get_dwfl(void)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = dwfl_linux_proc_find_elf,
		.find_debuginfo = find_debuginfo,
	};

	if (dwfl)
		return dwfl;
	dwfl = dwfl_begin(&callbacks);
	if (!dwfl)
		return NULL;
	if (dwfl_linux_proc_report(dwfl, getpid()) || dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		dwfl = NULL;
	}
	return dwfl;
}

typedef void (*frame_fn)(void *arg, const char *func, const char *file, int line, bool inlined);

/* Finds where the body that scope was inlined into calls it. Returns false if the debug information does not say. */
static bool call_site(Dwarf_Die *cu, Dwarf_Die *scope, const char **file, int *line)
{
	Dwarf_Attribute attr;
	Dwarf_Files *files;
	Dwarf_Word v;
	size_t n;

	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_line, &attr), &v))
		return false;
	*line = v;
	if (dwarf_formudata(dwarf_attr(scope, DW_AT_call_file, &attr), &v) || dwarf_getsrcfiles(cu, &files, &n) ||
	    v >= n)
		return false;
	*file = dwarf_filesrc(files, v, NULL, NULL);
	return *file;
}

static const char *die_name(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attr));

	if (!name)
		name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_name, &attr));
	return name ? name : "?";
}

static void each_scope(Dwfl_Module *mod, Dwarf_Addr addr, const char *file, int line, frame_fn fn, void *arg)
{
	Dwarf_Addr bias = 0;
	Dwarf_Die *cu = dwfl_module_addrdie(mod, addr, &bias), *scopes = NULL, die;
	int i, n = cu ? dwarf_getscopes(cu, addr - bias, &scopes) : 0;
	const char *symbol = dwfl_module_addrname(mod, addr), *func;
	Dwarf_Die *chain = NULL;
	int tag;

	/* dwarf_getscopes() follows an inlined body to its abstract origin; the concrete chain is wanted here. */
	if (n > 0) {
		die = scopes[0];
		n = dwarf_getscopes_die(&die, &chain);
	}
	for (i = 0; i < n; i++) {
		tag = dwarf_tag(&chain[i]);
		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_subprogram)
			continue;
		func = die_name(&chain[i]);
		fn(arg, func, file ? host_short_path(file) : "?", line, tag == DW_TAG_inlined_subroutine);
		if (tag == DW_TAG_subprogram)
			goto out;
		if (!call_site(cu, &chain[i], &file, &line)) {
			file = NULL;
			line = 0;
		}
	}
	fn(arg, symbol ? symbol : "?", file ? host_short_path(file) : "?", line, false);
out:
	free(chain);
	free(scopes);
}

int host_symbolize_each(void *pc, frame_fn fn, void *arg)
{
	Dwarf_Addr addr = (uintptr_t)pc - 1;
	Dwfl_Module *mod;
	const char *file = NULL;
	Dwfl_Line *src;
	int line = 0, ret = -1;

	pthread_mutex_lock(&dwfl_lock);
	mod = get_dwfl() ? dwfl_addrmodule(dwfl, addr) : NULL;
	if (mod) {
		src = dwfl_module_getsrc(mod, addr);
		if (src)
			file = dwfl_lineinfo(src, NULL, &line, NULL, NULL, NULL);
		each_scope(mod, addr, file, line, fn, arg);
		ret = 0;
	}
	pthread_mutex_unlock(&dwfl_lock);
	return ret;
}

bool host_symbol(unsigned long addr, char *name, unsigned long size, unsigned long *offset, unsigned long *bytes)
{
	const char *found = NULL;
	Dwfl_Module *mod;
	GElf_Off into;
	GElf_Sym sym;

	pthread_mutex_lock(&dwfl_lock);
	mod = get_dwfl() ? dwfl_addrmodule(dwfl, addr) : NULL;
	if (mod)
		found = dwfl_module_addrinfo(mod, addr, &into, &sym, NULL, NULL, NULL);
	if (found) {
		snprintf(name, size, "%s", found);
		*offset = into;
		*bytes = sym.st_size;
	}
	pthread_mutex_unlock(&dwfl_lock);
	return found;
}

struct first_frame {
	char *func, *file;
	size_t func_size, file_size;
	int line;
	bool seen;
};

static void take_first(void *arg, const char *func, const char *file, int line, bool inlined)
{
	struct first_frame *f = arg;

	(void)inlined;
	if (f->seen)
		return;
	snprintf(f->func, f->func_size, "%s", func);
	snprintf(f->file, f->file_size, "%s", file);
	f->line = line;
	f->seen = true;
}

int host_symbolize(void *pc, char *func, size_t func_size, char *file, size_t file_size, int *line)
{
	struct first_frame f = { func, file, func_size, file_size, 0, false };
	int ret;

	snprintf(func, func_size, "?");
	snprintf(file, file_size, "?");
	ret = host_symbolize_each(pc, take_first, &f);
	*line = f.line;
	return ret;
}

bool host_same_object(const void *pc, const void *addr)
{
	Dl_info a, b;

	return dladdr((char *)pc - 1, &a) && dladdr(addr, &b) && a.dli_fbase == b.dli_fbase;
}
