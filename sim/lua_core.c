// SPDX-License-Identifier: GPL-2.0-only
/*
 * core: the primitives of the scenario language, one for each call of kvmsim_machine_ops.
 *
 * Every argument is checked here, whatever the prelude has checked before. A scenario that gets hold of core can get
 * errors out of it, not crashes. A result < 0 is -errno.
 */
#include "lua_env.h"

#include <kshim/driver_events.h>

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

const struct kvmsim_machine_ops *sim_ops;
_Thread_local unsigned int sim_cpu;
atomic_int sim_threads;

static int check_at_end;
static pthread_mutex_t gil = PTHREAD_MUTEX_INITIALIZER;

void lua_core_machine(const struct kvmsim_machine_ops *ops, int check_end)
{
	sim_ops = ops;
	check_at_end = check_end;
}

void sim_gil_lock(void)
{
	pthread_mutex_lock(&gil);
}

void sim_gil_unlock(void)
{
	pthread_mutex_unlock(&gil);
}

int sim_caller(lua_State *L, lua_Debug *ar)
{
	for (int level = 0; lua_getstack(L, level, ar); level++) {
		lua_getinfo(L, "Sl", ar);
		if (ar->source[0] == '@')
			return 1;
	}
	return 0;
}

void sim_gil_yield(void)
{
	/* The lock is not fair: its next owner needs the time to wake up. */
	const struct timespec tick = { .tv_nsec = 100000 };

	sim_gil_unlock();
	nanosleep(&tick, NULL);
	sim_gil_lock();
}

void sim_where(lua_State *L, char *buf, size_t bytes)
{
	lua_Debug ar;

	if (sim_caller(L, &ar))
		snprintf(buf, bytes, "%s:%d", ar.source + 1, ar.currentline);
	else
		snprintf(buf, bytes, "?");
}

void sim_enter(lua_State *L)
{
	char where[SIM_LOG_WIDTH];

	if (!sim_ops)
		luaL_error(L, "there is no machine here: only the function of a scenario has one");
	sim_where(L, where, sizeof(where));
	child_where(sim_cpu, where);
	sim_gil_unlock();
}

void sim_leave(lua_State *L)
{
	unsigned int reports;

	sim_ops->step_end();
	if (!check_at_end && !atomic_load(&sim_threads))
		sim_ops->check();
	reports = child_unexpected_reports();
	sim_gil_lock();
	if (reports) {
		char where[SIM_LOG_WIDTH];

		sim_where(L, where, sizeof(where));
		lua_pushfstring(L, "%s: the machine reported an error in this call or an earlier one", where);
		lua_error(L);
	}
}

/* An enum of the machine interface, 0..last. */
static unsigned int check_enum(lua_State *L, int arg, unsigned int last)
{
	lua_Integer v = luaL_checkinteger(L, arg);

	luaL_argcheck(L, v >= 0 && v <= (lua_Integer)last, arg, "no such number");
	return (unsigned int)v;
}

static int check_int(lua_State *L, int arg)
{
	lua_Integer v = luaL_checkinteger(L, arg);

	luaL_argcheck(L, v >= -2147483648ll && v <= 2147483647ll, arg, "does not fit an int");
	return (int)v;
}

static void opt_args(lua_State *L, int first, uint64_t args[6])
{
	for (int i = 0; i < 6; i++)
		args[i] = (uint64_t)luaL_optinteger(L, first + i, 0);
}

static int core_process_create(lua_State *L)
{
	int pgste = lua_toboolean(L, 1);
	int pid;

	sim_enter(L);
	pid = sim_ops->process_create(pgste);
	sim_leave(L);
	lua_pushinteger(L, pid);
	return 1;
}

static int core_process_fork(lua_State *L)
{
	int pid = check_int(L, 1);

	sim_enter(L);
	pid = sim_ops->process_fork(pid);
	sim_leave(L);
	lua_pushinteger(L, pid);
	return 1;
}

static int core_process_exit(lua_State *L)
{
	int rc = check_int(L, 1);

	sim_enter(L);
	rc = sim_ops->process_exit(rc);
	sim_leave(L);
	lua_pushinteger(L, rc);
	return 1;
}

