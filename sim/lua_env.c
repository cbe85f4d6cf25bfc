// SPDX-License-Identifier: GPL-2.0-only
/*
 * The Lua state that scenarios run in: its memory and time limits, its libraries, and loading of files.
 *
 * The prelude (sim/lua, lua_prelude.c) is part of the program and trusted. It builds the environment that a scenario
 * sees. In C a scenario can reach core (lua_core.c), which checks every argument by itself, and Lua's own pure
 * libraries.
 */
#include "lua_env.h"

#include <errno.h>
#include <lualib.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define HOOK_INSTRUCTIONS 200000
#define LARGE_BLOCK 100000	/* bytes, below M_MMAP_THRESHOLD */

static size_t memory_used;
static double deadline;
static volatile sig_atomic_t interrupted;
static void (*on_line)(lua_State *L, lua_Debug *ar);

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

static int is_over(void)
{
	return interrupted || (deadline > 0 && wall_seconds() > deadline);
}

/* Called in code that may have run for too long: it must end in time, and let other threads have the lock. */
static void count_hook(lua_State *L, lua_Debug *ar)
{
	if (ar->event == LUA_HOOKLINE) {
		on_line(L, ar);
		return;
	}
	if (atomic_load(&sim_threads) > 1)
		sim_gil_yield();
	if (interrupted) {
		interrupted = 0;
		luaL_error(L, "interrupted");
	}
	if (is_over()) {
		char where[SIM_LOG_WIDTH];

		child_time_limit();
		sim_where(L, where, sizeof(where));
		lua_pushfstring(L, "%s: time limit: this Lua code has run for too long", where);
		lua_error(L);
	}
}

/*
 * With a hook, Lua is slower by a call for each of its instructions. So the main thread's has none until a signal sets
 * it, which lua_sethook() allows. Threads and coroutines have it always: a signal would not know which one runs.
 */
static lua_State *main_thread;

static void hook_main_thread(void)
{
	if (main_thread)
		lua_sethook(main_thread, count_hook, lua_gethookmask(main_thread) | LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

static void on_deadline(int sig)
{
	(void)sig;
	hook_main_thread();
}

void lua_env_hook_thread(lua_State *L)
{
	lua_sethook(L, count_hook, LUA_MASKCOUNT, HOOK_INSTRUCTIONS);
}

/* Upvalue: coroutine.create or coroutine.wrap. The coroutine inherits the hook. */
static int hooked_coroutine(lua_State *L)
{
	int mask = lua_gethookmask(L), count = lua_gethookcount(L);
	lua_Hook hook = lua_gethook(L);

	lua_env_hook_thread(L);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	lua_sethook(L, hook, mask, count);
	if (is_over())	/* the signal may have come meanwhile */
		hook_main_thread();
	return 1;
}

static void hook_coroutines(lua_State *L)
{
	static const char *const names[] = { "create", "wrap" };

	lua_getglobal(L, LUA_COLIBNAME);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		lua_getfield(L, -1, names[i]);
		lua_pushcclosure(L, hooked_coroutine, 1);
		lua_setfield(L, -2, names[i]);
	}
	lua_pop(L, 1);
}

void lua_env_on_line(lua_State *L, void (*fn)(lua_State *L, lua_Debug *ar))
{
	on_line = fn;
	lua_sethook(L, count_hook, LUA_MASKCOUNT | LUA_MASKLINE, HOOK_INSTRUCTIONS);
}

int lua_env_interrupt(void)
{
	int before = interrupted;

	interrupted = 1;
	hook_main_thread();
	return before;
}

void lua_env_deadline(lua_State *L, double seconds)
{
	struct itimerval timer = { 0 };
	struct sigaction action = { .sa_handler = on_deadline, .sa_flags = SA_RESTART };

	interrupted = 0;
	deadline = 0;
	main_thread = L;
	lua_sethook(L, NULL, 0, 0);
	if (seconds > 0) {
		deadline = wall_seconds() + seconds;
		timer.it_value.tv_sec = (time_t)seconds;
		timer.it_value.tv_usec = (suseconds_t)((seconds - (double)timer.it_value.tv_sec) * 1e6);
		if (seconds < 1e-6)
			timer.it_value.tv_usec = 1;	/* 0 means never */
		sigaction(SIGALRM, &action, NULL);
	}
	setitimer(ITIMER_REAL, &timer, NULL);
}

struct bytes {
	char *s;
	size_t n, room;
};

/* lua_Writer; called for each few bytes. */
static int append(lua_State *L, const void *p, size_t n, void *to)
{
	struct bytes *b = to;

	(void)L;
	if (b->n + n > b->room) {
		b->room = 2 * (b->n + n) + 16384;
		b->s = xrealloc(b->s, b->room);
	}
	memcpy(b->s + b->n, p, n);
	b->n += n;
	return 0;
}

/* Pushes a file of the prelude as a function: its text compiled, or what another state has compiled. */
static int load_chunk(lua_State *L, const struct lua_prelude *p, lua_State *other)
{
	struct bytes b = { 0 };
	char name[40];
	int rc;

	snprintf(name, sizeof(name), "=kvmsim/%s", p->name);
	if (!other)
		return luaL_loadbufferx(L, p->start, (size_t)(p->end - p->start), name, "t");
	lua_rawgetp(other, LUA_REGISTRYINDEX, p);
	lua_dump(other, append, &b, 0);
	lua_pop(other, 1);
	rc = luaL_loadbufferx(L, b.s, b.n, name, "b");
	free(b.s);
	return rc;
}

/* Adds the chunk on top of the stack to modules.foreign, a list of { arch, chunk } (class.lua). Pops it. */
static void keep_foreign(lua_State *L, const char *arch)
{
	lua_getfield(L, -2, "foreign");
	lua_createtable(L, 0, 2);
	lua_pushstring(L, arch);
	lua_setfield(L, -2, "arch");
	lua_pushvalue(L, -3);
	lua_setfield(L, -2, "chunk");
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	lua_pop(L, 2);
}

static int load_prelude(lua_State *L, const struct kvmsim_machine_ops *ops, lua_State *other)
{
	lua_newtable(L);	/* modules */
	lua_newtable(L);
	lua_setfield(L, -2, "foreign");
	for (const struct lua_prelude *p = lua_prelude; p->name; p++) {
		if (load_chunk(L, p, other))
			return -1;
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, p);
		if (p->arch && strcmp(p->arch, ops->arch)) {
			keep_foreign(L, p->arch);
			continue;
		}
		lua_core_push(L, ops);
		lua_pushvalue(L, -3);
		if (lua_pcall(L, 2, 0, 0))
			return -1;
	}
	lua_setfield(L, LUA_REGISTRYINDEX, "kvmsim");
	return 0;
}

