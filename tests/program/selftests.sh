#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of kvmsim selftests: usage, the list, the formats of results. The verdicts are unit/selftests's.
#
#   selftests.sh KVMSIM_BIN
set -u

kvmsim=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# Runs "kvmsim selftests"; expects an exit code, and lines that match in what it prints.
expect() { # CODE REGEX ARGUMENT...
	code=$1 regex=$2
	shift 2
	rc=0
	"$kvmsim" selftests "$@" >"$tmp/out" 2>&1 || rc=$?
	[ "$rc" = "$code" ] && grep -qE -e "$regex" "$tmp/out" && return
	echo "FAILED: selftests $*: exit code $rc instead of $code, or not \"$regex\":"
	head -n 30 "$tmp/out"
	failed=1
}

expect 0 '^Usage: kvmsim selftests' --help
expect 2 'expected some of ept,npt,shadow' --mmu sie
expect 2 'expected a number from 1 to 1024' --jobs 0
expect 2 'there is no option --nothing' --nothing
expect 2 'option --filter needs a value' --filter
expect 2 'no argument expected: guest_print_test' guest_print_test
expect 2 'no test matches' --filter 'no such test'
expect 0 '^guest_print_test \[ept npt shadow\]: passes$' --list
expect 0 '^pre_fault_memory_test \[shadow\]: skipped because .' --list
expect 0 '^x86(_64)?/sev_smoke_test: refused because .' --list
expect 0 '^dirty_log_test .*: passes, with --long$' --list --filter dirty_log
expect 0 '^ok 1 x86(_64)?/sev_smoke_test \[x86_64\] # SKIP there is no SEV' --filter sev_smoke
# A program that only the kernel has would be run, so each must be in the list.
expect 0 . --list
sed 's/[ :].*//' "$tmp/out" | sort -u >"$tmp/listed"
[ "$(wc -l <"$tmp/listed")" -ge 80 ] || { echo "FAILED: --list has only these:" && cat "$tmp/listed" && failed=1; }

expect 0 '^ok 2 guest_print_test \[x86_64 shadow\] # arch=x86_64 mmu=shadow$' \
	--filter guest_print --mmu shadow,ept --junit "$tmp/junit"
grep -qx '1..2' "$tmp/out" && grep -qx '# Totals: pass:2 fail:0 skip:0 total:2' "$tmp/out" || {
	echo "FAILED: KTAP:" && cat "$tmp/out"
	failed=1
}
grep -q '<testsuite name="kvmsim" tests="2" failures="0" errors="0" skipped="0"' "$tmp/junit" &&
	grep -q 'classname="x86_64.selftests.kvm.guest_print_test" name="guest_print_test \[x86_64 ept\]"' \
		"$tmp/junit" || {
	echo "FAILED: JUnit:" && cat "$tmp/junit"
	failed=1
}
# Nothing is built again.
expect 0 . --filter guest_print --mmu ept
! grep -q building "$tmp/out" || { echo "FAILED: built again" && failed=1; }
[ "$failed" = 0 ]
