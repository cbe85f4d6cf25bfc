#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvmsim bench: figures, JSON, comparison, instructions, errors. bench.sh PROGRAM
set -u

program=$(readlink -f "$1")
. "${0%/*}/lib/run.sh"

cat >a.lua <<'LUA'
cases("pages", { mmu = { "ept", "npt" } }, { { "few", 4 }, { "many", 16 } }, function(sim, case)
	local vcpu = sim:guest()
	sim:measure("page", case[2], function() vcpu:workload{ op = "write", range = { 0, case[2] << 12 } } end)
end)
LUA
run 0 bench --list a.lua
prints out 'a.lua:1: pages: few [ept]'
run 0 bench --rounds 3 --json a.json a.lua
prints out 'pages: many [npt] # arch=x86_64: 16 x page'
prints out '    guest_faults                            1.000'
prints out '    mmu_locks '
prints out '    tdp_spte_changes '
[ "$(grep -c 'ns (median, MAD)' out)" = 4 ] || complain "not four times"
grep -v ' ns (' out >first
run 0 bench --rounds 3 --compare a.json a.lua
prints out '0 figures are worse'
sed '/^$/,$d' out | grep -v ' ns (' | diff first - >difference || complain "other counts: $(cat difference)"
python=$(command -v python3) && "$python" -c 'import json, sys; json.load(open(sys.argv[1]))' a.json 2>err ||
	[ -z "$python" ] || complain "no JSON"

# Each page is touched once more than before: more accesses, not more faults.
sed 's/<< 12 } }/<< 12 }, count = 2 * case[2] }/' a.lua >b.lua && mv b.lua a.lua
run 1 bench --rounds 1 --compare a.json a.lua
prints out 'pages: few [ept]: guest_accesses: '
prints out ', worse'
lacks out 'guest_faults: '
run 0 bench --rounds 1 --compare a.json --threshold 100 a.lua
run 0 bench --rounds 1 --filter few --exclude npt a.lua
lacks out 'many'
lacks out 'npt'
if command -v valgrind >/dev/null; then
	cat >held.lua <<-'LUA'
	scenario("held", { mmu = "ept" }, function(sim)
		local vcpu, ram = sim:guest{ ram = { length = "64K", huge = false } }
		sim:measure("call", 1, function()
			vcpu:write(0, "x")
			ram:munmap("0", "4K")
		end)
	end)
	LUA
	# All threads count.
	cat >threads.lua <<-'LUA'
	scenario("threads", { mmu = "ept" }, function(sim)
		local vcpu = sim:guest{ ram = { length = "4M" } }
		sim:measure("page", 1024, function()
			sim:thread("other", function() vcpu:workload{ op = "write", range = { 0, 4 << 20 }, count = 1024 } end)
			sim:join()
		end)
	end)
	LUA
	run 0 bench --rounds 1 --instructions threads.lua
	awk '/instructions, kernel/ { kernel = $3 } END { exit !(kernel > 1000) }' out || complain "threads: $(cat out)"
	run 0 bench --rounds 1 --instructions held.lua
	for part in kernel shim model; do
		grep -qE "instructions, $part +[1-9]" out || complain "no instructions of the $part"
	done
	# The start and the end of an invalidation.
	prints out '    notifier_calls                          2.000'
	# A flavour with gcov does not tell Valgrind when it holds a lock.
	nm -D flavours/libkvm-x86_64.so | grep -q kvmsim_keep_counts ||
		awk '/gup_calls/ { gup = $2 } /held_instr/ { held = $2 }
			/instructions, (kernel|shim|model)/ { all += $3 }
			END { exit !(gup >= 1 && held > 100 && held < all / 2) }' out || complain "gup_calls, held: $(cat out)"
fi

