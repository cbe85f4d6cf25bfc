# SPDX-License-Identifier: GPL-2.0-only
# What tests of the program share: a directory of their own with one flavour, runs with an expected exit code, and
# complaints. To be sourced with $program set; sets $work and goes there.
# shellcheck shell=sh
# shellcheck disable=SC2154	# program

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
# Only one flavour, whatever else has been built.
mkdir flavours && ln -s "$(dirname "$program")/libkvm-x86_64.so" flavours/ || exit 1
KVMSIM_FLAVOUR_DIR=$work/flavours
export KVMSIM_FLAVOUR_DIR
failures=0

# run CODE ARGUMENT...: the program must end with this code; its output is in out and err.
run() {
	want=$1
	shift
	what=$*
	"$program" "$@" >out 2>err </dev/null
	code=$?
	[ "$code" = "$want" ] || complain "exit code $code instead of $want"
}

complain() {
	failures=$((failures + 1))
	printf 'FAILED: kvmsim %s: %s\n' "$what" "$1"
	sed 's/^/  out: /' out | head -n 40
	sed 's/^/  err: /' err | head -n 20
}

# prints FILE TEXT: the file must have a line with this text.
prints() {
	grep -qF -- "$2" "$1" || complain "no '$2' in $1"
}

lacks() {
	! grep -qF -- "$2" "$1" || complain "'$2' in $1"
}

# The last command of a test.
finish() {
	[ "$failures" = 0 ] && echo "all as it should be"
	[ "$failures" = 0 ]
}
