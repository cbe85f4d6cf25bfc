// SPDX-License-Identifier: GPL-2.0-only
/* The part of core that inspects the machine and changes nothing. */
#include "lua_env.h"

#include <errno.h>
#include <stdlib.h>

#define MAX_SLOTS 65536u

/* Look-ups need no check afterwards: they change nothing. */
static void enter(lua_State *L)
{
	if (!sim_ops)
		luaL_error(L, "there is no machine here: only the function of a scenario has one");
	sim_gil_unlock();
}

static void leave(void)
{
	sim_gil_lock();
}

/* (pid, addr) -> table or -errno */
static int inspect_page(lua_State *L)
{
	int pid = (int)luaL_checkinteger(L, 1), rc;
	uint64_t addr = (uint64_t)luaL_checkinteger(L, 2);
	struct kvmsim_page p = { 0 };

	enter(L);
	rc = sim_ops->inspect_page(pid, addr, &p);
	leave();
	if (rc) {
		lua_pushinteger(L, rc);
		return 1;
	}
	lua_newtable(L);
	sim_put_bool(L, "mapped", p.mapped);
	sim_put_bool(L, "writable", p.writable);
	sim_put_bool(L, "dirty", p.dirty);
	sim_put_bool(L, "young", p.young);
	sim_put_bool(L, "huge", p.huge);
	sim_put_bool(L, "contiguous", p.contiguous);
	sim_put_bool(L, "swapped", p.swapped);
	sim_put_bool(L, "zero", p.zero);
	sim_put_bool(L, "anon", p.anon);
	sim_put_bool(L, "ksm", p.ksm);
	sim_put_bool(L, "exclusive", p.exclusive);
	sim_put_bool(L, "pfnmap", p.pfnmap);
	sim_put_bool(L, "hint", p.hint);
	sim_put_int(L, "node", p.node);
	sim_put_int(L, "pfn", p.pfn);
	sim_put_int(L, "refcount", (uint64_t)p.refcount);
	sim_put_int(L, "mapcount", (uint64_t)p.mapcount);
	sim_put_int(L, "pincount", (uint64_t)p.pincount);
	return 1;
}

static int inspect_entry(lua_State *L, int tlb)
{
	int pid = (int)luaL_checkinteger(L, 1), fd = (int)luaL_checkinteger(L, 2), rc;
	uint64_t addr = (uint64_t)luaL_checkinteger(L, 3);
	struct kvmsim_mapping m = { 0 };

	enter(L);
	rc = tlb ? sim_ops->inspect_tlb(pid, fd, addr, &m) : sim_ops->inspect_mapping(pid, fd, addr, &m);
	leave();
	if (rc) {
		lua_pushinteger(L, rc);
		return 1;
	}
	lua_newtable(L);
	sim_put_bool(L, "present", m.present);
	sim_put_bool(L, "writable", m.writable);
	sim_put_bool(L, "executable", m.executable);
	sim_put_bool(L, "accessed", m.accessed);
	sim_put_bool(L, "dirty", m.dirty);
	sim_put_bool(L, "mmio", m.mmio);
	sim_put_int(L, "level", m.level);
	sim_put_int(L, "pfn", m.pfn);
	sim_put_int(L, "raw", m.raw);
	return 1;
}

/* (pid, vcpu fd, gpa) -> table or -errno */
static int inspect_mapping(lua_State *L)
{
	return inspect_entry(L, 0);
}

static int inspect_tlb(lua_State *L)
{
	return inspect_entry(L, 1);
}

/* (pid, vm fd, address space) -> list of slots in order of gfn, or -errno */
static int inspect_slots(lua_State *L)
{
	int pid = (int)luaL_checkinteger(L, 1), fd = (int)luaL_checkinteger(L, 2), n;
	unsigned int as = (unsigned int)luaL_optinteger(L, 3, 0);
	struct kvmsim_slot *v = lua_newuserdatauv(L, MAX_SLOTS * sizeof(*v), 0);

	enter(L);
	n = sim_ops->inspect_slots(pid, fd, as, v, MAX_SLOTS);
	leave();
	if (n < 0) {
		lua_pushinteger(L, n);
		return 1;
	}
	lua_createtable(L, n, 0);
	for (int i = 0; i < n && i < (int)MAX_SLOTS; i++) {
		lua_newtable(L);
		sim_put_int(L, "slot", v[i].id);
		sim_put_int(L, "as_id", v[i].as_id);
		sim_put_int(L, "flags", v[i].flags);
		sim_put_int(L, "base_gfn", v[i].base_gfn);
		sim_put_int(L, "npages", v[i].npages);
		sim_put_int(L, "userspace_addr", v[i].userspace_addr);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

static int inspect_number(lua_State *L, int (*get)(int, int, uint64_t, uint64_t *))
{
	int pid = (int)luaL_checkinteger(L, 1), fd = (int)luaL_checkinteger(L, 2), rc;
	uint64_t arg = (uint64_t)luaL_checkinteger(L, 3), out = 0;

	enter(L);
	rc = get(pid, fd, arg, &out);
	leave();
	lua_pushinteger(L, rc ? rc : (lua_Integer)out);
	return 1;
}

static int generation(int pid, int fd, uint64_t as, uint64_t *out)
{
	return sim_ops->inspect_generation(pid, fd, (unsigned int)as, out);
}

static int inspect_generation(lua_State *L)
{
	return inspect_number(L, generation);
}

static int inspect_gfn_to_hva(lua_State *L)
{
	return inspect_number(L, sim_ops ? sim_ops->inspect_gfn_to_hva : NULL);
}

static int inspect_gfn_to_pfn(lua_State *L)
{
	return inspect_number(L, sim_ops ? sim_ops->inspect_gfn_to_pfn : NULL);
}

static int inspect_counters(lua_State *L)
{
	const char *name;

	if (!sim_ops)
		return luaL_error(L, "there is no machine here: only the function of a scenario has one");
	lua_newtable(L);
	for (unsigned int i = 0; (name = sim_ops->counter_name(i)); i++)
		sim_put_int(L, name, sim_ops->counter(i));
	return 1;
}

void lua_inspect_register(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{ "inspect_page", inspect_page }, { "inspect_mapping", inspect_mapping },
			{ "inspect_tlb", inspect_tlb },
		{ "inspect_slots", inspect_slots }, { "inspect_generation", inspect_generation },
		{ "inspect_gfn_to_hva", inspect_gfn_to_hva }, { "inspect_gfn_to_pfn", inspect_gfn_to_pfn },
		{ "inspect_counters", inspect_counters }, { NULL, NULL },
	};

	luaL_setfuncs(L, functions, 0);
}
