#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The command check: which scenarios it picks for a change, and what it says of the changed lines.
# check.sh PROGRAM KERNEL_DIR
set -u

program=$(readlink -f "$1") kernel=$2
. "${0%/*}/lib/run.sh"

cat >slots.lua <<'LUA'
scenario("no slot", { mmu = "ept" }, function(sim)
	expect(sim:process():open_kvm():create_vm().fd):ge(0)
end)
scenario("a slot", { mmu = "ept" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K" }
	local vm = vmm:open_kvm():create_vm()

	expect(vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "64K", userspace_addr = ram.addr }):eq(0)
end)
LUA

# change FILE COMMAND...: a diff that brings what sed's command deletes.
change() {
	file=$1
	shift
	mkdir -p "old/${file%/*}" "new/${file%/*}"
	cp "$kernel/$file" "new/$file"
	sed "$@" "$kernel/$file" >"old/$file"
	diff -u "old/$file" "new/$file" | sed -e 's|^--- old/|--- a/|' -e 's|^+++ new/|+++ b/|' >diff
}

# --- a function that only one of them reaches ---
change virt/kvm/kvm_main.c '/^static void kvm_swap_active_memslots/,/^}/d'
run 0 check --diff diff slots.lua
prints err 'recording which functions 2 scenarios reach'
prints out '1 passed, 0 failed, 0 skipped'
prints out '    kvm_swap_active_memslots: '
prints out '; 1 scenario reaches it'
prints out '1 scenario of 1 that reach'
# Nobody changes the slots meanwhile, so nobody waits.
prints out 'did not run: '
lacks out 'no slot'

# --- what is recorded is not recorded again, unless the file changes ---
cp out first
run 0 check --diff diff slots.lua
lacks err 'recording'
sed 's/([0-9.]* s)//' first >a
sed 's/([0-9.]* s)//' out | diff a - >difference || complain "another verdict: $(cat difference)"
sed 's/"no slot"/"still no slot"/' slots.lua >new.lua && mv new.lua slots.lua
run 0 check --diff diff slots.lua
prints err 'recording which functions 2 scenarios reach'

# --- all lines of a function that runs from its beginning to its end ---
change virt/kvm/kvm_main.c '/^static void kvm_replace_memslot/,/^}/d'
run 0 check --diff diff slots.lua
prints out 'For the cover letter:'
grep -q '^    kvm_replace_memslot: [1-9]' out || complain 'no lines of kvm_replace_memslot() ran'

# --- nearest first, and how many ---
change virt/kvm/kvm_main.c '/^static int kvm_vm_ioctl_create_vcpu/,/^}/d; /^static struct kvm \*kvm_create_vm/,/^}/d'
run 0 check --limit 1 --diff diff slots.lua
prints out '1 scenario of 2 that reach'
prints out '1 passed'

# --- what loading KVM does holds in each scenario ---
change arch/x86/kvm/mmu/spte.c '/^void kvm_mmu_reset_all_pte_masks/,/^}/d'
run 0 check --diff diff slots.lua
# With gcov the end of a process runs a function of each file.
reach=0
! nm -D flavours/libkvm-x86_64.so | grep -q kvmsim_keep_counts || reach=2
prints out "; $reach scenarios reach it, and so does loading KVM"
prints out '2 passed, 0 failed, 0 skipped'

# --- run --changed: the same scenarios, with the output of run ---
run 0 run --changed --limit 1 --diff diff slots.lua
prints err '1 of 2 scenarios that reach the change'
prints out '1..1'
prints out '# Totals: pass:1 fail:0 skip:0 total:1'
lacks out 'For the cover letter'
run 2 run --changed slots.lua
prints err 'which change?'
run 2 run --diff diff slots.lua
prints err '--diff and --limit go with --changed'

