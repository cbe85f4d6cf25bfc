#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of what users see of the program: exit codes, output, what a scenario may not do. program.sh PROGRAM
set -u

program=$1
. "${0%/*}/lib/run.sh"

cat >good.lua <<'LUA'
scenario("it holds", { mmu = "ept" }, function(sim) expect(1):eq(1) end)
LUA
cat >bad.lua <<'LUA'
scenario("it does 'not' hold", { mmu = "ept" }, function(sim)
	local ram = sim:process():mmap{ length = "4K" }
	ram:write(0, "hello")
	expect(ram:read(0, 5)):eq("world")
end)
LUA
printf 'scenario("no end", function(sim)\n\n' >syntax.lua

mkdir -p tree/lib
printf 'return { double = function(n) return 2 * n end }\n' >tree/lib/twice.lua
cat >tree/requires.lua <<'LUA'
local twice = require("twice")
scenario("shared", { mmu = "ept" }, function(sim) expect(twice.double(21)):eq(42); expect(require("twice") == twice):is_true() end)
LUA
printf 'local again = require("circle")\n' >tree/lib/circle.lua
mkdir circle && cp -r tree/lib circle/ && printf 'require("circle")\n' >circle/begin.lua
printf 'require("nothing")\n' >requires-nothing.lua
printf 'require("../good")\n' >requires-above.lua

# --- checks have ids ---
cat >checks.lua <<'LUA'
local options <const> = { mmu = "ept", check = "end" }
local function stale(sim, kind, optional)
	local vcpu, ram = sim:guest{ ram = { kind = "pfnmap" } }
	expect(vcpu:write(0x1000, "device")):is_true()
	expect(ram:mprotect(0x1000, "4K", "none")):eq(0)
	vcpu:read(0x1000, 6)
	sim:expect_report{ kind = kind, match = "maps gfn 1", optional = optional }
	sim:expect_report{ kind = kind, match = "maps gfn 1", optional = optional }
	sim:check()
	expect(ram:mprotect(0x1000, "4K", "rw")):eq(0)
end
scenario("any", options, function(sim) stale(sim, "check") end)
scenario("this one", options, function(sim) stale(sim, "check:guest-mappings") end)
scenario("another", options, function(sim) stale(sim, "check:memslots") end)
scenario("none", options, function(sim) sim:expect_report{ kind = "check:guest-mapping" } end)
scenario("perhaps", options, function(sim)
	sim:expect_report{ kind = "warn", optional = true }
	stale(sim, "check", true)
end)
LUA
run 1 run checks.lua
prints out 'ok 1 any'
prints out 'ok 2 this one'
prints out '# check:guest-mappings:'
prints out 'not ok 3 another'
prints out 'ok 5 perhaps'
prints out "#   the entry in KVM's tables, "
prints out '#     kvm_tdp_mmu_map at arch/x86/kvm/mmu/tdp_mmu.c'
prints out "#   the entry in the process's page tables, "
prints out ' at mm/mprotect.c'
prints out ', without those of other frames than gfn 1 (all of them'
prints out 'checks.lua:15: sim:expect_report: kind: expected one of bug, check, check:atomic-stores, check:boot, check:driver-memory'

# --- steps have names for numbers ---
cat >names.lua <<'LUA'
scenario("it calls by number", { mmu = "ept" }, function(sim)
	local kvm = sim:process():open_kvm()
	expect(kvm:check_extension(KVM_CAP_USER_MEMORY)):eq(1)
	local vm = kvm:create_vm()
	local cap = string.pack("<I4I4i8i8i8i8", 1, 2, 3, 0, 0, 0) .. ("\0"):rep(64)
	expect(vm:ioctl(KVM_ENABLE_CAP, cap, 104)):eq(-EINVAL)
	expect(vm:ioctl(KVM_SET_NR_MMU_PAGES, 64)):eq(1)
end)
LUA
run 1 run names.lua
prints out 'vm:ioctl(KVM_ENABLE_CAP, { cap = 1, flags = 2, args[0] = 3, args[1] = 0, args[2] = 0, args[3] = 0 }, 104'
prints out ') = -EINVAL (-22), { cap = 1, flags = 2, '
prints out 'kvm:check_extension(KVM_CAP_USER_MEMORY) = 1'
prints out 'vm:ioctl(KVM_SET_NR_MMU_PAGES, 64'

# --- usage ---
for command in '' run list repl bench; do
	run 0 $command --help
	prints out 'Usage: kvmsim'
