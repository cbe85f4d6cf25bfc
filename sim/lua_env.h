/* SPDX-License-Identifier: GPL-2.0-only */
/* The Lua side of the engine: one state per process, shared by all native threads of a scenario under one lock. */
#ifndef SIM_LUA_ENV_H
#define SIM_LUA_ENV_H

#include "sim.h"

#include <lauxlib.h>
#include <lua.h>

/*
 * Makes a state with the scenario language for one flavour, whose constants and structures it has. Returns NULL after a
 * message. allow_io: scenarios also get os and io. other: NULL, or a state that was made like this, which makes it
 * faster.
 */
lua_State *lua_env_new(int allow_io, const struct kvmsim_machine_ops *ops, lua_State *other);
/*
 * Wall-clock seconds until Lua code is interrupted with an error, at most 1e6; 0: never. L: the state that runs from
 * now on. Takes away what lua_env_on_line() has set.
 */
void lua_env_deadline(lua_State *L, double seconds);
/* For a thread of L's that is not a coroutine: it ends by the deadline, and lets other threads have the Lua lock. */
void lua_env_hook_thread(lua_State *L);
/*
 * Ends Lua code with an error as soon as it executes. After lua_env_deadline(). May be called by a signal handler.
 * Returns whether an earlier call has had no effect yet.
 */
int lua_env_interrupt(void);
/* Calls fn before each line of Lua code. It may call Lua. */
void lua_env_on_line(lua_State *L, void (*fn)(lua_State *L, lua_Debug *ar));
/* Pushes the prelude's function name; the caller calls it. */
void lua_env_push(lua_State *L, const char *name);
/* Reads and runs a scenario file, which registers its scenarios. Returns NULL, or the error (malloc'ed). */
char *lua_env_load_file(lua_State *L, const struct sim_file *file);

/*
 * A file of sim/lua, in the order of loading. Each chunk gets (core, modules) and adds itself to modules. arch: the
 * only architecture where it runs, or NULL.
 */
struct lua_prelude {
	const char *name, *arch, *start, *end;
};

extern const struct lua_prelude lua_prelude[];	/* the last one has no name */

/* show.c: draws the memory picture when the scenario comes to the line. */
void show_arm(lua_State *L, const struct sim_show *show, const struct sim_job *job);

/* For core: the text of the file that the argument names, or nil and why it cannot be read. */
int lua_env_read_file(lua_State *L);

/* Sets the flavour that core calls enter. check_end: do not run the checker after each call. */
void lua_core_machine(const struct kvmsim_machine_ops *ops, int check_end);
/* Pushes the table of primitives that the prelude is built on; the first call makes it, for the flavour ops. */
void lua_core_push(lua_State *L, const struct kvmsim_machine_ops *ops);
void lua_inspect_register(lua_State *L);	/* adds to the table on top of the stack */
void lua_thread_register(lua_State *L);
void lua_expect_register(lua_State *L);
void lua_measure_register(lua_State *L);
void lua_kernel_register(lua_State *L, const struct kvmsim_machine_ops *ops);

/* --- shared by the lua_*.c files --- */
extern const struct kvmsim_machine_ops *sim_ops;	/* NULL outside a scenario */
extern _Thread_local unsigned int sim_cpu;		/* simulated CPU of this native thread */
extern atomic_int sim_threads;				/* native threads running beside the main one */
/*
 * Put these around every call into the machine. enter() gives up the Lua lock, so nothing of L may be touched until
 * leave(). leave() runs what is due and the checker, and raises a Lua error if something was reported.
 */
void sim_enter(lua_State *L);
void sim_leave(lua_State *L);
void sim_gil_lock(void);
void sim_gil_unlock(void);
void sim_gil_yield(void);	/* lets another thread that waits for the lock have it */
/* Finds the innermost scenario code that runs on L: its source and current line. Returns false if there is none. */
int sim_caller(lua_State *L, lua_Debug *ar);
/* The same as "file:line", or "?". */
void sim_where(lua_State *L, char *buf, size_t bytes);
/* Set a field of the table on top of the stack. */
void sim_put_int(lua_State *L, const char *name, uint64_t value);
void sim_put_bool(lua_State *L, const char *name, int value);

#endif