/* (name, value) -> result */
static int core_module_param(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1), *value = luaL_checkstring(L, 2);
	int rc;

	sim_enter(L);
	rc = sim_ops->module_param(name, value);
	sim_leave(L);
	lua_pushinteger(L, rc);
	return 1;
}

/* (pid, number, up to six arguments) -> result */
static int core_syscall(lua_State *L)
{
	int pid = check_int(L, 1);
	unsigned int nr = check_enum(L, 2, KVMSIM_NR_SYS - 1);
	uint64_t args[6];
	int64_t rc;

	opt_args(L, 3, args);
	sim_enter(L);
	rc = sim_ops->syscall(pid, nr, args);
	sim_leave(L);
	lua_pushinteger(L, rc);
	return 1;
}

void sim_put_int(lua_State *L, const char *name, uint64_t value)
{
	lua_pushinteger(L, (lua_Integer)value);
	lua_setfield(L, -2, name);
}

void sim_put_bool(lua_State *L, const char *name, int value)
{
	lua_pushboolean(L, value);
	lua_setfield(L, -2, name);
}

/* (pid) -> table of signo, code, addr; or 0 if there is none; or -errno */
static int core_take_signal(lua_State *L)
{
	int pid = check_int(L, 1), rc;
	struct kvmsim_signal s;

	sim_enter(L);
	rc = sim_ops->take_signal(pid, &s);
	sim_leave(L);
	if (rc <= 0) {
		lua_pushinteger(L, rc);
		return 1;
	}
	lua_createtable(L, 0, 3);
	sim_put_int(L, "signo", (uint64_t)s.signo);
	sim_put_int(L, "code", (uint64_t)s.code);
	sim_put_int(L, "addr", s.addr);
	return 1;
}

static int core_event(lua_State *L)
{
	int pid = check_int(L, 1);
	unsigned int ev = check_enum(L, 2, KVMSIM_ALL_EVENTS - 1);
	uint64_t args[6];
	int64_t rc;

	opt_args(L, 3, args);
	sim_enter(L);
	rc = sim_ops->event(pid, ev, args);
	sim_leave(L);
	lua_pushinteger(L, rc);
	return 1;
}

/* (pid, addr, length) -> string, or (-errno, bytes done) */
static int core_user_read(lua_State *L)
{
	int pid = check_int(L, 1), rc;
	uint64_t addr = (uint64_t)luaL_checkinteger(L, 2), done = 0;
	lua_Integer len = luaL_checkinteger(L, 3);
	luaL_Buffer b;
	char *p;

	luaL_argcheck(L, len >= 0 && len <= (lua_Integer)SIM_MAX_IO, 3, "0 to 64M bytes");
	p = luaL_buffinitsize(L, &b, (size_t)len);
	sim_enter(L);
	rc = sim_ops->user_read(pid, addr, p, (uint64_t)len, &done);
	sim_leave(L);
	if (rc) {
		lua_pushinteger(L, rc);
		lua_pushinteger(L, (lua_Integer)done);
		return 2;
	}
	luaL_pushresultsize(&b, (size_t)len);
	return 1;
}

/* (pid, addr, data) -> 0 or -errno, bytes done */
static int core_user_write(lua_State *L)
{
	int pid = check_int(L, 1), rc;
	uint64_t addr = (uint64_t)luaL_checkinteger(L, 2), done = 0;
	size_t len;
	const char *s = luaL_checklstring(L, 3, &len);

	luaL_argcheck(L, len <= SIM_MAX_IO, 3, "at most 64M bytes");
	sim_enter(L);
	rc = sim_ops->user_write(pid, addr, s, len, &done);
	sim_leave(L);
	lua_pushinteger(L, rc);
	lua_pushinteger(L, (lua_Integer)(rc ? done : len));
	return 2;
}

static void set_exception(lua_State *L, const struct kvmsim_exception *e)
{
	lua_createtable(L, 0, 3);
	sim_put_int(L, "code", e->code);
	sim_put_int(L, "syndrome", e->syndrome);
	sim_put_int(L, "address", e->address);
	lua_setfield(L, -2, "exception");
}

/*
 * The value of an access that simply completed, so that the usual case makes no table. Else nil and a table with ret,
 * done, faults, value, intercepted (of a nested access), exit_reason unless KVM_RUN was not entered, and after a guest
 * exception that: code, syndrome, address.
 */