# --- series: cases that differ in a number (unit/scaling has the exponents) ---
cat >series.lua <<'LUA'
cases("growing", { mmu = "ept" }, { { "1 page", 1 }, { "16 pages", 16 }, { "1K pages", 1024 } }, function(sim, case)
	local vcpu = sim:guest{ ram = { length = "4M" } }
	sim:measure("call", 1, function() vcpu:workload{ op = "write", range = { 0, case[2] << 12 } } end)
end)
cases("two", { mmu = "ept" }, { { "1 page", 1 }, { "16 pages", 16 } }, function(sim) sim:measure("x", 1, sim.stopping) end)
LUA
run 0 bench --rounds 1 --json series.json --filter growing series.lua
prints series.json '"series":	"x86_64 growing"'
prints series.json '"exponent":	'
prints out 'Scaling: '
grep -qE '^ +-?[0-9.]+  x86_64 growing, from 1 to 1024, in ns$' out || complain 'no exponent'
# An exponent of times is shown, but does not count (unit/scaling has those of instructions).
sed 's/"exponent":	[-0-9.e]*/"exponent":	-3/' series.json >other.json
run 0 bench --rounds 1 --compare other.json --threshold 1000000 --filter growing series.lua
grep -qE '^x86_64 growing: exponent of the ns: -3\.00 -> -?[0-9.]+$' out || complain 'no other exponent'
sed -i 's/sim.stopping/function() end/' series.lua
run 0 bench --rounds 1 --filter two series.lua
lacks out 'Scaling'
if command -v gnuplot >/dev/null; then
	run 0 bench --rounds 1 --html series.html series.lua
	[ "$(grep -c '<svg ' series.html)" = 1 ] || complain 'not one plot'
	prints series.html '<figcaption>3 points, exponent '
	prints series.html '<td>x86_64 two: 16 pages</td>'
	run 2 bench --rounds 1 --html nowhere/x.html series.lua
	prints err 'nowhere/x.html: No such file'
fi

# --- vm:loop in random order: each place once before one comes again, and not those of the first half first ---
cat >loop.lua <<'LUA'
scenario("loop", { mmu = "ept", check = "end" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = 4096 }
	local vm = vmm:open_kvm():create_vm()
	for i = 0, 49 do
		vm:set_user_memory_region{ slot = i, guest_phys_addr = i << 14, memory_size = 4096, userspace_addr = ram.addr }
	end
	local function hits(order, count, of)
		return vm:loop{ of = of or "gfn_to_memslot", order = order, stride = 4, range = 400, count = count }
	end
	expect(hits("ascending", 50)):eq(50)
	expect(hits("random", 100)):eq(50)
	expect(hits("random", 300)):eq(150)
	expect(hits("random", 50)):gt(10):lt(40)
	expect(hits("ascending", 150, "gfn_to_hva")):eq(100)
	expect(hits("random", 50, "gfn_to_hva")):eq(hits("random", 50))
end)
scenario("of no such order", { mmu = "ept" }, function(sim)
	local _, _, vm = sim:guest()
	vm:loop{ of = "gfn_to_memslot", order = "other", range = 1, count = 1 }
end)
LUA
run 1 run loop.lua
prints out 'ok 1 loop '
prints out 'expected ascending or random, got "other"'

# --- errors ---
printf 'scenario("nothing", { mmu = "ept" }, function(sim) expect(1):eq(1) end)\n' >nothing.lua
run 1 bench --rounds 1 nothing.lua
prints err 'nothing.lua:1: nothing measures nothing'
printf 'scenario("fails", { mmu = "ept" }, function(sim) sim:measure("x", 1, function() error("no") end) end)\n' >fails.lua
run 1 bench --rounds 1 fails.lua
prints out 'FAIL  fails'
printf 'scenario("twice", { mmu = "ept" }, function(sim) for _ = 1, 2 do sim:measure("x", 1, print) end end)\n' >twice.lua
run 1 bench --rounds 1 twice.lua
prints out 'only one part of a scenario can be measured'
run 2 bench --compare nothing.lua a.lua
prints err 'nothing.lua is no file of bench --json'
run 2 bench --rounds 0
prints err '--rounds: expected 1 to 101'
run 2 bench --threshold x
run 2 bench --wrong
prints err 'no option --wrong'
run 2 bench --filter 'nothing like this'
# Where nobody measures, the part just runs.
run 0 run a.lua
prints out '# Totals: pass:4 fail:0 skip:0 total:4'
finish
