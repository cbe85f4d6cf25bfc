// SPDX-License-Identifier: GPL-2.0-only
/* What the flavour exports of the kernel's interface, for Lua: constants and structure layouts. */
#include "lua_env.h"

#include <string.h>

static const char *const kinds[] = {
	[KVMSIM_UNSIGNED] = "unsigned", [KVMSIM_SIGNED] = "signed", [KVMSIM_BYTES] = "bytes",
};

/* Pushes { NAME = value } with the names that the kernel has, and { NAME = true } with those that it lacks. */
static void push_constants(lua_State *L, const struct kvmsim_constant *c)
{
	lua_newtable(L);
	lua_newtable(L);
	for (; c->name; c++) {
		if (c->absent)
			lua_pushboolean(L, 1);
		else
			lua_pushinteger(L, (lua_Integer)c->value);
		lua_setfield(L, c->absent ? -2 : -3, c->name);
	}
}

static void push_member(lua_State *L, const struct kvmsim_layout *l)
{
	lua_createtable(L, 0, 3);
	lua_pushinteger(L, l->offset);
	lua_setfield(L, -2, "offset");
	lua_pushinteger(L, l->size);
	lua_setfield(L, -2, "size");
	lua_pushstring(L, kinds[l->kind]);
	lua_setfield(L, -2, "kind");
}

/* (type) -> bytes, { [member] = { offset, size, kind } }; nil if the kernel has no such structure */
static int core_layout(lua_State *L)
{
	const struct kvmsim_layout *l = lua_touserdata(L, lua_upvalueindex(1));
	const char *type = luaL_checkstring(L, 1);

	lua_settop(L, 1);
	lua_pushnil(L);
	lua_newtable(L);
	for (; l->type; l++) {
		if (strcmp(l->type, type))
			continue;
		if (l->member) {
			push_member(L, l);
			lua_setfield(L, 3, l->member);
		} else {
			lua_pushinteger(L, l->size);
			lua_replace(L, 2);
		}
	}
	return 2;
}

void lua_kernel_register(lua_State *L, const struct kvmsim_machine_ops *ops)
{
	push_constants(L, ops->constants);
	lua_setfield(L, -3, "absent");
	lua_setfield(L, -2, "constants");
	lua_pushlightuserdata(L, (void *)ops->layouts);
	lua_pushcclosure(L, core_layout, 1);
	lua_setfield(L, -2, "layout");
	lua_pushfstring(L, "Linux %s for %s", ops->kernel_release, ops->arch);
	lua_setfield(L, -2, "kernel");
	lua_pushstring(L, ops->arch);
	lua_setfield(L, -2, "arch");
}
