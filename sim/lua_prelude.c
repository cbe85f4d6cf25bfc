// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scenario language's own Lua, sim/lua, as part of the program.
 *
 * This file is compiled without ccache, which does not see what .incbin reads.
 */
#include "lua_env.h"

/* In the order of loading. A: a file of one architecture. */
#define FILES(F, A) F(args) F(class) F(kernel) F(expect) F(process) F(policy) F(userfaultfd) F(dirty) F(vm) F(exits) \
	F(vcpu) F(tables) F(device) F(rings) F(stats) F(guest) A(x86_64, vm) A(x86_64, vcpu) A(x86_64, code) \
	A(s390x, base) A(s390x, state) A(s390x, ar) A(s390x, memop) A(s390x, insn) A(s390x, nested) \
	A(s390x, memory) A(s390x, model) A(arm64, state) A(arm64, paging) A(arm64, insn) A(arm64, nested) \
	F(inspect) F(show) F(params) F(scenario) F(sandbox) F(repl)

#define EMBED_PATH(symbol, path)							\
	__asm__(".section .rodata\n"						\
		"lua_src_" #symbol ":\n"					\
		".incbin \"" path "\"\n"					\
		"lua_src_" #symbol "_end:\n"					\
		".previous\n");							\
	extern const char lua_src_##symbol[], lua_src_##symbol##_end[];
#define EMBED(file) EMBED_PATH(file, KVMSIM_LUA_DIR "/" #file ".lua")
#define EMBED_ARCH(arch, file) EMBED_PATH(arch##_##file, KVMSIM_LUA_DIR "/" #arch "/" #file ".lua")
FILES(EMBED, EMBED_ARCH)
EMBED_PATH(machines, KVMSIM_MACHINES_LUA)	/* made by cmake/Machines.cmake */

#define ENTRY(file) { #file, NULL, lua_src_##file, lua_src_##file##_end },
#define ENTRY_ARCH(arch, file) { #arch "/" #file, #arch, lua_src_##arch##_##file, lua_src_##arch##_##file##_end },
const struct lua_prelude lua_prelude[] = { ENTRY(machines) FILES(ENTRY, ENTRY_ARCH) { NULL, NULL, NULL, NULL } };