static int push_access(lua_State *L, int rc, const struct kvmsim_access_result *r, uint64_t value)
{
	int done = !rc && r->done;

	if (done && !r->has_exception && !r->intercepted) {
		lua_pushinteger(L, (lua_Integer)value);
		return 1;
	}
	lua_pushnil(L);
	lua_createtable(L, 0, 7);
	sim_put_int(L, "ret", (uint64_t)(rc ? rc : r->ret));
	sim_put_int(L, "faults", r->faults);
	sim_put_int(L, "value", value);
	sim_put_bool(L, "done", done);
	sim_put_bool(L, "intercepted", done && r->intercepted);
	if (!rc)
		sim_put_int(L, "exit_reason", r->exit_reason);
	if (done && r->has_exception)
		set_exception(L, &r->exception);
	return 2;
}

/* Any operation may be nested; the flavour knows whether it supports that. */
static uint8_t check_op(lua_State *L, int arg, unsigned int last)
{
	lua_Integer op = luaL_checkinteger(L, arg), plain = op & ~(lua_Integer)KVMSIM_NESTED;

	luaL_argcheck(L, plain >= 0 && plain <= (lua_Integer)last, arg, "no such operation");
	return (uint8_t)op;
}

/* (pid, fd, op, addr, len, value, user), or (pid, fd) to continue -> see push_access */
static int core_access(lua_State *L)
{
	int pid = check_int(L, 1), fd = check_int(L, 2), rc, again = lua_isnoneornil(L, 3);
	struct kvmsim_access_result r = { 0 };
	struct kvmsim_access a = { 0 };

	if (!again) {
		lua_Integer len = luaL_checkinteger(L, 5);

		luaL_argcheck(L, len >= 1 && len <= 8, 5, "1 to 8 bytes");
		a.op = check_op(L, 3, KVMSIM_CODE);
		a.addr = (uint64_t)luaL_checkinteger(L, 4);
		a.len = (uint8_t)len;
		a.value = (uint64_t)luaL_optinteger(L, 6, 0);
		a.user = (uint8_t)lua_toboolean(L, 7);
	}
	sim_enter(L);
	rc = sim_ops->vcpu_access(pid, fd, again ? NULL : &a, &r);
	sim_leave(L);
	return push_access(L, rc, &r, r.value);
}

static int core_abandon(lua_State *L)
{
	int pid = check_int(L, 1), fd = check_int(L, 2), rc;

	sim_enter(L);
	rc = sim_ops->vcpu_abandon(pid, fd);
	sim_leave(L);
	lua_pushinteger(L, rc);
	return 1;
}

/* (pid, fd, op, addr, len, stride, count) -> see push_access; the value is the number of accesses done */
static int core_workload(lua_State *L)
{
	int pid = check_int(L, 1), fd = check_int(L, 2), rc;
	unsigned int op = check_op(L, 3, KVMSIM_XCHG);
	uint64_t addr = (uint64_t)luaL_checkinteger(L, 4), len = (uint64_t)luaL_checkinteger(L, 5);
	uint64_t stride = (uint64_t)luaL_checkinteger(L, 6), count = (uint64_t)luaL_checkinteger(L, 7), done = 0;
	struct kvmsim_access_result r = { 0 };

	luaL_argcheck(L, len >= 8, 5, "at least 8 bytes");
	luaL_argcheck(L, stride >= 1, 6, "at least 1");
	sim_enter(L);
	rc = sim_ops->vcpu_workload(pid, fd, op, addr, len, stride, count, &done, &r);
	sim_leave(L);
	return push_access(L, rc, &r, done);
}

static int core_preempt_every(lua_State *L)
{
	lua_Integer points = luaL_checkinteger(L, 1);

	luaL_argcheck(L, points >= 0 && points <= 1000000, 1, "expected 0 to 1000000");
	sim_enter(L);
	sim_ops->preempt_every((unsigned int)points);
	sim_leave(L);
	return 0;
}

static int core_advance_time(lua_State *L)
{
	uint64_t ns = (uint64_t)luaL_checkinteger(L, 1);

	sim_enter(L);
	sim_ops->advance_time(ns);
	sim_leave(L);
	return 0;
}

