#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of the constants that scenarios see: those of the flavour that a scenario runs on, and what a name does that it
# lacks. constants.sh PROGRAM
#
# The second half needs the flavour of s390x; it is left out if that is not built.
set -u

program=$1
flavours=$(dirname "$program")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
failures=0

# run CODE FILE...: the run must end with this code; its output is in out.
run() {
	want=$1
	shift
	what=$*
	"$program" run "$@" >out 2>&1 </dev/null
	code=$?
	[ "$code" = "$want" ] || complain "exit code $code instead of $want"
}

complain() {
	failures=$((failures + 1))
	printf 'FAILED: kvmsim run %s: %s\n' "$what" "$1"
	sed 's/^/  /' out | head -n 40
}

prints() {
	grep -qF -- "$1" out || complain "no '$1'"
}

only() {
	rm -rf only && mkdir only && ln -s "$flavours/libkvm-$1.so" only/ || exit 1
	KVMSIM_FLAVOUR_DIR=$work/only
	export KVMSIM_FLAVOUR_DIR
}

# --- a name that this kernel lacks -------------------------------------------------------------------------
only x86_64
cat >lacks.lua <<'LUA'
local one <const> = { mmu = "ept" }
local sum, text <const> = PGM_PROTECTION | 8, ("x"):rep(PGM_PROTECTION + 1) .. "y"
scenario("by name", one, function() expect(PGM_PROTECTION):eq(4) end)
scenario("as an argument", one, function(sim) sim:process():open_kvm():check_extension(sum) end)
scenario("as bytes", one, function(sim) sim:process():mmap{ length = "4K" }:write(0, text) end)
scenario("expected", one, function() expect(3):ne(sum) end)
scenario("compared", one, function() expect(3):lt(sum) end)
scenario("misspelt", one, function() print(PGM_PROTECTIOM) end)
cases("read all the same", { arch = "s390x" }, { { "x", string.pack("<I4", PGM_PROTECTION) } }, function() end)
scenario("needed", { mmu = "ept", needs = "KVM_CAP_S390_LATE_MMAP" }, function() error("runs") end)
scenario("not about it", one, function() expect(1):eq(1) end)
LUA
run 1 lacks.lua
kernel=$("$program" --version | sed -n 's/^x86_64: kernel \([^, ]*\).*/Linux \1 for x86_64/p')
prints "# lacks.lua:3: PGM_PROTECTION: $kernel does not have this constant"
prints '# lacks.lua:4: kvm:check_extension: cap: expected a 64-bit number or a size'
prints ", got PGM_PROTECTION, which $kernel does not have"
prints "# lacks.lua:5: mapping:write: data: expected a string, got PGM_PROTECTION, which $kernel"
prints "# lacks.lua:6: expect: expected a value, got PGM_PROTECTION, which $kernel"
prints "# lacks.lua:7: expectation:lt: expected a number, got PGM_PROTECTION, which $kernel"
prints "# lacks.lua:8: unknown name 'PGM_PROTECTIOM' (did you mean 'PGM_PROTECTION'?)"
prints 'SKIP no flavour for s390x is built here'
prints 'SKIP needs KVM_CAP_S390_LATE_MMAP'
prints 'pass:1 fail:6 skip:2'

# --- two flavours ------------------------------------------------------------------------------------------
if [ -e "$flavours/libkvm-s390x.so" ]; then
	ln -s "$flavours/libkvm-s390x.so" only/ || exit 1
	cat >both.lua <<'LUA'
-- The size of struct kvm_sregs is in the number: 312 bytes on x86_64, 192 on s390.
local get <const> = KVM_GET_SREGS
scenario("own values", { mmu = { "ept", "sie" } }, function(sim)
	expect(get):eq(sim.arch == "s390x" and 0x80c0ae83 or 0x8138ae83)
	expect(KVM_GET_SREGS):eq(get)
	local vcpu = sim:guest()
	expect(vcpu:ioctl(get, ("\0"):rep(get >> 16 & 0x3fff), 0)):eq(0)
end)
cases("own names", { mmu = { "ept", "sie" } }, { { "x", PGM_PROTECTION } }, function(sim, row)
	local kvm = sim:process():open_kvm()
	local ok, message = pcall(function() return kvm:check_extension(row[2]) end)
	expect(ok):eq(sim.arch == "s390x")
	expect(sim.arch == "s390x" or message:find("got PGM_PROTECTION, which Linux", 1, true) ~= nil):is_true()
end)
LUA
	run 0 both.lua
	prints 'pass:4 fail:0'
	cat >differs.lua <<'LUA'
-- What a file registers may not depend on constants.
scenario(KVM_GET_SREGS == 0x8138ae83 and "x86_64's" or "the other's", { mmu = { "ept", "sie" } }, function()
	expect(1):eq(1)
end)
LUA
	run 1 differs.lua
	prints 'the file has no scenario'
	prints 'pass:1 fail:1'
	cat >breaks.lua <<'LUA'
cases("a", { mmu = { "ept", "sie" } }, { { "1" }, { "2" } }, function() expect(1):eq(1) end)
if KVM_GET_SREGS ~= 0x8138ae83 then error("not here") end
LUA
	run 1 breaks.lua
	[ "$(grep -c '^# breaks.lua:2: not here' out)" = 2 ] || complain "not two jobs with the error"
	prints 'pass:2 fail:2'
fi

[ $failures = 0 ] && echo "ok"
exit $failures
