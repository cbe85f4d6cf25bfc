#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Starts gdb on one scenario. Called by the launcher.
#
#   debug.sh PROGRAM "BREAKPOINT..." RUN-ARGUMENT...
#
# The scenario's process is five generations below the program. The first child only reads the scenario file; from the
# second one on gdb goes with each child. A user's gdb commands come from KVMSIM_GDB_COMMANDS, a file, for the tests.
set -eu

program=$1 breakpoints=$2
shift 2
"$program" list "$@" >/dev/null
n=$("$program" list "$@" | grep -vc ' - skipped: ') || n=0
if [ "$n" != 1 ]; then
	echo "kvmsim: debug: $n scenarios run; --filter PATTERN, FILE:LINE and --arch choose one:" >&2
	"$program" list "$@" | head -n 20 >&2
	exit 2
fi
helpers=$("${0%/*}/gdb-helpers.sh" "${program%/*}") || {
	echo "kvmsim: debug: the kernel's helpers for gdb cannot be made ready; without them:" >&2
	helpers=
}
commands=$(mktemp)
trap 'rm -f "$commands"' EXIT
{
	echo 'set pagination off'
	echo 'set confirm off'
	echo 'set breakpoint pending on'
	echo 'handle SIGSEGV SIGILL SIGUSR1 nostop noprint pass'
	echo 'catch fork'
	echo 'run'
	echo 'continue'
	echo 'delete'
	echo 'set follow-fork-mode child'
	for place in ${breakpoints:-child_main}; do echo "break $place"; done
	[ -n "${KVMSIM_GDB_COMMANDS:-}" ] || echo 'set pagination on'
	echo 'continue'
	[ -z "$helpers" ] || echo "source $helpers"
	[ -z "${KVMSIM_GDB_COMMANDS:-}" ] || cat "$KVMSIM_GDB_COMMANDS"
} >"$commands"
# --timeout keeps the program from ending a scenario that stands at a breakpoint.
gdb -q -nx -ex 'set debuginfod enabled off' ${KVMSIM_GDB_COMMANDS:+-batch} -x "$commands" \
	--args "$program" run --jobs 1 --timeout 86400 "$@"