static int core_check(lua_State *L)
{
	int n;

	luaL_argcheck(L, !atomic_load(&sim_threads), 1, "only when no other thread runs");
	sim_enter(L);
	n = sim_ops->check();
	sim_leave(L);
	lua_pushinteger(L, n);
	return 1;
}

static int core_leak_check(lua_State *L)
{
	int n;

	sim_enter(L);
	sim_ops->step_end();
	sim_ops->check();
	n = sim_ops->leak_check();
	sim_leave(L);
	lua_pushinteger(L, n);
	return 1;
}

static int core_where(lua_State *L)
{
	char where[SIM_LOG_WIDTH];

	sim_where(L, where, sizeof(where));
	lua_pushstring(L, where);
	return 1;
}

/* (message) -> message and the scenario's own frames */
static int core_traceback(lua_State *L)
{
	luaL_Buffer b;
	lua_Debug ar;

	luaL_checkstring(L, 1);
	luaL_buffinit(L, &b);
	lua_pushvalue(L, 1);
	luaL_addvalue(&b);
	for (int level = 1, n = 0; n < 12 && lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.source[0] != '@')
			continue;
		lua_pushfstring(L, "\n  at %s:%d", ar.source + 1, ar.currentline);
		luaL_addvalue(&b);
		n++;
	}
	luaL_pushresult(&b);
	return 1;
}

static int core_fail(lua_State *L)
{
	child_fail(luaL_checkstring(L, 1));
	return 0;
}

static int core_skip(lua_State *L)
{
	child_skip(luaL_checkstring(L, 1));
	return 0;
}

static int core_failed(lua_State *L)
{
	lua_pushboolean(L, child_failed());
	return 1;
}

static int core_note(lua_State *L)
{
	child_note(luaL_checkstring(L, 1));
	return 0;
}

static int core_step(lua_State *L)
{
	child_step(luaL_checkstring(L, 1));
	return 0;
}

/* (kind, text, id of the check or nothing, whether it need not come) -> false if there are too many */
static int core_expect_report(lua_State *L)
{
	int kind = report_kind_of(luaL_checkstring(L, 1));

	luaL_argcheck(L, kind >= 0, 1, "no such kind of report");
	lua_pushboolean(L, !child_expect_report(kind, luaL_optstring(L, 3, ""), luaL_checkstring(L, 2),
						lua_toboolean(L, 4)));
	return 1;
}

