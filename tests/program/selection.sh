#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Which scenarios a command runs: by name, by line, by what failed last, by shard; and how a run sums up failures.
# selection.sh PROGRAM
set -u

program=$1
. "${0%/*}/lib/run.sh"

cat >many.lua <<'LUA'
scenario("one", { mmu = "ept" }, function(sim) expect(1):eq(1) end)
scenario("two", { mmu = "ept" }, function(sim)
	expect(1):eq(2)
end)
cases("row", { mmu = "ept" }, { { "a", 5 }, { "b", 6 }, { "c", 1 } }, function(sim, row)
	expect(row[2]):eq(1)
end)
LUA
printf 'scenario("three", { mmu = "ept" }, function(sim) expect(1):eq(1) end)\n' >more.lua
printf 'scenario("no end", function(sim)\n\n' >syntax.lua

# ran NAME...: these scenarios ran, in this order.
ran() {
	sed -n 's/^\(not \)\{0,1\}ok [0-9]* \(.*\) # arch.*/\2/p' out >names
	printf '%s\n' "$@" | diff - names >difference || complain "ran other scenarios: $(cat difference)"
}

# --- names ---
run 0 run --filter one --filter '*: c' many.lua
ran one 'row: c'
run 0 run --exclude two --exclude 'row: a' --exclude 'row: b' many.lua
ran one 'row: c'
run 2 run --filter one --exclude one many.lua
prints err 'let through'

# --- lines ---
run 1 run many.lua:3
ran two
run 1 run many.lua:2 many.lua:7
ran two 'row: a' 'row: b' 'row: c'
run 1 run many.lua:2 ./many.lua
ran one two 'row: a' 'row: b' 'row: c'
run 1 run more.lua many.lua:2 .
prints out 'not ok 7 ./syntax.lua'
run 0 list many.lua:1
prints out 'many.lua:1: one'
lacks out 'two'
printf '\n' | cat - more.lua >below.lua
run 2 run below.lua:1
prints err 'below.lua:1: no scenario begins here or above'
run 2 run many.lua:0
prints err 'many.lua:0: No such file'
cp more.lua more.lua:3
run 0 run more.lua:3
ran three
rm more.lua:3

# --- shards: each job in exactly one ---
for k in 1 2 3; do
	run 0 list --shard $k/3 many.lua more.lua
	cat out >>shards
done
run 0 list many.lua more.lua
sort shards >sorted
sort out | diff - sorted || complain 'shards'
run 1 run --shard 1/2 syntax.lua
prints out 'not ok 1 syntax.lua'
run 0 run --shard 2/2 syntax.lua
prints out '1..0'
run 0 run --shard 9/9 many.lua
prints out '1..0'
for shard in 0/2 3/2 1 1/ /2 a/b 1/2x -1/2 1/0; do
	run 2 run --shard $shard many.lua
	prints err 'K from 1 to N'
done

# --- the first failure ---
run 1 run --jobs 2 --fail-fast --junit junit.xml many.lua
ran one two
prints out '# stopped at the first failure; 2 of 5 are done'
grep -c '<testcase' junit.xml | grep -qx 2 || complain 'JUnit of what is done'
run 1 run --fail-fast syntax.lua many.lua
prints out 'not ok 1 syntax.lua'
prints out '# stopped at the first failure; 1 of 6 are done'

# --- equal failures ---
run 1 run many.lua
prints out "# 2 failed alike, first 'row: a': many.lua:6: expect():eq"
lacks out "'two': many.lua:3"
cat >reports.lua <<'LUA'
local ioctl <const> = { { "1", 0x1000 }, { "2", 0x2000 } }
cases("unmapped behind KVM's back", { mmu = "ept" }, ioctl, function(sim, row)
	local vcpu, ram = sim:guest{ ram = { kind = "pfnmap" } }
	expect(vcpu:write(row[2], "device")):is_true()
	expect(ram:mprotect(row[2], "4K", "none")):eq(0)
	vcpu:read(row[2], 6)
end)
LUA
run 1 run reports.lua
prints out "# 2 failed alike, first 'unmapped behind KVM's back: 1': check:"

# --- what failed ---
rm -f flavours/kvmsim-failed
run 0 run --failed
prints err 'no scenario here failed'
run 1 run many.lua more.lua syntax.lua
run 1 run --failed
ran two 'row: a' 'row: b'
prints out 'not ok 4 syntax.lua'
run 0 list --failed many.lua
prints out 'many.lua:2: two'
lacks out 'one'
sed -i 's/eq(2)/eq(1)/' many.lua
run 1 run --failed many.lua
ran two 'row: a' 'row: b'
printf 'scenario("ended", { mmu = "ept" }, function(sim) expect(1):eq(1) end)\n' >syntax.lua
run 1 run --failed
ran 'row: a' 'row: b' ended
sed -i 's/5/1/; s/6/1/' many.lua
run 0 run --failed --filter 'row: a'
ran 'row: a'
run 0 run --failed
ran 'row: b'
run 0 run --failed
prints err 'no scenario here failed'
# Programs at the same time lose nothing.
sed -i 's/expect(1):eq(1)/expect(1):eq(2)/' many.lua more.lua syntax.lua
for file in many more syntax; do
	"$program" run $file.lua >$file.out 2>&1 &
done
wait
run 1 run --failed
ran one two three ended
lacks out "$work"

finish