# --- reach: what each file reaches, and what no other one does ---
sed -n '1,3p' slots.lua >few.lua
run 0 reach few.lua slots.lua
sed -n 's/^ *\([0-9]*\) *\([0-9]*\)   \(.*\.lua\)$/\3 \1 \2/p' out >reached
few=$(sed -n 's/^few.lua //p' reached) both=$(sed -n 's/^slots.lua //p' reached)
[ "${few% *}" -gt 100 ] && [ "${few#* }" = 0 ] || complain "few.lua reaches $few functions"
[ "${both% *}" -gt "${few% *}" ] || complain "slots.lua reaches $both functions"
# few.lua is part of slots.lua, so the rest is what only that one reaches.
[ "$((${both% *} - ${few% *}))" = "${both#* }" ] || complain "slots.lua reaches $both functions, few.lua $few"
prints out "these files reach ${both% *} functions of the kernel"
run 0 reach few.lua
lacks err 'recording'
prints out "these files reach ${few% *} functions of the kernel"

# --- a failure is one ---
printf 'scenario("fails", { mmu = "ept" }, function(sim) sim:process():open_kvm():create_vm() expect(1):eq(2) end)\n' >fails.lua
run 1 check --diff diff fails.lua slots.lua
prints out 'fails'
prints out '2 passed, 1 failed, 0 skipped'

# --- what no scenario reaches, what is not compiled, what is no function, what is nothing ---
change virt/kvm/kvm_main.c '/^static long kvm_vm_compat_ioctl/,/^}/d; /^static int kvm_vm_ioctl_reset_dirty_pages/,/^}/d'
run 0 check --diff diff slots.lua
prints out 'kvm_vm_ioctl_reset_dirty_pages: 0 of'
prints out 'Not tested: no scenario that was looked at reaches the change'
change arch/x86/kvm/xen.c '/^#include/d'
run 0 check --diff diff slots.lua
prints out '  arch/x86/kvm/xen.c: not compiled here'
prints out 'Not tested:'
change virt/kvm/kvm_main.c '/^#include/d'
run 0 check --diff diff slots.lua
prints out 'outside of functions: no changed line has code; 2 scenarios reach the file'
prints out '2 passed'
: >diff
run 0 check --diff diff slots.lua
prints out 'the change has no lines'

# --- selftests beside scenarios ---
if ln -s "${program%/*}/libkvmexec.so" flavours/ && [ -e flavours/libkvmexec.so ] &&
	"$program" selftests --list >/dev/null 2>&1; then
	change virt/kvm/kvm_main.c '/^static void kvm_swap_active_memslots/,/^}/d'
	run 0 check --diff diff --filter 'guest_print_test*' --filter 'a slot' slots.lua selftests
	prints err 'recording which functions 3 selftests reach'
	prints out '; 1 scenario and 3 selftests reach it'
	prints out '4 passed, 0 failed, 0 skipped'
	prints out ' s: guest_print_test [x86_64 shadow]'
	prints out '1 scenario of 1 that reach'
	prints out '3 runs of KVM selftests of 3 that reach it: 3 passed, 0 failed, in '
	prints out '    guest_print_test.'
	run 0 check --diff diff --filter 'guest_print_test*' --limit 10 selftests
	lacks err 'recording'
	prints out '1 passed, 0 failed, 0 skipped'
	prints out '1 run of KVM selftests of 3 that reach it: 1 passed'
	grep -q '^    kvm_swap_active_memslots: [1-9]' out || complain 'no lines of kvm_swap_active_memslots() ran'
	run 0 run --changed --diff diff --filter '*guest_print_test*ept*' slots.lua selftests
	prints err '1 of 1 runs of selftests that reach it'
	prints out '1..1'
	prints out 'ok 1 guest_print_test [x86_64 ept]'
	change virt/kvm/kvm_main.c '/^static int kvm_vm_ioctl_reset_dirty_pages/,/^}/d'
	run 0 check --diff diff --filter 'guest_print_test*' selftests
	prints out 'Not tested: no scenario and no selftest that was looked at reaches the change'
	run 2 check --diff diff --filter 'no such test' selftests
	prints err 'nothing has a name'
fi

# --- wrong usage ---
run 2 check slots.lua
prints err 'which change?'
run 2 check --diff slots.lua slots.lua
prints err 'slots.lua is no unified diff'
run 2 check --diff nothing slots.lua
prints err 'nothing: No such file'
run 2 check --limit -1 --diff diff slots.lua
prints err '--limit: expected a number'

finish
