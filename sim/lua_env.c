// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua state that scenarios run in: its memory and time limits, its libraries, and loading of files.
 *
 * The prelude (sim/lua) is part of the program and trusted. It builds the environment that a scenario sees. In C a
 * scenario can reach core (lua_core.c), which checks every argument by itself, and Lua's own pure libraries.
 */
#include "lua_env.h"

#include <errno.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>

#define HOOK_INSTRUCTIONS 200000

#define EMBED(symbol, file)						\
	__asm__(".section .rodata\n"					\
		".global " #symbol "\n" #symbol ":\n"			\
		".incbin \"" KVMSIM_LUA_DIR "/" file "\"\n"		\
		".byte 0\n"						\
		".global " #symbol "_end\n" #symbol "_end:\n"		\
		".previous\n");						\
	extern const char symbol[], symbol##_end[]

EMBED(lua_src_args, "args.lua");
EMBED(lua_src_expect, "expect.lua");
EMBED(lua_src_class, "class.lua");
EMBED(lua_src_process, "process.lua");
EMBED(lua_src_userfaultfd, "userfaultfd.lua");
EMBED(lua_src_dirty, "dirty.lua");
EMBED(lua_src_vm, "vm.lua");
EMBED(lua_src_exits, "exits.lua");
EMBED(lua_src_vcpu, "vcpu.lua");
EMBED(lua_src_rings, "rings.lua");
EMBED(lua_src_stats, "stats.lua");
EMBED(lua_src_x86, "x86.lua");
EMBED(lua_src_guest, "guest.lua");
EMBED(lua_src_s390x, "s390x.lua");
EMBED(lua_src_s390x_state, "s390x_state.lua");
EMBED(lua_src_s390x_ar, "s390x_ar.lua");
EMBED(lua_src_s390x_memop, "s390x_memop.lua");
EMBED(lua_src_s390x_insn, "s390x_insn.lua");
EMBED(lua_src_s390x_nested, "s390x_nested.lua");
EMBED(lua_src_s390x_memory, "s390x_memory.lua");
EMBED(lua_src_s390x_model, "s390x_model.lua");
EMBED(lua_src_inspect, "inspect.lua");
EMBED(lua_src_scenario, "scenario.lua");
EMBED(lua_src_sandbox, "sandbox.lua");

/* In the order of loading. Each chunk gets (core, modules) and adds itself to modules. */
static const struct {
	const char *name, *start, *end;
} prelude[] = {
	{ "args", lua_src_args, lua_src_args_end },
	{ "class", lua_src_class, lua_src_class_end },
	{ "expect", lua_src_expect, lua_src_expect_end },
	{ "process", lua_src_process, lua_src_process_end },
	{ "userfaultfd", lua_src_userfaultfd, lua_src_userfaultfd_end },
	{ "dirty", lua_src_dirty, lua_src_dirty_end },
	{ "vm", lua_src_vm, lua_src_vm_end },
	{ "exits", lua_src_exits, lua_src_exits_end },
	{ "vcpu", lua_src_vcpu, lua_src_vcpu_end },
	{ "rings", lua_src_rings, lua_src_rings_end },
	{ "stats", lua_src_stats, lua_src_stats_end },
	{ "x86", lua_src_x86, lua_src_x86_end },
	{ "guest", lua_src_guest, lua_src_guest_end },
	{ "s390x", lua_src_s390x, lua_src_s390x_end },
	{ "s390x_state", lua_src_s390x_state, lua_src_s390x_state_end },
	{ "s390x_ar", lua_src_s390x_ar, lua_src_s390x_ar_end },
	{ "s390x_memop", lua_src_s390x_memop, lua_src_s390x_memop_end },
	{ "s390x_insn", lua_src_s390x_insn, lua_src_s390x_insn_end },
	{ "s390x_nested", lua_src_s390x_nested, lua_src_s390x_nested_end },
	{ "s390x_memory", lua_src_s390x_memory, lua_src_s390x_memory_end },
	{ "s390x_model", lua_src_s390x_model, lua_src_s390x_model_end },
	{ "inspect", lua_src_inspect, lua_src_inspect_end },
	{ "scenario", lua_src_scenario, lua_src_scenario_end },
	{ "sandbox", lua_src_sandbox, lua_src_sandbox_end },
};

static size_t memory_used;
static double deadline;

/* lua_Alloc: for a new object osize is a type tag, not a size. */
static void *limited_alloc(void *ud, void *p, size_t osize, size_t nsize)
{
	size_t old = p ? osize : 0;

	(void)ud;
	if (!nsize) {
		memory_used -= old;
		free(p);
		return NULL;
	}
	if (nsize > old && (nsize > SIM_LUA_MEMORY || memory_used - old + nsize > SIM_LUA_MEMORY))
		return NULL;
	p = realloc(p, nsize);
	if (p)
		memory_used += nsize - old;
	return p;
}

/* Called in code without calls into the machine: it must end in time, and let other threads have the lock. */
static void count_hook(lua_State *L, lua_Debug *ar)
{
	(void)ar;
	if (atomic_load(&sim_threads) > 1)
		sim_gil_yield();
	if (deadline > 0 && wall_seconds() > deadline) {
		char where[SIM_LOG_WIDTH];

		child_time_limit();
		sim_where(L, where, sizeof(where));
		lua_pushfstring(L, "%s: time limit: this Lua code has run for too long", where);
		lua_error(L);
	}
}

