#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Another version of the kernel builds for the architectures that it is supported on, and its first faults work.
# first-fault.sh PROJECT_DIR VERSION; 77: its package cannot be had.
set -eu

project=$1 version=$2
cd "$project"
kernels=kernel-shim/kernels
. kernel-shim/kbuild/kernels.sh
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
[ -e "$(kernel_package "$version" "$cache")" ] || {
	! kernel_is_own "$version" && kernel-shim/kbuild/fetch-source.sh get "$version" "$cache"
} || {
	echo "linux-source-$version is not here"
	exit 77
}
# ctest may run in a sanitizer's or the launcher's environment; this build has its own.
unset KVMSIM_PRESET KVMSIM_FLAVOUR_DIR
for arch in $(kernel_arches "$version"); do
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
