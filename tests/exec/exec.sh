#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of kvmsim exec: each test program passes, also with fewer CPUs; what is refused is refused by name; exit codes.
#
#   exec.sh KVMSIM_BIN DIRECTORY_OF_PROGRAMS [CASE]
set -eu

kvmsim=$1 dir=$2 only=${3:-}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# Runs "kvmsim exec"; expects an exit code, and a text in the output, or "": nothing on standard error.
expect() { # CODE TEXT ARGUMENT...
	code=$1 text=$2
	shift 2
	rc=0
	"$kvmsim" exec "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || rc=$?
	if [ "$rc" = "$code" ]; then
		if [ -n "$text" ]; then
			! cat "$tmp/out" "$tmp/err" | grep -qF -e "$text" || return 0
		elif [ ! -s "$tmp/err" ]; then
			return 0
		fi
	fi
	echo "FAILED: exec $*: exit code $rc instead of $code, or not \"$text\":"
	sed 's/^/    /' "$tmp/err"
	failed=1
}

programs() {
	for program in memory signals files threads forking guest running sleeps idles; do
		expect 0 "" "$dir/exec_$program"
	done
	expect 0 "" "$dir/exec_cpuid" GenuineIntel
	expect 0 "" --mmu npt "$dir/exec_cpuid" AuthenticAMD
	expect 0 "" --mmu shadow "$dir/exec_cpuid" AuthenticAMD
	expect 0 "" --hugepages 8 "$dir/exec_proc"
	# What the program expects of signals is what the host does.
	"$dir/exec_signals" host || failed=1
	expect 0 "" --mmu shadow -- "$dir/exec_guest"
	expect 0 "" --mmu npt "$dir/exec_guest"
	expect 0 "" --ram 256M -- "$dir/exec_memory"
	expect 0 "" --cpus 2 -- "$dir/exec_threads"
}

refused() {
	while read -r name text; do
		expect 1 "kvmsim: REFUSED: $text" "$dir/exec_refused" "$name"
	done <<-EOF
		slot-of-malloc a memory slot with memory at
		dup-over dup2() with a descriptor of the simulator
		map-over mmap() of a file of the host over
		map-outside mmap() of a simulated file at
		lock-all mlockall()
		by-number syscall() number 9
		run-code execution of code at
		seals memfd_create() with flags 0x2
	EOF
	expect 1 "begun" "$dir/exec_refused" seals
	expect 1 "cannot execute the guest's code at 1000, which begins with the bytes d9 ee f4" "$dir/exec_refused" \
		guest-code
}

# However a program ends, no process and no file is left, and nothing in shared memory.
ends() {
	shared=$(ls -A /dev/shm)
	while read -r how code; do
		mkdir "$tmp/dir"
		rc=0
		TMPDIR=$tmp/dir setsid sh -c 'echo $$ >"$0"; exec "$@"' "$tmp/pid" "$kvmsim" exec -- "$dir/exec_ends" \
			"$how" >"$tmp/out" 2>&1 </dev/null || rc=$?
		if [ "$rc" != "$code" ] || kill -0 -- "-$(cat "$tmp/pid")" 2>/dev/null || [ -n "$(ls -A "$tmp/dir")" ] ||
			[ "$shared" != "$(ls -A /dev/shm)" ]; then
			echo "FAILED: exec_ends $how: exit code $rc instead of $code, or something is left:"
			sed 's/^/    /' "$tmp/out"
			ls -A "$tmp/dir" /dev/shm
			failed=1
		fi
		rm -r "$tmp/dir"
	done <<-EOF
		return 0
		crash 139
		simulated-crash 139
		abort 134
		kill 137
		exit-from-thread 7
	EOF
}

verdicts() {
	expect 1 "kvmsim: FAILED: the program passed, but the simulator has" "$dir/exec_refused" stray-write
	expect 1 "kvmsim: FAILED: the program passed, but the simulator has" "$dir/exec_refused" write-undone
	expect 1 "kvmsim: FAILED: the program passed, but the simulator has" "$dir/exec_refused" write-undone-with-threads
	expect 3 "kvmsim: the program ended with 3, and the simulator has" "$dir/exec_refused" fails
	expect 4 "" "$dir/exec_refused" exit-4
	expect 99 "" "$dir/exec_refused"
}

usage() {
	expect 0 "Usage: kvmsim exec" --help
	expect 2 "which program?"
	expect 2 "No such file" /nowhere
	expect 2 "expected ept, npt or shadow" --mmu sie true
	expect 2 "expected 64M to 32G" --ram 5 true
	expect 2 "expected 1 to 8" --cpus 9 true
	expect 2 "expected a number of pages" --hugepages 2M true
	expect 1 "REFUSED: --hugepages 99999: RAM has room for" --ram 64M --hugepages 99999 true
	expect 2 "has no option --nothing" --nothing true
	expect 2 "a program for it does not run on this processor" --arch s390x true
	expect 2 "it is statically linked" "$dir/exec_static"
	expect 1 "REFUSED: --param kvm.nothing=1" --param kvm.nothing=1 true
	expect 0 "" --param kvm.halt_poll_ns=0 true
}

for case in programs refused ends verdicts usage; do
	[ -n "$only" ] && [ "$only" != "$case" ] || $case
done
exit $failed