void lua_env_deadline(double seconds)
{
	deadline = seconds > 0 ? wall_seconds() + seconds : 0;
}

static int load_prelude(lua_State *L)
{
	lua_newtable(L);	/* modules */
	for (size_t i = 0; i < sizeof(prelude) / sizeof(prelude[0]); i++) {
		size_t n = (size_t)(prelude[i].end - prelude[i].start) - 1;
		char chunk[40];

		snprintf(chunk, sizeof(chunk), "=kvmsim/%s", prelude[i].name);
		if (luaL_loadbufferx(L, prelude[i].start, n, chunk, "t"))
			return -1;
		lua_core_push(L);
		lua_pushvalue(L, -3);
		if (lua_pcall(L, 2, 0, 0))
			return -1;
	}
	lua_setfield(L, LUA_REGISTRYINDEX, "kvmsim");
	return 0;
}

lua_State *lua_env_new(int allow_io)
{
	static const luaL_Reg libs[] = {
		{ LUA_GNAME, luaopen_base }, { LUA_STRLIBNAME, luaopen_string }, { LUA_TABLIBNAME, luaopen_table },
		{ LUA_MATHLIBNAME, luaopen_math }, { LUA_UTF8LIBNAME, luaopen_utf8 },
			{ LUA_COLIBNAME, luaopen_coroutine },
	};
	lua_State *L = lua_newstate(limited_alloc, NULL);

	if (!L) {
		fprintf(stderr, "kvmsim: no memory for Lua\n");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(libs) / sizeof(libs[0]); i++) {
		luaL_requiref(L, libs[i].name, libs[i].func, 1);
		lua_pop(L, 1);
	}
	if (allow_io) {
		luaL_requiref(L, LUA_IOLIBNAME, luaopen_io, 1);
		luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 1);
		lua_pop(L, 2);
	}
	if (load_prelude(L)) {
		fprintf(stderr, "kvmsim: in the scenario language itself: %s\n", lua_tostring(L, -1));
		lua_close(L);
		return NULL;
	}
	lua_sethook(L, count_hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
	return L;
}

void lua_env_push(lua_State *L, const char *name)
{
	lua_getfield(L, LUA_REGISTRYINDEX, "kvmsim");
	lua_getfield(L, -1, name);
	lua_remove(L, -2);
}

/* Reads the whole file, NUL-terminated. Returns NULL and sets errno on failure. */
static char *slurp(const char *path, size_t *n)
{
	FILE *f = fopen(path, "re");
	char *s = NULL;
	long size;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END) && (size = ftell(f)) >= 0) {
		rewind(f);
		if ((unsigned long)size > SIM_MAX_FILE) {
			errno = EFBIG;
		} else {
			s = xmalloc((size_t)size + 1);
			*n = fread(s, 1, (size_t)size, f);
		}
	}
	fclose(f);
	return s;
}

int lua_env_read_file(lua_State *L)
{
	size_t n = 0;
	char *text = slurp(luaL_checkstring(L, 1), &n);

	if (!text) {
		lua_pushnil(L);
		lua_pushstring(L, strerror(errno));
		return 2;
	}
	lua_pushlstring(L, text, n);
	free(text);
	return 1;
}

/* Runs protected everything that may raise an error. Stack: path, text, length. */
static int load_protected(lua_State *L)
{
	const char *path = lua_touserdata(L, 1), *text = lua_touserdata(L, 2);
	size_t n = *(const size_t *)lua_touserdata(L, 3);

	if (n > 1 && text[0] == '#') {	/* "#!/usr/bin/env kvmsim" */
		const char *nl = memchr(text, '\n', n);

		n -= nl ? (size_t)(nl - text) : n;
		text = nl ? nl : text;
	}
	lua_env_push(L, "run_file");
	lua_pushlstring(L, text, n);
	lua_pushfstring(L, "@%s", path);
	lua_call(L, 2, 0);
	return 0;
}

char *lua_env_load_file(lua_State *L, const struct sim_file *file)
{
	size_t n = file->bytes;
	char *own = file->text ? NULL : slurp(file->path, &n), *err = NULL;

	if (!own && !file->text)
		return xasprintf("%s: %s", file->path, strerror(errno));
	lua_pushcfunction(L, load_protected);
	lua_pushlightuserdata(L, file->path);
	lua_pushlightuserdata(L, own ? own : file->text);
	lua_pushlightuserdata(L, &n);
	lua_env_deadline(SIM_LOAD_TIMEOUT / 2);
	if (lua_pcall(L, 3, 0, 0)) {
		err = xstrdup(lua_tostring(L, -1) ? lua_tostring(L, -1) : "an error value that is not a string");
		lua_pop(L, 1);
	}
	lua_env_deadline(0);
	free(own);
	/* Processes are forked from here. Without garbage, a short scenario ends before its first collection. */
	lua_gc(L, LUA_GCCOLLECT);
	return err;
}
