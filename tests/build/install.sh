#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What cmake --install and cpack put on a machine: the files, and a launcher that builds in the cache.
# install.sh BUILD_DIR
set -u

build=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

complain() {
	failures=$((failures + 1))
	echo "FAILED: $*"
}

# looks DIR: what is installed there is complete, and does not write there.
looks() {
	for file in bin/kvmsim share/man/man1/kvmsim.1 share/bash-completion/completions/kvmsim \
		share/kvmsim/sim/scenarios/memslots/first-fault.lua share/kvmsim/kernel-shim/patches/6.12/series; do
		[ -e "$1/$file" ] || complain "no $file in $1"
	done
	find "$1" | sort >"$work/before"
	"$1/bin/kvmsim" --help | grep -q '^Usage:' || complain "$1/bin/kvmsim has no help"
	XDG_CACHE_HOME=$work/cache KVMSIM_PRESET=no-preset "$1/bin/kvmsim" build >"$work/out" 2>&1
	grep -qF "configuring $work/cache/kvmsim/build/no-preset" "$work/out" || complain "builds elsewhere: $(cat "$work/out")"
	find "$1" | sort | diff "$work/before" - || complain "files appeared in $1"
}

cmake --install "$build" --prefix "$work/prefix" >"$work/log" || complain "$(cat "$work/log")"
looks "$work/prefix"
if command -v dpkg-deb >/dev/null; then
	(cd "$work" && cpack --config "$build/CPackConfig.cmake" -B "$work/package" >"$work/log" 2>&1) ||
		complain "$(cat "$work/log")"
	deb=$(find "$work/package" -maxdepth 1 -name 'kvmsim_*_all.deb')
	dpkg-deb -x "$deb" "$work/root" || complain "the package cannot be unpacked"
	looks "$work/root/usr"
	dpkg-deb -f "$deb" Depends | grep -q 'liblua5.4-dev' || complain "the package depends on nothing"
fi
[ "$failures" = 0 ]
