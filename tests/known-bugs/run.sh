#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Puts known bugs back into the kernel code, one at a time, and expects that the named scenario or selftest finds each.
#
#   run.sh BUILD_DIR KERNEL_SOURCE ARCH [NAME...]
#
# The manifest in the directory ARCH-VERSION names the bugs; VERSION is that of KERNEL_SOURCE. NAME: only those. A bug
# without a patch there has the reference kernel's. The flavour with the bug is made in BUILD_DIR/known-bugs-ARCH
# (variant.sh). Checks after each step that look at everything must say the same as those of what the step has changed.
# Prints KTAP. Exit code 1: a bug was not found, the checks do not say the same, or the correct kernel fails.
set -eu
LC_ALL=C
export LC_ALL

build=$(readlink -f "$1") source=$(readlink -f "$2") arch=$3
shift 3
here=$(dirname "$(readlink -f "$0")")
scenarios=$(readlink -f "$here/../../sim/scenarios")
version=$(sed -n '/^VERSION = /{s///;h;}; /^PATCHLEVEL = /{s///;H;g;s/\n/./;p;q;}' "$source/Makefile")
kernels=$here/../../kernel-shim/kernels
. "$here/../../kernel-shim/kbuild/kernels.sh"
reference=$here/$arch-$(reference_kernel)
here=$here/$arch-$version
[ -e "$here/manifest" ] || {
	echo "known-bugs: none for $arch of Linux $version" >&2
	exit 2
}
work=$build/known-bugs-$arch
. "$(dirname "$(readlink -f "$0")")/../variant.sh"

die() {
	echo "known-bugs: $*" >&2
	exit 2
}

run_scenario() { # FLAVOUR FILE FILTER [OPTION...]
	flavour=$1 where=$2 pattern=$3
	shift 3
	if [ "$where" = selftests ]; then
		ln -sf "$build/libkvmexec.so" "$work/flavour/"
		KVMSIM_FLAVOUR_DIR=$flavour "$build/kvmsim-bin" selftests --long --filter "$pattern" \
			>"$work/output" 2>&1
		return
	fi
	KVMSIM_FLAVOUR_DIR=$flavour "$build/kvmsim-bin" run --arch "$arch" --filter "$pattern" "$@" \
		"$scenarios/$where" >"$work/output" 2>&1
}

# A race is not met in every run.
find_bug() {
	for turn in 1 2 3 4 5; do
		run_scenario "$work/flavour" "$1" "$2" || return 0
	done
	return 1
}

# True unless checks that look at everything after each step say something else than those that look at what it has
# changed, or at another step. What is not the same in two runs cannot be compared, nor can threads; selftests have no
# steps. The names of scenarios have the parameter at the end of what is in brackets: only parameters have a dot.
same_with_whole_checks() { # FILE FILTER
	[ "$1" != selftests ] && ! grep -q ':thread' "$scenarios/$1" || return 0
	mv "$work/output" "$work/output.changes"
	run_scenario "$work/flavour" "$1" "$2" || true
	if cmp -s "$work/output" "$work/output.changes"; then
		whole=machine.whole_checks=1
		pattern=$(printf '%s' "$2" | sed "s/\(\[[^]]*\.[^]]*\)]/\1,$whole]/; t; s/\(\[[^]]*\)]/\1:$whole]/")
		run_scenario "$work/flavour" "$1" "$pattern" --param "$whole" || true
		sed -i "s/[:,]$whole//g; s/ params=$whole//; s/ --param $whole//" "$work/output"
		if cmp -s "$work/output" "$work/output.changes"; then
			compared=$((compared + 1))
			return 0
		fi
		diff "$work/output.changes" "$work/output" >"$work/difference" || true
		mv "$work/difference" "$work/output"
		return 1
	fi
	mv "$work/output.changes" "$work/output"
}

variant_begin
grep -v '^#\|^$' "$here/manifest" >"$work/manifest"
for name in "$@"; do
	grep -q "^$name	" "$work/manifest" || die "no bug '$name' in $here/manifest"
done

echo "KTAP version 1"
number=0 failed=0 compared=0
while IFS='	' read -r name file filter report; do
	variant_wanted "$name" "$@" || continue
	number=$((number + 1)) problem=
	patch=$here/$name.patch
	[ -e "$patch" ] || patch=$reference/$name.patch
	if ! run_scenario "$build" "$file" "$filter"; then
		problem="the correct kernel fails"
	elif ! variant_patch "$patch" >"$work/log" 2>&1; then
		sed 's/^/# /' "$work/log"
		problem="it cannot be built"
	elif ! find_bug "$file" "$filter"; then
		problem="not found"
	elif ! grep -qF -e "$report" "$work/output"; then
		problem="found, but without the report \"$report\""
	elif ! same_with_whole_checks "$file" "$filter"; then
		problem="checks that look at everything say something else"
	fi
	variant_unpatch "$patch"
	if [ -n "$problem" ]; then
		sed 's/^/# /' "$work/output" | grep -v 'KTAP version\|1\.\.' | head -40
		echo "not ok $number $name # $problem"
		failed=1
	else
		echo "ok $number $name"
	fi
done <"$work/manifest"
echo "1..$number"
echo "# $compared say the same when each check looks at everything"
exit $failed
