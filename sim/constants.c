// SPDX-License-Identifier: GPL-2.0-only
/* The user interface's constants, as Lua tables. */
#include "lua_env.h"

static const struct {
	const char *name;
	lua_Integer value;
} constants[] = {
#define CONSTANT(name, value) { #name, value },
#define ERRNO(name, value) { #name, value },
#include "constants.def"
#include "constants_s390x.def"
#undef CONSTANT
#undef ERRNO
};

static const struct {
	const char *name;
	lua_Integer value;
} errnos[] = {
#define CONSTANT(name, value)
#define ERRNO(name, value) { #name, value },
#include "constants.def"
#include "constants_s390x.def"
#undef CONSTANT
#undef ERRNO
};

void lua_constants_push(lua_State *L)
{
	lua_newtable(L);
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		lua_pushinteger(L, constants[i].value);
		lua_setfield(L, -2, constants[i].name);
	}
	lua_newtable(L);
	/* Backwards: if two names have one number (EAGAIN, EWOULDBLOCK), the first name stays. */
	for (size_t i = sizeof(errnos) / sizeof(errnos[0]); i-- > 0;) {
		lua_pushstring(L, errnos[i].name);
		lua_rawseti(L, -2, errnos[i].value);
	}
}