done
run 0 --version
grep -qE '^x86_64: kernel [0-9]+\.[0-9]+' out || complain "no release of the kernel in out"
run 2 nonsense
prints err "no command 'nonsense'"
run 2 run
prints err 'Give a file or a directory'
run 2 run --nonsense good.lua
prints err 'no option --nonsense'
run 2 run --fliter=x good.lua
prints err "no option --fliter=x (did you mean '--filter'?)"
run 2 runn good.lua
prints err "no command 'runn' (did you mean 'run'?)"
run 2 run missing.lua
prints err 'missing.lua: No such file or directory'
run 2 run --filter 'nothing like this' good.lua
run 2 run --arch vax good.lua
run 2 run --junit no/such/directory good.lua
prints err 'no/such/directory'

# --- results ---
run 0 run good.lua
prints out 'ok 1 it holds # arch=x86_64 mmu=ept'
prints out '# Totals: pass:1 fail:0 skip:0 total:1'
run 1 run good.lua bad.lua
prints out "not ok 2 it does 'not' hold"
prints out '# bad.lua:4: expect():eq'
prints out '#   expected: "world"'
prints out '#   got:      "hello"'
prints out '#   bad.lua:3: mapping:write(0, "hello") = 0'
prints out "# replay:   kvmsim run --filter 'it does '\\''not'\\'' hold' bad.lua"
run 1 run syntax.lua good.lua
prints out 'syntax.lua:3:'
prints out 'ok 2 it holds'
run 0 run --filter 'it h*s' good.lua bad.lua
prints out '1..1'

# --- facilities are s390x's, and have names ---
printf 'scenario("x", { facilities = { idte = false } }, function(sim) end)\n' >facilities1.lua
printf 'scenario("x", { arch = "s390x", facilities = { {}, { edat = true } } }, function(sim) end)\n' >facilities2.lua
printf 'scenario("x", { arch = "s390x", facilities = { {}, { [131] = 1 } } }, function(sim) end)\n' >facilities3.lua
run 1 run facilities1.lua facilities2.lua facilities3.lua
prints out 'facilities: only with arch = "arm64" or "s390x"'
prints out 'facilities[2]: expected one of cmma, edat1,'	# also where no flavour has them
prints out 'facilities[2]: 131: expected true or false, got 1'
printf 'scenario("x", { arch = "s390x", facilities = { {}, { rdp = true, [131] = false } } }, function(sim) end)\n' >facilities4.lua
run 0 list facilities4.lua
prints out 'x [:131=0,rdp=1]'

# --- module parameters when KVM is loaded ---
printf 'scenario("x", { params = { kvm = 1 } }, function(sim) end)\n' >params1.lua
printf 'scenario("x", { params = { ["kvm.mmio_caching"] = "a,b" } }, function(sim) end)\n' >params2.lua
run 1 run params1.lua params2.lua
prints out 'params: expected names of parameters'
prints out 'params: kvm.mmio_caching: expected a value without commas'
printf 'scenario("x", { arch = "x86_64", params = { ["kvm.no"] = 1 } }, function(sim) end)\n' >params3.lua
printf 'scenario("y", { arch = "x86_64", params = { ["kvm.mmio_caching"] = false } }, function(sim)\n' >params4.lua
printf 'expect(sim:set_module_param("kvm.mmio_caching", true)):eq(-EACCES) end)\n' >>params4.lua
run 1 run params3.lua params4.lua
prints out 'the parameter kvm.no cannot be 1: error -2, there is none of that name'
prints out 'ok 2 y'
run 2 run --param kvm.mmio_caching params4.lua
prints err '--param: expected MODULE.NAME=VALUE'
printf 'scenario("z", { arch = "x86_64", mmu = "ept", params = { {}, { ["kvm.eager_page_split"] = 1 } } },\n' >params5.lua
printf 'function(sim) expect(sim.params["kvm.mmio_caching"]):eq("N") end)\n' >>params5.lua
run 0 run --param kvm.mmio_caching=N params5.lua
prints out 'z [ept:kvm.mmio_caching=N]'
prints out 'z [ept:kvm.eager_page_split=1,kvm.mmio_caching=N]'

# --- JUnit ---
mkdir -p deep/dir
cp bad.lua deep/dir/bad.v2.lua
printf 'scenario("too slow", { mmu = "ept", timeout = 0.2 }, function() while true do end end)\n' >slow.lua
cat >skipped.lua <<'LUA'
scenario("skipped", { mmu = "ept", kernel = "99.0" }, function() end)
LUA
run 1 run --junit junit.xml good.lua deep slow.lua skipped.lua syntax.lua
prints junit.xml '<testsuite name="kvmsim" tests="5" failures="1" errors="2" skipped="1" time="'
prints junit.xml '<testcase classname="x86_64.deep.dir.bad_v2" name="it does '"'not'"' hold" time="'
prints junit.xml '<failure message="deep/dir/bad.v2.lua:4: expect():eq">'
prints junit.xml '<testcase classname="x86_64.slow" name="too slow"'
prints junit.xml '<error message="slow.lua:1: time limit'
prints junit.xml '<testcase classname="syntax" name="syntax.lua"'
prints junit.xml '<error message="syntax.lua:3:'
prints junit.xml '</testsuites>'
lacks junit.xml 'timestamp'
if command -v xmllint >/dev/null; then
	xmllint --noout junit.xml 2>err || complain "not well-formed"
