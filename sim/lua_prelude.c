// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenario language's own Lua, sim/lua, as part of the program.
 *
 * This file is compiled without ccache, which does not see what .incbin reads.
 */
#include "lua_env.h"

/* In the order of loading. */
#define FILES(F) F(args) F(class) F(kernel) F(expect) F(process) F(userfaultfd) F(dirty) F(vm) F(exits) \
	F(vcpu) F(rings) F(stats) F(x86) F(guest) F(s390x) F(s390x_state) F(s390x_ar) F(s390x_memop) \
	F(s390x_insn) F(s390x_nested) F(s390x_memory) F(s390x_model) F(inspect) F(scenario) F(sandbox)

#define EMBED_PATH(file, path)							\
	__asm__(".section .rodata\n"						\
		"lua_src_" #file ":\n"						\
		".incbin \"" path "\"\n"					\
		"lua_src_" #file "_end:\n"					\
		".previous\n");							\
	extern const char lua_src_##file[], lua_src_##file##_end[];
#define EMBED(file) EMBED_PATH(file, KVMSIM_LUA_DIR "/" #file ".lua")
FILES(EMBED)
EMBED_PATH(machines, KVMSIM_MACHINES_LUA)	/* made by cmake/Machines.cmake */

#define ENTRY(file) { #file, lua_src_##file, lua_src_##file##_end },
const struct lua_prelude lua_prelude[] = { ENTRY(machines) FILES(ENTRY) { NULL, NULL, NULL } };
