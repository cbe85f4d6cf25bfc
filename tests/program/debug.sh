#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvmsim debug: gdb stops in the scenario's process, in the kernel's function. debug.sh PROGRAM
set -u

program=$(readlink -f "$1") debug=$(readlink -f "${0%/*}/../../sim/debug.sh")
command -v gdb >/dev/null || { echo "gdb is missing" && exit 77; }
. "${0%/*}/lib/run.sh"

cat >two.lua <<'LUA'
scenario("one", { mmu = { "ept", "npt" } }, function(sim) expect(sim:process():open_kvm():create_vm().fd):ge(0) end)
scenario("two", { mmu = "ept" }, function(sim) expect(1):eq(1) end)
LUA
cat >commands <<'GDB'
print kvm
backtrace 1
lx-ps
print $lx_task_by_pid(1)->comm
print $container_of(&kvm->vm_list, "struct kvm", "vm_list") == kvm
kill
GDB


# debug CODE BREAKPOINTS ARGUMENT...
debug() {
	want=$1
	shift
	what="debug $*"
	KVMSIM_GDB_COMMANDS=$work/commands "$debug" "$program" "$@" >out 2>err </dev/null
	code=$?
	[ "$code" = "$want" ] || complain "exit code $code instead of $want"
}

debug 0 'kvm_mmu_init_vm' --filter 'one*ept' two.lua
prints out 'hit Breakpoint'
prints out 'kvm_mmu_init_vm (kvm='
prints out 'arch/x86/kvm/mmu/mmu.c:'
# The kernel's own helpers.
prints out '  1   vmm'
prints out '"vmm"'
prints out '= 1'
printf 'print job->name\nkill\n' >commands
debug 0 '' --filter 'one*npt' two.lua
prints out 'child_main'
prints out '"one [npt]"'
debug 2 'kvm_mmu_init_vm' --filter one two.lua
prints err '2 scenarios run'
prints err 'one [npt]'
debug 2 'kvm_mmu_init_vm' --filter nothing two.lua
finish