fi
run 0 run --counters good.lua
run 0 list good.lua
prints out 'good.lua:1: it holds - '

# --- what a scenario needs ---
cat >needs.lua <<'LUA'
scenario("there is slotted memory", { mmu = "ept", needs = "KVM_CAP_USER_MEMORY" }, function(sim) expect(sim:process()):ok() end)
scenario("powerpc", { mmu = "ept", needs = { "KVM_CAP_USER_MEMORY", "KVM_CAP_SW_TLB" } }, function(sim) error("runs") end)
scenario("later", { mmu = "ept", kernel = "99.0" }, function(sim) error("runs") end)
scenario("long ago", { mmu = "ept", kernel = "2.6" }, function(sim) end)
scenario("no longer", { mmu = "ept", before = "2.6" }, function(sim) error("runs") end)
scenario("for some time", { mmu = "ept", kernel = "2.6", before = "99.0" }, function(sim) end)
LUA
run 0 run --junit needs.xml needs.lua
prints out 'ok 1 there is slotted memory'
prints out 'ok 2 powerpc # SKIP needs KVM_CAP_SW_TLB'
prints out 'ok 3 later # SKIP about Linux 99.0 and later'
prints out 'ok 5 no longer # SKIP about Linux before 2.6, this is '
prints out 'pass:3 fail:0 skip:3'
prints needs.xml '<skipped message="needs KVM_CAP_SW_TLB"/>'
run 0 list needs.lua
prints out 'needs.lua:2: powerpc - x86_64, needs KVM_CAP_USER_MEMORY KVM_CAP_SW_TLB'
prints out 'needs.lua:3: later - x86_64, Linux 99.0 and later - skipped: about Linux 99.0 and later, this is '
prints out 'needs.lua:4: long ago - x86_64, Linux 2.6 and later'
prints out 'needs.lua:6: for some time - x86_64, Linux 2.6 and later, before 99.0'
run 0 --version
prints out 'tested: Linux '
printf 'scenario("x", { needs = "KVM_CAP_NONSENSE" }, function() end)\n' >misspelt.lua
run 1 run misspelt.lua
prints out 'the name of a capability'
printf 'scenario("x", { kernel = "new" }, function() end)\n' >misspelt.lua
run 1 run misspelt.lua
prints out 'a version as "6.12"'
release=$("$program" --version | sed -n 's/^x86_64: kernel \([^, ]*\).*/\1/p')
run 0 run --kernel "${release%.*}" good.lua
run 2 run --kernel "${release%?}" good.lua
prints err "no flavour of kernel ${release%?}"

