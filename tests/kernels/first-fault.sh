#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Another version of the kernel builds for both architectures and its first faults work. first-fault.sh PROJECT_DIR
# VERSION; 77: its package is missing.
set -eu

project=$1 version=$2
[ -e "/usr/src/linux-source-$version.tar.xz" ] || {
	echo "linux-source-$version is not installed"
	exit 77
}
cd "$project"
# ctest may run in a sanitizer's or the launcher's environment; this build has its own.
unset KVMSIM_PRESET KVMSIM_FLAVOUR_DIR
for arch in x86_64 s390x; do
	./kvmsim --kernel "$version" build --arch "$arch"
	release=$(./kvmsim --kernel "$version" --version | sed -n "s/^$arch: kernel \([^, ]*\).*/\1/p")
	echo "$arch: kernel $release"
	case $release in
	"$version".*) ;;
	*)
		echo "expected a release of $version"
		exit 1
		;;
	esac
	./kvmsim --kernel "$version" run --arch "$arch" sim/scenarios/memslots/first-fault.lua
done
