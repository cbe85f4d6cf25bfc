// SPDX-License-Identifier: GPL-2.0-only
/* What `kvmsim bench` measures of a scenario: the machine's counters, time, and callgrind's instructions. */
#include "lua_env.h"

#include <errno.h>
#include <kshim/measure.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

static struct {
	uint64_t counters[SIM_MAX_COUNTERS];
	double ns;
} before;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void read_counters(uint64_t *v)
{
	for (unsigned int i = 0; i < SIM_MAX_COUNTERS && sim_ops->counter_name(i); i++)
		v[i] = sim_ops->counter(i);
}

static void watch(enum kvmsim_watch how)
{
	if (child_measures())
		sim_ops->bench(KVMSIM_BENCH_MMU_LOCK, 0, 0, how, 1, 1, 0);
}

static int measures(lua_State *L)
{
	lua_pushboolean(L, child_measures());
	return 1;
}

static int measure_begin(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT);
	if (child_measures() == SIM_MEASURE_HELD)
		watch(KVMSIM_WATCH_HELD);
	else if (!RUNNING_ON_VALGRIND)	/* the count would be among the instructions */
		watch(KVMSIM_WATCH_COUNT);
	read_counters(before.counters);
	/* For all threads; what is collected meanwhile is the affair of bench/callgrind.c. */
	if (child_measures() && RUNNING_ON_VALGRIND)
		CALLGRIND_START_INSTRUMENTATION;
	before.ns = now_ns();
	return 0;
}

/* (unit, operations) -> false if something has been measured before */
static int measure_end(lua_State *L)
{
	struct sim_measure m = { .ns = now_ns() - before.ns };

	if (child_measures() && RUNNING_ON_VALGRIND)
		CALLGRIND_STOP_INSTRUMENTATION;
	watch(KVMSIM_WATCH_OFF);
	read_counters(m.counters);
	for (unsigned int i = 0; i < SIM_MAX_COUNTERS; i++)
		m.counters[i] -= before.counters[i];
	m.ops = (uint64_t)luaL_checkinteger(L, 2);
	snprintf(m.unit, sizeof(m.unit), "%s", luaL_checkstring(L, 1));
	lua_pushboolean(L, child_measured(&m));
	return 1;
}

/*
 * The next number below n in an order that looks random and is always the same: all n, then all again. *x is the state
 * of a linear congruential generator modulo a power of two, which has each of its values once in a period.
 */
static uint64_t next_random(uint64_t *x, uint64_t n)
{
	unsigned int bits = 0;
	uint64_t value;

	while (bits < 63 && 1ULL << bits < n)
		bits++;
	do {
		*x = (*x * 1664525 + 1013904223) & ((1ULL << bits) - 1);
		value = *x ^ *x >> (bits + 1) / 2;	/* the lower bits of *x have short periods */
	} while (value >= n);
	return value;
}

enum { GFN_TO_HVA = KVMSIM_BENCH_GFN_TO_PFN + 1 };	/* has no loop in the machine */

/* One look-up: 1 if it finds something, 0, or -errno. */
static int64_t look_up(int which, int pid, int vm, uint64_t gfn)
{
	uint64_t hva;
	int rc;

	if (which != GFN_TO_HVA)
		return sim_ops->bench((enum kvmsim_bench)which, pid, vm, gfn, 1, 1, 1);
	rc = sim_ops->inspect_gfn_to_hva(pid, vm, gfn, &hva);
	return rc == -EFAULT ? 0 : rc ? rc : 1;
}

/* (function, pid, vm, first, stride, range, count, random) -> hits, or -errno */
static int measure_loop(lua_State *L)
{
	static const char *const functions[] = { "gfn_to_memslot", "gfn_to_pfn", "gfn_to_hva", NULL };
	int which = luaL_checkoption(L, 1, NULL, functions), random = lua_toboolean(L, 8);
	int pid = (int)luaL_checkinteger(L, 2), vm = (int)luaL_checkinteger(L, 3);
	int64_t hits = 0, one = 0;
	uint64_t v[4], x = 0;

	for (int i = 0; i < 4; i++)
		v[i] = (uint64_t)luaL_checkinteger(L, 4 + i);
	sim_enter(L);
	if (!random && which != GFN_TO_HVA)
		hits = sim_ops->bench((enum kvmsim_bench)which, pid, vm, v[0], v[1], v[2], v[3]);
	for (uint64_t i = 0; (random || which == GFN_TO_HVA) && i < v[3] && one >= 0; i++) {
		uint64_t step = random ? next_random(&x, v[2] / v[1]) : i % (v[2] / v[1]);

		one = look_up(which, pid, vm, v[0] + step * v[1]);
		hits = one < 0 ? one : hits + one;
	}
	sim_leave(L);
	lua_pushinteger(L, hits);
	return 1;
}

void lua_measure_register(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "measures", measures }, { "measure_begin", measure_begin }, { "measure_end", measure_end },
		{ "measure_loop", measure_loop },
		{ NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
}