cat >steps.lua <<'LUA'
scenario("a fault", { mmu = "ept" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4K" }
	local vm = vmm:open_kvm():create_vm()
	vm:set_user_memory_region{ slot = 0, guest_phys_addr = 0, memory_size = "4K", userspace_addr = ram }
	expect(vm:create_vcpu():read(0, 1)):eq("\0")
end)
LUA
run 0 run --trace trace.txt --counters steps.lua
prints trace.txt 'kvm_page_fault: vcpu 0'
prints trace.txt 'steps.lua:6: vcpu:read(0, 1)'
prints out 'counter guest_faults 1'
cp out first
run 0 run --trace trace2.txt --counters steps.lua
cmp -s out first && cmp -s trace.txt trace2.txt || complain "two runs differ"

# --- the trace as JSON: steps are slices, the kernel's events are on the tracks of their CPUs ---
cat >threads.lua <<'LUA'
scenario("with \"two\" threads", { mmu = "ept" }, function(sim)
	local vmm = sim:process()
	sim:log("a\\b\1")
	sim:thread("other", function() expect(vmm:open_kvm():create_vm().fd):ge(0) end)
end)
LUA
run 0 run --trace trace.json steps.lua threads.lua
prints trace.json '{"ph":"M","pid":2,"tid":0,"name":"process_name","args":{"name":"with \"two\" threads"}}'
prints trace.json '{"ph":"M","pid":1,"tid":1,"name":"thread_name","args":{"name":"CPU 0"}}'
prints trace.json '"name":"vcpu:read","ts":'
prints trace.json '"args":{"call":"vcpu:read(0, 1) = \"\\x00\"","at":"steps.lua:6"}}'
prints trace.json '"name":"kvm_page_fault","s":"t","ts":'
prints trace.json '"args":{"text":"vcpu 0 rip '
# As many events as in the text.
run 0 run --trace trace.txt steps.lua
run 0 run --trace trace.json steps.lua
[ "$(grep -c '^  .*: kvm_' trace.txt)" = "$(grep -c '"name":"kvm_' trace.json)" ] || complain 'events are lost'
cp trace.json first
run 0 run --trace trace.json steps.lua
cmp -s trace.json first || complain 'two runs differ'
python=$(command -v python3) && "$python" - trace.json >err 2>&1 <<'PYTHON' || [ -z "$python" ] || complain 'no such JSON'
import json, sys
events = json.load(open(sys.argv[1]))["traceEvents"]
slices = [e for e in events if e["ph"] == "X"]
assert len(slices) >= 6, slices
for one, next in zip(slices, slices[1:]):
    assert one["ts"] + one["dur"] == next["ts"], (one, next)
read = [e for e in slices if e["name"] == "vcpu:read"][0]
fault = [e for e in events if e["name"] == "kvm_page_fault"][0]
assert read["ts"] < fault["ts"] <= read["ts"] + read["dur"] and fault["tid"] == 1, (read, fault)
PYTHON
run 2 run --trace nowhere/trace.json steps.lua
prints err 'nowhere/trace.json: No such file'

# --- verdict and steps are of one run, traced or not ---
cat >frames.lua <<'LUA'
cases("frame of page", { mmu = { "ept", "shadow" } }, { { "0", 0 }, { "511", 511 } }, function(sim, row)
	local vcpu, ram, vm = sim:guest{}
	vcpu:write(row[2] * 4096, "x")
	print(ram:page(row[2]).pfn)
	expect(ram:page(row[2]).pfn):eq(1)
end)
LUA
run 1 run --jobs 1 frames.lua
cp out first
frame=$(sed -n 's/^#   got:      \([0-9]*\)$/\1/p' first | head -n 1)
[ -n "$frame" ] && prints out "= page pfn=0x$(printf '%x' "$frame")"
for how in '--jobs 2' "--trace trace.txt"; do
	# shellcheck disable=SC2086
	run 1 run $how frames.lua
	cmp -s out first || complain "other output than with --jobs 1"
done
prints trace.txt 'FAILED frames.lua:5'
run 1 run --trace /dev/full frames.lua
prints err 'kvmsim: writing /dev/full: No space left on device'
run 1 run --trace /dev/full good.lua
prints out 'ok 1 it holds'
prints err 'kvmsim: writing /dev/full: No space left on device'
run 1 run --junit /dev/full good.lua
prints err 'kvmsim: writing /dev/full: No space left on device'
what='run good.lua >/dev/full'
"$program" run good.lua 2>err >/dev/full && complain 'exit code 0 instead of 1'
prints err 'kvmsim: writing results: No space left on device'

# --- threads run until their time is over and they have done what at_least asks for ---
cat >at_least.lua <<'LUA'
local one <const> = { mmu = "ept" }
scenario("longer than its time", one, function(sim)
	local done = 0
	sim:thread("asks", function()
		while not sim:stopping() do end
		expect(done):ge(1000)
	end)
	sim:thread("works", function()
		while not sim:stopping() do done = done + 1 end
		expect(done):ge(1000)
		expect(sim:stopping()):is_true()
	end)
	sim:join{ seconds = 0.001, at_least = function() return done >= 1000 end }
	sim:thread("next", function() while not sim:stopping() do end end)
	sim:join{ seconds = 0.001 }
end)
scenario("a thread fails", one, function(sim)
	sim:thread("waits", function() while not sim:stopping() do end end)
	sim:thread("fails", function() expect(1):eq(2) end)
	sim:join{ seconds = 0.001, at_least = function() return false end }
end)
scenario("never", { mmu = "ept", timeout = 1 }, function(sim)
	sim:thread("waits", function() while not sim:stopping() do end end)
	sim:join{ seconds = 0.001, at_least = function() return false end }
end)
LUA
run 1 run at_least.lua
prints out 'ok 1 longer than its time'
prints out 'at_least.lua:19: expect():eq'
prints out 'sim:join: at_least was not reached'
prints out 'not ok 3 never'
prints out 'pass:1 fail:2'

# --- green means that something was judged ---
cat >judged.lua <<'LUA'
local one <const> = { mmu = "ept" }
scenario("no rule", one, function(sim)
	expect(1):eq(1)
	for i = 1, 3 do expect(i == 7) end
	local kept = expect(2)
	expect(3):eq(3)
	kept:eq(2)
end)
scenario("no rule in a thread", one, function(sim)
	sim:thread("t", function() expect(false) end)
	sim:join()
end)
scenario("no rule, and another failure", one, function(sim)
	expect(false)
	expect(1):eq(2)
end)
scenario("no rule before the end that was expected", one, function(sim)
	expect(false)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4K" }
	expect(vmm:userfaultfd():register(ram, UFFDIO_REGISTER_MODE_MISSING)):eq(0)
	sim:expect_report{ kind = "deadlock" }
	ram:read(0, 1)
end)
scenario("a rule that refuses its argument", one, function(sim)
	pcall(function() expect(1):errno("x") end)
end)
scenario("no rule, in a tail call", one, function(sim) return expect(false) end)
scenario("outer", one, function() scenario("inner", function() end) end)
scenario("outer cases", one, function() pcall(cases, "inner", { { "a" } }, function() end) cases("inner", { { "a" } }, function() end) end)
scenario("outer thread", one, function(sim)
	sim:thread("t", function() scenario("inner", function() end) end)
	sim:join()
end)
LUA
run 1 run judged.lua
prints out 'pass:0 fail:9'
prints out '# ?: expect() without a rule'
for line in 4 10 18 26; do
	prints out "# judged.lua:$line: expect() without a rule judges nothing"
done
for line in 3 5 6 14; do
	lacks out "judged.lua:$line: expect() without"
done
prints out 'judged.lua:29: scenario: only while a file is read'
prints out 'judged.lua:30: cases: only while a file is read'
prints out "thread 't': judged.lua:32: scenario: only while a file is read"
printf 'expect(1):eq(1)\n' >reading.lua
run 1 run reading.lua
prints out 'reading.lua:1: expect: only while a scenario runs'
cat >nothing.lua <<'LUA'
scenario("looks at nothing", { mmu = "ept" }, function(sim) sim:process():mmap{ length = "4K" } end)
scenario("a report is judged", { mmu = "ept" }, function(sim)
	local vmm = sim:process()
	local ram = vmm:mmap{ length = "4K" }
	vmm:userfaultfd():register(ram, UFFDIO_REGISTER_MODE_MISSING)
	sim:expect_report{ kind = "deadlock" }
	ram:read(0, 1)
end)
scenario("skipped", { mmu = "ept", kernel = "99.0" }, function(sim) end)
LUA
run 0 run --junit nothing.xml nothing.lua
prints out '# warning: it judges nothing'
prints out '# warning: 1 of those that passed judges nothing'
prints nothing.xml 'name="looks at nothing"'
prints nothing.xml '<system-out>warning: it judges nothing'
run 0 run good.lua
lacks out warning

# --- arguments that would not be looked at ---
cat >unused.lua <<'LUA'
local function calls(list)
	for i, row in ipairs(list) do
		scenario(("%d: %s"):format(i, row[1]), { arch = "x86_64" }, function(sim)
			local vcpu, ram, vm, vmm = sim:guest()
			local ok, message = pcall(row[2], sim, vcpu, ram, vm, vmm)
			expect(ok):is_false()
			expect(message):contains(row[3])
		end)
	end
end
local file <const> = function(vmm) return vmm:shmem("4K") end
calls{
	{ "too many", function(_, _, ram) ram:munmap(0, 4096, 1) end, "mapping:munmap: takes at most 2 arguments, got 3" },
	{ "none taken", function(_, _, _, _, vmm) vmm:fork{} end, "process:fork: takes no arguments, got 1" },
	{ "rule", function() expect(1):eq(1):ge(0, 1) end, "expectation:ge: takes 1 argument, got 2" },
	{ "join", function(sim) sim:join({}, 5) end, "sim:join: takes 1 argument, got 2; the first too many is 5" },
	{ "at_least", function(sim) sim:join{ at_least = function() end } end, "sim:join: at_least needs seconds" },
	{ "pfnmap flags", function(_, _, _, _, vmm) vmm:mmap{ kind = "pfnmap", length = "4K", flags = MAP_PRIVATE } end,
		"process:mmap: flags: not with pfnmap" },
	{ "pfnmap huge", function(_, _, _, _, vmm) vmm:mmap{ kind = "pfnmap", length = "4K", huge = false } end, "huge: not with pfnmap" },
	{ "pfnmap offset", function(_, _, _, _, vmm) vmm:mmap{ kind = "pfnmap", length = "4K", offset = 0 } end, "offset: not with pfnmap" },
	{ "pfnmap hugetlb", function(_, _, _, _, vmm) vmm:mmap{ kind = "pfnmap", length = "4K", hugetlb = true } end, "hugetlb: " },
	{ "pfnmap file", function(_, _, _, _, vmm) vmm:mmap{ kind = "pfnmap", length = "4K", file = file(vmm) } end, "file: only without kind" },
	{ "offset", function(_, _, _, _, vmm) vmm:mmap{ length = "4K", offset = "4K" } end, "offset: only with file" },
	{ "align", function(_, _, _, _, vmm) vmm:mmap{ length = "4K", addr = 1 << 30, align = "2M" } end, "align: only where" },
	{ "anonymous file", function(_, _, _, _, vmm)
		vmm:mmap{ length = "4K", file = file(vmm), flags = MAP_PRIVATE | MAP_ANONYMOUS } end, "with MAP_ANONYMOUS the file" },
	{ "new_addr", function(_, _, ram) ram:mremap{ new_length = "4M", new_addr = 1 << 30 } end, "new_addr: only with MREMAP_FIXED" },
	{ "swap_out", function(_, _, ram) ram:swap_out(ram:page(0), "8K") end, "length: not with a page object" },
	{ "out_bytes", function(_, _, _, vm) vm:ioctl(KVM_CHECK_EXTENSION, 1, 8) end, "out_bytes: only with the bytes" },
	{ "ioctl", function(_, _, _, vm) vm:ioctl(KVM_SET_NR_MMU_PAGES, "64") end, "this could be either, write a number" },
	{ "bitmap", function(_, _, _, vm) vm:clear_dirty_log{ slot = 0, num_pages = 64, bitmap = "x" } end, "bitmap: expected 8 bytes" },
	{ "args", function(_, _, _, vm) vm:enable_cap{ cap = 1, args = { flags = 1 } } end, "args: expected a list without names" },
	{ "lowcore", function(_, _, _, vm) vm:create_vcpu{ lowcore = false } end, "lowcore: only on s390x" },
	{ "range", function(_, vcpu) vcpu:workload{ op = "read", range = { 0, 4096, 7 } } end, "range: expected a list of at most 2" },
	{ "userspace_addr", function(sim) sim:guest{ slot = { userspace_addr = 0 } } end, "userspace_addr: the slot is in ram" },
	{ "map", function(sim) sim:guest{ paging = true, map = { from = 0, to = 0 } } end, "map: expected a list without names" },
}
LUA
run 0 run unused.lua
prints out 'pass:23 fail:0'
printf 'scenario("a", { mmu = { "ept", extra = "npt" } }, function() end)\n' >unused1.lua
printf 'scenario("a", { mmu = "ept" }, function() end, 1)\n' >unused2.lua
printf 'cases("a", { mmu = "ept" }, { { "x" } }, function() end, 1)\n' >unused3.lua
run 1 run unused1.lua unused2.lua unused3.lua
prints out 'unused1.lua:1: scenario: mmu: expected a list without names'
prints out 'unused2.lua:1: scenario: takes at most 3 arguments, got 4'
prints out 'unused3.lua:1: cases: takes at most 4 arguments, got 5'
run 2 --version good.lua
run 2 run --trace t.txt --jobs 2 good.lua
prints err 'one scenario at a time'

# --- messages ---
cat >messages.lua <<'LUA'
local one <const> = { mmu = "ept" }
scenario("format", one, function() string.format(("%s"):rep(30)) end)
scenario("metatable", one, function() setmetatable(1, {}) end)
scenario("constant", one, function() print(KVM_MEM_LOG_DIRTY) end)
scenario("article", one, function() expect(1):equals(1) end)
scenario("bytes", one, function() error("a\0b") end)
scenario("print", one, function(sim) print("a\0b", "\27[1m", 1) sim:log("x", nil, 7) expect(1):eq(1) end)
scenario("too much", one, function(sim) sim:guest{ ram = { length = "2G" } } end)
LUA
run 1 run messages.lua
prints out "# messages.lua:2: bad argument #2 to 'string.format' (no value)"
prints out "# messages.lua:3: bad argument #1 to 'setmetatable' (table expected, got number)"
prints out "unknown name 'KVM_MEM_LOG_DIRTY' (did you mean 'KVM_MEM_LOG_DIRTY_PAGES'?)"
prints out "an expectation has no 'equals'"
prints out '# messages.lua:6: a\x00b'
prints out '# a\x00b	\x1b[1m	1'
prints out '# x	nil	7'
prints out 'sim:guest: ram: -ENOMEM (-12): the machine has 1 GiB of RAM'

# --- threads without a call into the machine ---
cat >waits.lua <<'LUA'
for n = 1, 3 do
	scenario(("stops with the other one, %d"):format(n), { mmu = "ept", timeout = 10 }, function(sim)
		for i = 1, 6 do sim:thread(("waits %d"):format(i), function() while not sim:stopping() do end end) end
		sim:thread("fails", function() expect(1):eq(2) end)
		sim:join()
	end)
end
LUA
run 1 run waits.lua
prints out '# waits.lua:4: expect():eq'
lacks out 'time limit'
lacks out 'killed'

# --- files ---
mkdir -p files/unreadable.lua
ln -s nowhere files/dangling.lua
mkfifo files/fifo.lua
cp good.lua files/
run 1 run files
prints out '# files/dangling.lua: No such file or directory'
prints out '# files/fifo.lua: not a regular file'
prints out 'ok 3 it holds'
prints out 'pass:1 fail:2'
run 0 run good.lua ./good.lua "$work/good.lua" files/../good.lua
prints out 'pass:1 fail:0 skip:0 total:1'
for input in - /dev/stdin; do
	what="run $input"
	"$program" run "$input" - <bad.lua >out 2>err
	[ $? = 1 ] || complain "exit code"
	prints out '# -:4: expect():eq'
	prints out 'pass:0 fail:1'
done
what='list -'
"$program" list - <good.lua >out 2>err || complain "exit code $?"
prints out '-:1: it holds'

# --- interrupted ---
cat >interrupted.lua <<'LUA'
scenario("before", { mmu = "ept" }, function(sim) expect(1):eq(1) end)
scenario("endless", { mmu = "ept" }, function(sim) while true do end end)
scenario("never", { mmu = "ept" }, function(sim) expect(1):eq(1) end)
LUA
for signal in HUP INT QUIT TERM; do
	what="run interrupted.lua, killed by $signal"
	rm -f out interrupted.xml
	# A shell's background job ignores INT and QUIT.
	env --default-signal=HUP,INT,QUIT,TERM "$program" run --junit "$work/interrupted.xml" interrupted.lua >out 2>err </dev/null &
	pid=$!
	for _ in $(seq 100); do
		! grep -qs '^ok 1' out || break
		sleep 0.1
	done
	kill -s $signal $pid
	wait $pid
	code=$?
	[ "$(kill -l $code)" = $signal ] || complain "exit code $code"
	prints out 'ok 1 before'
	prints out '# interrupted by signal'
	prints out 'in: endless; 1 of 3 are done'
	prints out '# Totals: pass:1 fail:0 skip:0 total:1'
	prints interrupted.xml 'tests="2" failures="0" errors="1"'
	prints interrupted.xml 'name="endless" time="0"><error message="interrupted by signal'
	prints interrupted.xml '</testsuites>'
	! left=$(grep -las "${work%?}[${work#"${work%?}"}]/interrupted[.]xml" /proc/[0-9]*/cmdline) || complain "still there: $left"
done

# --- which architecture ---
printf 'scenario("of s390", { mmu = "vsie" }, function(sim) error("runs") end)\n' >vsie.lua
run 0 run vsie.lua
prints out 'ok 1 of s390 # SKIP no flavour that has its mmu is built here: see --arch'
run 2 run --arch x86_64 vsie.lua
prints err 'no scenario for x86_64 here'
# With the other flavour.
if [ -e "$(dirname "$program")/libkvm-s390x.so" ]; then
	mkdir both && ln -s "$(dirname "$program")"/libkvm-x86_64.so "$(dirname "$program")"/libkvm-s390x.so both/
	cat >mmus.lua <<'LUA'
scenario("of x86", { mmu = { "ept", "npt" } }, function(sim) expect(sim.arch):eq("x86_64") end)
scenario("of s390", { mmu = "vsie" }, function(sim) expect(sim.arch):eq("s390x") end)
scenario("of both", { mmu = { "ept", "sie" } }, function(sim) expect(sim.mmu):eq(sim.arch == "x86_64" and "ept" or "sie") end)
scenario("of any", function(sim) expect(true):is_true() end)
scenario("both named", { arch = { "x86_64", "s390x" }, mmu = "npt" }, function(sim)
	expect(sim.mmu):eq(sim.arch == "x86_64" and "npt" or "sie")
end)
LUA
	KVMSIM_FLAVOUR_DIR=$work/both
	run 0 run mmus.lua
	prints out '1..9'
	prints out 'of x86 [ept] # arch=x86_64 mmu=ept'
	prints out 'of s390 # arch=s390x mmu=vsie'
	run 0 run --arch s390x mmus.lua
	prints out '1..4'
	lacks out 'of x86'
	# A method that only the other architecture has, by a vCPU and a VM of each, and one that nobody has.
	cat >elsewhere.lua <<'LUA'
local only = { x86_64 = { "vcpu nested", "vcpu sske", "vm mem_op", "vm set_cpu_facilities" },
	s390x = { "vcpu invlpg", "vcpu load_cr3", "vcpu get_msr", "vm set_nr_mmu_pages" } }
scenario("elsewhere", { arch = { "x86_64", "s390x" } }, function(sim)
	local object = {}
	object.vcpu, _, object.vm = sim:guest()
	local other = sim.arch == "s390x" and "x86_64" or "s390x"
	for _, call in ipairs(only[sim.arch]) do
		local class, name = call:match("(%l+) ([%l%d_]+)")
		local ok, text = pcall(function() return object[class][name] end)
		local expected = ("a %s has no '%s' on %s, only on %s"):format(class, name, sim.arch, other)
		expect(ok):is_false()
		expect(text:sub(-#expected)):eq(expected)
	end
	local _, text = pcall(function() return object.vm.set_nr_mmu_pagess end)
	expect(text:find("has no 'set_nr_mmu_pagess'", 1, true) ~= nil):is_true()
	expect(select(2, pcall(object.vm.create_vcpu, object.vm, { [sim.arch == "s390x" and "cpuid" or "lowcore"] = true }))
		:find("only on " .. other, 1, true) ~= nil):is_true()
	-- Looking for names elsewhere changes nothing here.
	expect(object.vcpu:write(0x1000, "still here")):is_true()
end)
LUA
	run 0 run elsewhere.lua
	prints out '# Totals: pass:2 fail:0'
	printf 'scenario("a machine", { arch = "s390x", facilities = { { rdp = true, nx = false }, {} } }, function(sim)\n' >machine.lua
	printf 'expect(sim.facilities.nx == false):eq(sim.facilities.rdp == true) expect(sim.mmu):eq("sie") end)\n' >>machine.lua
	run 0 run machine.lua
	prints out 'ok 1 a machine [sie:nx=0,rdp=1] # arch=s390x mmu=sie facilities=nx=0,rdp=1'
	prints out 'ok 2 a machine [sie] # arch=s390x mmu=sie'
	run 2 run --arch s390x --filter 'of x86' mmus.lua
	prints err "no scenario for s390x matches 'of x86' here"
	KVMSIM_FLAVOUR_DIR=$work/flavours
fi

# --- what a scenario may not do ---
cat >sandbox.lua <<'LUA'
local names = { { "io" }, { "os" }, { "load" }, { "dofile" }, { "debug" }, { "package" } }
cases("not there:", { mmu = "ept" }, names, function(sim, row) expect(_ENV[row[1]]):is_nil() end)
LUA
run 0 run sandbox.lua
prints out 'pass:6 fail:0'
cat >io.lua <<'LUA'
scenario("io is there", { mmu = "ept" }, function(sim) expect(os.getenv ~= nil and io.open ~= nil):is_true() end)
LUA
run 1 run io.lua
run 0 run --allow-io io.lua
cat >greedy.lua <<'LUA'
scenario("memory", { mmu = "ept" }, function(sim) local s = "x" while true do s = s .. s end end)
scenario("time", { mmu = "ept", timeout = 1 }, function(sim) while true do end end)
scenario("type", { mmu = "ept" }, function(sim) sim:process():mmap{ length = {} } end)
scenario("coroutine", { mmu = "ept", timeout = 0.5 }, function(sim)
	coroutine.wrap(function() while true do end end)()
end)
scenario("caught", { mmu = "ept", timeout = 0.5 }, function(sim)
	local caught = 0
	while true do
		if not pcall(function() while true do end end) then caught = caught + 1 end
		if caught > 3 then error("it comes again and again") end
	end
end)
LUA
run 1 run greedy.lua
prints out 'not enough memory'
prints out 'greedy.lua:2: time limit'
prints out 'greedy.lua:3: process:mmap: length'
prints out 'greedy.lua:5: time limit'
prints out 'it comes again and again'
prints out 'pass:0 fail:5'
printf 'while true do end\n' >forever.lua
run 1 run forever.lua good.lua
prints out 'ok 2 it holds'

# --- code that scenarios share ---
run 0 run tree
prints out '# Totals: pass:1 fail:0 skip:0 total:1'
run 1 run requires-nothing.lua
prints out "requires-nothing.lua:1: require: lib/nothing.lua: No such file or directory"
run 1 run circle
prints out "lib/circle.lua:1: require: 'circle' requires itself"
run 1 run requires-above.lua
prints out "requires-above.lua:1: require: '../good': letters, digits"

# --- repl ---
what=repl
printf 'ram = sim:process():mmap{ length = "4K" }\nprint(ram:write(0, "x"))\nno_such()\nprint(40 + 2)\n' |
	"$program" repl >out 2>err || complain "exit code $?"
prints out '42'
printf 'expect(1 == 2)\nexpect(1):eq(1)\nscenario("x", function() end)\nprint(40 + 2)\n' |
	"$program" repl >out 2>err || complain "exit code $?"
prints out 'expect() without a rule judges nothing'
prints out 'scenario: only while a file is read: here one world runs already'
prints out '42'
[ "$(grep -c 'without a rule' out)" = 1 ] || complain "more than one complaint"

finish
