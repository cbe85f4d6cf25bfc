#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Compares published optimisations of KVM with what the bench shows of them.
#
#   run.sh BUILD_DIR KERNEL_SOURCE ARCH [NAME...]
#
# The manifest says what they are, and which figure counts. NAME: only those. A flavour with a patch is made in
# BUILD_DIR/fidelity-ARCH (tests/variant.sh). Prints KTAP with the table as comments. The table's last column says whether
# the ratio is, as a logarithm, at least half the published one. Exit code 1: a figure does not go in the published
# direction, or there is none.
set -eu
LC_ALL=C
export LC_ALL

build=$(readlink -f "$1") source=$(readlink -f "$2") arch=$3
shift 3
here=$(dirname "$(readlink -f "$0")")
version=$(sed -n '/^VERSION = /{s///;h;}; /^PATCHLEVEL = /{s///;H;g;s/\n/./;p;q;}' "$source/Makefile")
work=$build/fidelity-$arch
. "$here/../../tests/variant.sh"

# Prints the instructions of one function of the kernel and what is inlined there; bench only has all of the kernel.
function_instructions() { # FLAVOUR_DIR CASE FUNCTION
	rm -rf "$work/profiles"
	mkdir "$work/profiles"
	KVMSIM_FLAVOUR_DIR=$1 valgrind -q --tool=callgrind --instr-atstart=no \
		--callgrind-out-file="$work/profiles/%p" "$build/kvmsim-bin" bench --arch "$arch" --once "$arch $2" \
		"$here/cases.lua" >"$work/output" 2>&1 || return 1
	for profile in "$work/profiles"/*; do
		callgrind_annotate --threshold=100 "$profile" 2>/dev/null || true
	done | awk -v function_name="$3" '{ name = $0; sub(/ \[.*/, "", name); sub(/.*:/, "", name); sub(/ +$/, "", name) }
		name == function_name { gsub(/,/, "", $1); sum += $1 } END { print sum + 0 }'
}

# Prints a figure of a case.
measure() { # FLAVOUR_DIR CASE FIGURE
	instructions=
	case $3 in
	'instructions of '*)
		function_instructions "$1" "$2" "${3#instructions of }"
		return
		;;
	instructions,*) instructions=--instructions ;;
	esac
	# shellcheck disable=SC2086	# one option or none
	KVMSIM_FLAVOUR_DIR=$1 "$build/kvmsim-bin" bench --arch "$arch" --rounds 1 $instructions --filter "$2" \
		"$here/cases.lua" >"$work/output" 2>&1 || return 1
	awk -v figure="$3" '{ sub(/^ +/, "") } index($0, figure "  ") == 1 { print $NF; exit }' "$work/output"
}

# Sets before and after.
measure_both() { # NAME HOW CASE FIGURE
	if [ "$2" = settings ]; then
		before=$(measure "$build" "$3: before" "$4") && after=$(measure "$build" "$3: after" "$4")
		return
	fi
	variant_patch "$here/$1.patch" >"$work/output" 2>&1 || return 1
	if [ "$2" = undo ]; then
		before=$(measure "$work/flavour" "$3" "$4") && after=$(measure "$build" "$3" "$4")
	else
		after=$(measure "$work/flavour" "$3" "$4") && before=$(measure "$build" "$3" "$4")
	fi
}

variant_begin
echo "KTAP version 1"
number=0 failed=0
: >"$work/table"
grep -v '^#\|^$' "$here/manifest" >"$work/manifest"
for name in "$@"; do
	grep -q "^$name	$arch	$version	" "$work/manifest" || {
		echo "fidelity: no '$name' for $arch of Linux $version in $here/manifest" >&2
		exit 2
	}
done
while IFS='	' read -r name on kernel how case figure was is what from; do
	[ "$on" = "$arch" ] && [ "$kernel" = "$version" ] || continue
	variant_wanted "$name" "$@" || continue
	number=$((number + 1)) before='' after=''
	measure_both "$name" "$how" "$case" "$figure" || true
	[ "$how" = settings ] || variant_unpatch "$here/$name.patch"
	if ! awk -v a="$before" -v b="$after" 'BEGIN { exit !(a > 0 && b > 0) }'; then
		sed 's/^/# /' "$work/output" | head -40
		echo "not ok $number $name # there is no figure"
		failed=1
		continue
	fi
	awk -v name="$name" -v figure="$figure" -v before="$before" -v after="$after" -v was="$was" -v is="$is" \
		-v what="$what" -v from="$from" 'BEGIN {
		half = log(before / after) >= log(was / is) / 2 ? "yes" : "no"
		printf "| %s | %s -> %s (%.2f) | %s | %s | %s -> %s (%.2f) | %s | %s | %s |\n", name, was, is, was / is, what,
			from, before, after, before / after, figure, (before > after ? "yes" : "no"), half
	}' >>"$work/table"
	if awk -v a="$before" -v b="$after" 'BEGIN { exit !(a > b) }'; then
		echo "ok $number $name"
	else
		echo "not ok $number $name # $figure: $before -> $after"
		failed=1
	fi
done <"$work/manifest"
echo "1..$number"
echo "#"
echo "# | name | published | of what | source | here | figure | same direction | half the log-ratio |"
echo "# |---|---|---|---|---|---|---|---|"
sed 's/^/# /' "$work/table"
exit $failed
