#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvmsim show: the memory picture at a line, as text and as SVG. show.sh PROGRAM
set -u

program=$(readlink -f "$1")
. "${0%/*}/lib/run.sh"

cat >memory.lua <<'LUA'
scenario("memory", { mmu = { "ept", "npt" } }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "64K", prot = "rw" }
	local vm = vmm:open_kvm():create_vm()
	local vcpu = vm:create_vcpu()
	assert(vm:set_user_memory_region{
		slot = 3, guest_phys_addr = "1M", memory_size = "64K", userspace_addr = ram.addr } == 0)
	for page = 0, 3 do
		vcpu:write((1 << 20) + (page << 12), "x")
	end
	ram:mprotect("4K", "8K", "r")
	assert(ram:swap_out("12K", "4K") == 0)
	vcpu:read((1 << 20) + 0x1000, 1)
	ram:munmap("32K", "4K")
	expect(1):eq(1)
end)
scenario("nothing", { mmu = "ept" }, function(sim)
	expect(1):eq(1)
end)
LUA

# --- before anything was written, and at the end ---
run 0 show --filter ept memory.lua:8
prints out 'memory [ept], before memory.lua:8'
grep -qxE 'process [0-9]+, VM fd [0-9]+, generation [0-9]+' out || complain 'which VM?'
grep -qxE '  slot 3 of address space 0: gfn 100-10f at [0-9a-f]+' out || complain 'which slot?'
grep -qE '^ +gfn +host +KVM +TLB of vCPU 0$' out || complain 'no columns'
grep -qE '^ +100-10f +- +- +-$' out || complain 'there is something'
run 0 show --filter ept --svg picture.svg memory.lua:15
# Written by the guest; rights taken away, and read again or not; swapped out; never touched; unmapped.
grep -qE '^ +100 +[0-9a-f]+ rw dirty young +[0-9a-f]+ level 1 rwx' out || complain 'gfn 100'
grep -qE '^ +101 +[0-9a-f]+ r- ([a-z ]*)[0-9a-f]+ level 1 r-x accessed +[0-9a-f]+ level 1 r-x accessed$' out || complain 'gfn 101'
grep -qE '^ +102 +[0-9a-f]+ r- ([a-z ]*)- +-$' out || complain 'gfn 102'
grep -qE '^ +103 +swapped +- +-$' out || complain 'gfn 103'
grep -qE '^ +104-107 +- +- +-$' out || complain 'gfn 104 to 107'
grep -qE '^ +108 +no VMA +- +-$' out || complain 'gfn 108'
grep -qE '^ +109-10f +- +- +-$' out || complain 'gfn 109 to 10f'
# The frame is the same in all columns.
awk '$1 == "101" { for (i = 2; i <= NF; i++) n += $i == $2 } END { exit n != 3 }' out || complain 'other frames'
prints picture.svg '<svg xmlns="http://www.w3.org/2000/svg"'
prints picture.svg '>no VMA</text>'
lacks picture.svg '#d00000'
python=$(command -v python3) && "$python" -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' picture.svg ||
	[ -z "$python" ] || complain 'no XML'
cp out first && cp picture.svg first.svg
run 0 show --filter ept --svg picture.svg memory.lua:15
cmp out first || complain 'another picture'
cmp picture.svg first.svg || complain 'another SVG'

# --- each machine has one; no VM; a line that is not reached; a failure elsewhere ---
run 0 show memory.lua:15
[ "$(grep -c '^memory \[.*before memory.lua:15$' out)" = 2 ] || complain 'not two pictures'
run 0 show memory.lua:18
prints out 'no VM has a slot'
run 1 show memory.lua:1
prints err 'no scenario came to line 1'
printf 'scenario("fails", { mmu = "ept" }, function(sim)\n\tlocal a = 1\n\texpect(a):eq(2)\nend)\n' >fails.lua
run 1 show fails.lua:3
prints out 'fails, before fails.lua:3'
prints out 'FAIL  fails'

# --- wrong usage ---
run 2 show memory.lua
prints err 'which step?'
run 2 show
run 2 show --svg picture.svg memory.lua:15
prints err '2 scenarios run there; choose one with --filter'
prints err '  memory [npt]'
run 2 show --filter npt --svg nowhere/picture.svg memory.lua:15
prints err 'nowhere/picture.svg: No such file'
finish
