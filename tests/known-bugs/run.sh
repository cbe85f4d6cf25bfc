#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Puts known bugs back into the kernel code, one at a time, and expects that the named scenario finds each.
#
#   run.sh BUILD_DIR KERNEL_SOURCE ARCH [NAME...]
#
# The manifest in the directory ARCH-VERSION names the bugs; VERSION is that of KERNEL_SOURCE. NAME: only those. A bug
# without a patch there has the reference kernel's. In a tree of links to KERNEL_SOURCE the files that a patch touches
# become copies. Only what depends on them is compiled, with the commands of BUILD_DIR, and linked into a separate
# flavour in BUILD_DIR/known-bugs-ARCH. Prints KTAP. Exit code 1: a bug was not found, or the correct kernel fails.
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
tree=$work/tree

die() {
	echo "known-bugs: $*" >&2
	exit 2
}

# Paths, from the top of the tree, of the files that a patch changes.
touched() { sed -n 's|^+++ b/\([^[:blank:]]*\).*|\1|p' "$1"; }

# Objects of the flavour that depend on a file of the kernel.
dependents() {
	awk -v file="$source/$1" '/^[^ ]/ { object = $1; sub(/:$/, "", object) } $1 == file { print object }' "$work/deps" |
		grep -Fx -f "$work/objects" || true
}

compile() {
	command=$(ninja -C "$build" -t commands -s "$1" |
		sed "s|$source/|$tree/|g; s| -MF [^ ]*| -MF '$2.d'|; s| -o [^ ]* -c | -o '$2' -c |")
	(cd "$build" && sh -c "$command")
}

# Links a flavour in $work/flavour from the objects of the build, some of them replaced.
link() {
	mkdir -p "$work/link" "$work/flavour"
	cp "$build/kvm-$arch/exports.map" "$work/link/"
	command=$(ninja -C "$build" -t commands -s "libkvm-$arch.so" |
		sed "s|$build/libkvm-$arch.so|$work/flavour/libkvm-$arch.so|g; s|$build/kvm-$arch |$work/link |g")
	(cd "$build" && sh -c "$command") >"$work/link.log" 2>&1 || {
		cat "$work/link.log" >&2
		return 1
	}
}

bring_back() {
	sed 's|^\([^"].*\)|"\1"|' "$work/rsp" >"$work/link/objects.rsp.new"
	touched "$1" | while read -r file; do
		cp --remove-destination "$source/$file" "$tree/$file"
	done
	patch -s -p1 -d "$tree" --no-backup-if-mismatch <"$1" || return 1
	n=0
	for object in $(touched "$1" | while read -r file; do dependents "$file"; done | sort -u); do
		n=$((n + 1))
		compile "$object" "$work/link/$n.o" || return 1
		sed -i "s|^\"$build/$object\"|\"$work/link/$n.o\"|" "$work/link/objects.rsp.new"
	done
	[ "$n" -gt 0 ] || return 1
	mv "$work/link/objects.rsp.new" "$work/link/objects.rsp"
	link
}

restore() {
	touched "$1" | while read -r file; do
		ln -sf "$source/$file" "$tree/$file"
	done
}

run_scenario() {
	KVMSIM_FLAVOUR_DIR=$1 "$build/kvmsim-bin" run --arch "$arch" --filter "$3" "$scenarios/$2" >"$work/output" 2>&1
}

# A race is not met in every run.
find_bug() {
	for turn in 1 2 3 4 5; do
		run_scenario "$work/flavour" "$1" "$2" || return 0
	done
	return 1
}

mkdir -p "$work/link"
if [ ! -d "$tree" ]; then
	cp -as "$source" "$tree.new"
	mv "$tree.new" "$tree"
fi
# What a run that was ended has left: all but links.
find "$tree" -type f | while read -r file; do
	ln -sf "$source/${file#"$tree"/}" "$file"
done
ninja -C "$build" -t deps >"$work/deps"
sed 's|^"||; s|"$||; s|/\./|/|g' "$build/kvm-$arch/objects.rsp" >"$work/rsp"
sed "s|^$build/||" "$work/rsp" >"$work/objects"

grep -v '^#\|^$' "$here/manifest" >"$work/manifest"
for name in "$@"; do
	grep -q "^$name	" "$work/manifest" || die "no bug '$name' in $here/manifest"
done
wanted() {
	[ $# -gt 1 ] || return 0
	name=$1
	shift
	for w in "$@"; do
		[ "$w" != "$name" ] || return 0
	done
	return 1
}

echo "KTAP version 1"
number=0 failed=0
while IFS='	' read -r name file filter report; do
	wanted "$name" "$@" || continue
	number=$((number + 1)) problem=
	patch=$here/$name.patch
	[ -e "$patch" ] || patch=$reference/$name.patch
	if ! run_scenario "$build" "$file" "$filter"; then
		problem="the correct kernel fails"
	elif ! bring_back "$patch" >"$work/log" 2>&1; then
		sed 's/^/# /' "$work/log"
		problem="it cannot be built"
	elif ! find_bug "$file" "$filter"; then
		problem="not found"
	elif ! grep -qF -e "$report" "$work/output"; then
		problem="found, but without the report \"$report\""
	fi
	restore "$patch"
	if [ -n "$problem" ]; then
		sed 's/^/# /' "$work/output" | grep -v 'KTAP version\|1\.\.' | head -40
		echo "not ok $number $name # $problem"
		failed=1
	else
		echo "ok $number $name"
	fi
done <"$work/manifest"
echo "1..$number"
exit $failed
