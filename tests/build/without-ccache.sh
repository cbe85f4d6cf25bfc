#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Files of each flavour also compile without ccache and lld. without-ccache.sh PROJECT_DIR TARBALL ARCHITECTURES
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake -S "$1" -B "$work" -G Ninja --log-level=WARNING -DKVMSIM_CCACHE=OFF -DKVMSIM_LLD=OFF \
	-DKVMSIM_TARBALL="$2" -DKVMSIM_ARCHES="$3" >/dev/null
! grep -q "ccache\|=lld" "$work/build.ninja" || { echo "FAILED: ccache or lld in build.ninja"; exit 1; }
for arch in $(printf '%s' "$3" | tr ';' ' '); do
	objects=$(ninja -C "$work" -t targets all | sed -n "s/^\(CMakeFiles.kvm-$arch-[a-z]*.dir.*\/\(rbtree\|random\|path\)\.c\.o\): .*/\1/p")
	# One file of the kernel, of the shim and of the host.
	[ "$(printf '%s\n' "$objects" | wc -l)" = 3 ] || { echo "FAILED: not three objects: $objects"; exit 1; }
	# shellcheck disable=SC2086
	ninja -C "$work" $objects >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
