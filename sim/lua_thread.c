// SPDX-License-Identifier: GPL-2.0-only
/*
 * Native threads of a scenario: each runs a Lua coroutine of the shared state, attached to its own simulated CPU.
 *
 * Only the holder of the Lua lock touches the state. Threads run inside core.join() only, while the scenario's main
 * thread waits there.
 */
#include "lua_env.h"

#include <pthread.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct worker {
	pthread_t native;
	lua_State *L;
	unsigned int cpu;
	int failed;	/* L's top is the error */
};

static atomic_int stopping;	/* time is over, or a thread failed */
static atomic_int broken;	/* a thread failed, or there are not all of them */
static atomic_int live;
static atomic_int attached;	/* workers that have tried to attach */

static void stop_broken(void)
{
	atomic_store(&broken, 1);
	atomic_store(&stopping, 1);
}

static void *worker_main(void *arg)
{
	struct worker *w = arg;
	int rc = sim_ops->thread_attach(w->cpu);

	atomic_fetch_add(&attached, 1);
	sim_cpu = w->cpu;
	sim_gil_lock();
	if (rc) {
		lua_pushfstring(w->L, "no simulated CPU %d for this thread: error %d", (int)w->cpu, rc);
		w->failed = 1;
	} else {
		w->failed = lua_pcall(w->L, 0, 0, 0) != LUA_OK;
	}
	if (w->failed)
		stop_broken();
	sim_gil_unlock();
	if (!rc)
		sim_ops->thread_detach();
	atomic_fetch_sub(&live, 1);
	return NULL;
}

/* The machine notices a deadlock of its threads only if this thread, which will not help them, is not one of them. */
static void leave_machine(int started)
{
	const struct timespec tick = { .tv_nsec = 100000 };

	while (atomic_load(&attached) < started)
		nanosleep(&tick, NULL);
	sim_ops->thread_detach();
}

static void wait_workers(double seconds)
{
	double end = wall_seconds() + seconds;
	const struct timespec tick = { .tv_nsec = 2000000 };

	while (seconds > 0 && atomic_load(&live) && !atomic_load(&stopping) && wall_seconds() < end)
		nanosleep(&tick, NULL);
	if (seconds > 0)
		atomic_store(&stopping, 1);
}

/* (list of functions, seconds or 0) -> nothing, or index and error of the first that failed */
static int core_join(lua_State *L)
{
	struct worker w[KVMSIM_MAX_CPUS] = { 0 };
	double seconds = luaL_checknumber(L, 2);
	lua_Integer n;
	int started = 0, bad = 0, rc;

	luaL_checktype(L, 1, LUA_TTABLE);
	n = (lua_Integer)lua_rawlen(L, 1);
	luaL_argcheck(L, n < KVMSIM_MAX_CPUS, 1, "more threads than simulated CPUs");
	luaL_argcheck(L, sim_ops && !atomic_load(&sim_threads), 1, "only from the scenario's main thread");
	luaL_argcheck(L, seconds >= 0 && seconds <= 3600, 2, "0 to 3600 seconds");
	luaL_checkstack(L, (int)n + 8, "threads");
	for (int i = 0; i < n; i++) {
		w[i].L = lua_newthread(L);	/* stays on the stack: not collected */
		lua_env_hook_thread(w[i].L);
		w[i].cpu = (unsigned int)i + 1;
		luaL_checkstack(w[i].L, 8, "thread");
		lua_rawgeti(L, 1, i + 1);
		luaL_checktype(L, -1, LUA_TFUNCTION);
		lua_xmove(L, w[i].L, 1);
	}
	atomic_store(&stopping, 0);
	atomic_store(&broken, 0);
	atomic_store(&live, (int)n);
	atomic_store(&attached, 0);
	atomic_store(&sim_threads, (int)n);
	for (; started < n; started++)
		if (pthread_create(&w[started].native, NULL, worker_main, &w[started]))
			break;
	if (started < n) {
		stop_broken();
		atomic_fetch_sub(&live, (int)n - started);
	}
	sim_gil_unlock();
	leave_machine(started);
	wait_workers(seconds);
	for (int i = 0; i < started; i++)
		pthread_join(w[i].native, NULL);
	rc = sim_ops->thread_attach(0);
	sim_gil_lock();
	atomic_store(&sim_threads, 0);
	if (rc)
		return luaL_error(L, "the main thread cannot get its simulated CPU back: error %d", rc);
	if (started < n)
		return luaL_error(L, "the host gave no thread");
	while (bad < n && !w[bad].failed)
		bad++;
	if (bad == n)
		return 0;
	lua_pushinteger(L, bad + 1);
	lua_xmove(w[bad].L, L, 1);
	return 2;
}

/* () -> whether threads should return, whether that is because one failed */
static int core_stopping(lua_State *L)
{
	lua_pushboolean(L, atomic_load(&stopping));
	lua_pushboolean(L, atomic_load(&broken));
	return 2;
}

void lua_thread_register(lua_State *L)
{
	static const luaL_Reg functions[] = { { "join", core_join }, { "stopping", core_stopping }, { NULL, NULL } };

	luaL_setfuncs(L, functions, 0);
}
