#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The patches that put known bugs back or take optimisations away apply to the kernel source, and each has its line in a
# manifest. apply.sh PROJECT KERNEL_SOURCE
set -u

project=$1 source=$2
version=$(sed -n '/^VERSION = /{s///;h;}; /^PATCHLEVEL = /{s///;H;g;s/\n/./;p;q;}' "$source/Makefile")
kernels=$project/kernel-shim/kernels
. "$project/kernel-shim/kbuild/kernels.sh"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
bad=0 count=0

applies() { # PATCH
	count=$((count + 1))
	if ! patch --dry-run -s -p1 -d "$source" <"$1" >"$log" 2>&1; then
		echo "$1 does not apply:"
		cat "$log"
		bad=1
	fi
}

names() { # MANIFEST
	grep -v '^#\|^$' "$1" | cut -f 1
}

# A bug without a patch for this kernel has the reference kernel's.
for manifest in "$project"/tests/known-bugs/*-"$version"/manifest; do
	[ -e "$manifest" ] || continue
	dir=${manifest%/manifest}
	for name in $(names "$manifest"); do
		patch=$dir/$name.patch
		[ -e "$patch" ] || patch=${dir%-*}-$(reference_kernel)/$name.patch
		applies "$patch"
	done
	for patch in "$dir"/*.patch; do
		[ -e "$patch" ] || continue
		names "$manifest" | grep -qxF "$(basename "$patch" .patch)" || {
			echo "$patch has no line in the manifest"
			bad=1
		}
	done
done
dir=$project/bench/fidelity
for patch in "$dir"/*.patch; do
	kernel=$(awk -F '\t' -v name="$(basename "$patch" .patch)" '$1 == name && $4 != "settings" { print $3 }' \
		"$dir/manifest")
	[ "$kernel" != "$version" ] || applies "$patch"
	[ -n "$kernel" ] || {
		echo "$patch has no line in the manifest"
		bad=1
	}
done
[ "$count" -gt 0 ] || [ "$version" != "$(reference_kernel)" ] || {
	echo "no patch was tried"
	bad=1
}
echo "$count patches for Linux $version"
exit $bad