/* -> the ids of the machine's checks, a list */
static int core_checks(lua_State *L)
{
	lua_newtable(L);
	for (lua_Integer i = 0; sim_ops->checks[i]; i++) {
		lua_pushstring(L, sim_ops->checks[i]);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static int core_expect_end(lua_State *L)
{
	(void)L;
	child_expect_end();
	return 0;
}

static int core_older_than(lua_State *L)
{
	lua_pushboolean(L, release_is_older(sim_ops->kernel_release, luaL_checkstring(L, 1)));
	return 1;
}

/* (function) -> number of its parameters; the largest integer if it takes any number. */
static int core_parameters(lua_State *L)
{
	lua_Debug ar;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);
	lua_getinfo(L, ">u", &ar);
	lua_pushinteger(L, ar.isvararg ? LUA_MAXINTEGER : ar.nparams);
	return 1;
}

/* () -> bytes of a base page of the machine */
static int core_page_size(lua_State *L)
{
	if (!sim_ops)
		return luaL_error(L, "there is no machine here: only the function of a scenario has one");
	lua_pushinteger(L, sim_ops->page_size);
	return 1;
}

static int core_cpu(lua_State *L)
{
	lua_pushinteger(L, sim_cpu);
	return 1;
}

static const luaL_Reg functions[] = {
	{ "process_create", core_process_create }, { "process_fork", core_process_fork },
	{ "process_exit", core_process_exit }, { "syscall", core_syscall }, { "event", core_event },
	{ "take_signal", core_take_signal }, { "module_param", core_module_param },
	{ "user_read", core_user_read }, { "user_write", core_user_write }, { "access", core_access },
	{ "abandon", core_abandon }, { "workload", core_workload }, { "advance_time", core_advance_time },
	{ "preempt_every", core_preempt_every },
	{ "check", core_check }, { "checks", core_checks }, { "leak_check", core_leak_check }, { "where", core_where },
	{ "traceback", core_traceback }, { "fail", core_fail }, { "skip", core_skip }, { "failed", core_failed },
	{ "note", core_note },
	{ "step", core_step }, { "expect_report", core_expect_report },
	{ "read_file", lua_env_read_file }, { "expect_end", core_expect_end }, { "older_than", core_older_than },
	{ "cpu", core_cpu },
	{ "parameters", core_parameters }, { "page_size", core_page_size },
	{ NULL, NULL },
};

static const struct {
	const char *name;
	lua_Integer value;
} numbers[] = {
#define N(prefix, name) { #name, KVMSIM_##prefix##name }
	N(, SYS_MMAP), N(, SYS_MUNMAP), N(, SYS_MPROTECT), N(, SYS_MREMAP), N(, SYS_MADVISE), N(, SYS_MLOCK),
	N(, SYS_MUNLOCK), N(, SYS_OPEN_KVM), N(, SYS_IOCTL), N(, SYS_CLOSE), N(, SYS_FALLOCATE), N(, SYS_SHMEM),
	N(, SYS_FTRUNCATE), N(, SYS_EVENTFD), N(, SYS_READ), N(, SYS_WRITE), N(, SYS_EXEC),
	N(, SYS_DROP_CAP), N(, SYS_SETRLIMIT), N(, SYS_USERFAULTFD), N(, SYS_KILL), N(, SYS_MBIND),
	N(, SYS_MCE_KILL), N(, SYS_SET_MEMPOLICY), N(, SYS_GET_MEMPOLICY), N(, SYS_SET_HOME_NODE),
	N(, EV_MIGRATE), N(, EV_SWAP_OUT), N(, EV_SPLIT_HUGE), N(, EV_COLLAPSE_HUGE), N(, EV_KHUGEPAGED),
	N(, EV_KSM_MERGE),
	N(, EV_PFNMAP), N(, EV_AGE), N(, EV_SET_IDLE), N(, EV_IS_IDLE), N(, EV_PIN), N(, EV_UNPIN), N(, EV_DROP_SLAB),
	N(, EV_DRIVER_OPEN), N(, EV_DRIVER_REVOKE), N(, EV_DRIVER_ASKED), N(, DRIVER_DEVICE), N(, DRIVER_PAGES),
	N(, DRIVER_FROZEN), N(, DRIVER_TAILS), N(, DRIVER_AT_ONCE), N(, DRIVER_MKWRITE),
	N(, EV_VFIO_OPEN), N(, EV_VFIO_KNOWS_VM),
	N(, EV_MEMORY_ERROR), N(, EV_FILE_MEMORY_ERROR), N(, EV_POPULATE), N(, EV_GIC_WRITE),
	N(, EV_GUEST_MAP), N(, EV_GUEST_MAP_READ), N(, EV_GUEST_MAP_WRITE), N(, EV_GUEST_UNMAP),
	N(, EV_HUGETLB_COUNT), N(, EV_HUGETLB_SET), N(, HUGETLB_PAGES), N(, HUGETLB_FREE), N(, HUGETLB_RESERVED),
	N(, HUGETLB_SURPLUS), N(, HUGETLB_OVERCOMMIT),
	N(, EV_NUMA_SCAN), N(, EV_NUMA_COUNT), N(, NUMA_REMOTE), N(, NUMA_LOCAL), N(, NUMA_FAILED), N(, NUMA_MIGRATED),
	N(, READ), N(, WRITE), N(, FETCH), N(, XCHG), N(, TLBI), N(, SET_ROOT), N(, INSN), N(, CODE),
	N(, NESTED),
	N(, MAX_CPUS),
#undef N
};

void lua_core_push(lua_State *L, const struct kvmsim_machine_ops *ops)
{
	if (lua_getfield(L, LUA_REGISTRYINDEX, "kvmsim.core") == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	luaL_newlib(L, functions);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		lua_pushinteger(L, numbers[i].value);
		lua_setfield(L, -2, numbers[i].name);
	}
	lua_inspect_register(L);
	lua_thread_register(L);
	lua_expect_register(L);
	lua_measure_register(L);
	lua_kernel_register(L, ops);
	lua_pushvalue(L, -1);
	lua_setfield(L, LUA_REGISTRYINDEX, "kvmsim.core");
}