lua_State *lua_env_new(int allow_io, const struct kvmsim_machine_ops *ops, lua_State *other)
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
	hook_coroutines(L);
	if (load_prelude(L, ops, other)) {
		fprintf(stderr, "kvmsim: in the scenario language itself: %s\n", lua_tostring(L, -1));
		lua_close(L);
		return NULL;
	}
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
	long size = -1;

	if (!f)
		return NULL;
	if (!fseek(f, 0, SEEK_END))
		size = ftell(f);
	if (size >= 0) {
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

/*
 * Takes what is free within the heap, so that the blocks of a child are side by side at its end. Otherwise they lie
 * among those of its parent, and the host copies a page for almost each of them.
 */
static void fill_gaps(void)
{
	const char *end = sbrk(0);
	size_t left = mallinfo2().arena;	/* at most */
	void *volatile block;	/* else the compiler takes the calls away */

	for (size_t bytes = LARGE_BLOCK; bytes >= 16; bytes -= bytes > 1024 ? bytes / 4 : 16) {
		while ((block = malloc(bytes)) && (const char *)block < end && bytes <= left)
			left -= bytes;
		free(block);
	}
}

/*
 * Has the C library merge what is free, and sort it by size, now. Otherwise each child does so when it first needs a
 * large block, and so writes to every page of the heap.
 */
static void tidy_heap(void)
{
	void *volatile block;	/* else the compiler takes both calls away */

	malloc_trim(0);		/* merges */
	block = malloc(LARGE_BLOCK);	/* looks for a block, and so sorts */
	free(block);
	fill_gaps();
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
	lua_env_deadline(L, SIM_LOAD_TIMEOUT / 2);
	if (lua_pcall(L, 3, 0, 0)) {
		err = xstrdup(lua_tostring(L, -1) ? lua_tostring(L, -1) : "an error value that is not a string");
		lua_pop(L, 1);
	}
	lua_env_deadline(L, 0);
	free(own);
	/* Processes are forked from here. Without garbage, a short scenario ends before its first collection. */
	lua_gc(L, LUA_GCCOLLECT);
	tidy_heap();
	return err;
}
