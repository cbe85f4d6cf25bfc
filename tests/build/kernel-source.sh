#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What CMake says about a tarball by the table of kernels: supported, not on this architecture, newer than what is known;
# with patches and without. kernel-source.sh PROJECT_DIR
set -eu
LC_ALL=C
export LC_ALL

look=$(cd "$(dirname "$0")" && pwd)/kernel-source.cmake
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
mkdir -p project/kernel-shim/patches/8.1 linux
cp -a "$1/cmake" project
cp -a "$1/kernel-shim/kbuild" project/kernel-shim
cp "$1"/kernel-shim/patches/*.sh project/kernel-shim/patches
: >project/kernel-shim/patches/8.1/series
table=project/kernel-shim/kernels
printf '# A comment.\n8.1\tx86_64,s390x\town\n9.3\tx86_64\tbackports\n' >$table
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME

fail() {
	echo "FAILED: $*"
	cat said
	exit 1
}
look() { # VERSION ARCHES
	printf 'VERSION = %s\nPATCHLEVEL = %s\nSUBLEVEL = 4\n' "${1%.*}" "${1#*.}" >linux/Makefile
	tar -c -f linux.tar linux
	cmake -DPROJECT="$PWD/project" -DKVMSIM_TARBALL="$PWD/linux.tar" -DKVMSIM_ARCHES="$2" \
		-P "$look" >printed 2>said
}
is() { # VERSION ARCHES RESULT
	look "$1" "$2" || fail "$1 is refused"
	[ "$(grep -v '^--' printed)" = "$3" ] || fail "$1: $(cat printed)"
}
says() { grep -qF "$1" said || fail "it does not say: $1"; }
says_nothing() { ! grep -e tests -e supported said || fail "it says too much"; }

is 8.1 'x86_64;s390x' '8.1 ON '
says_nothing
is 9.3 x86_64 '9.3 OFF none'
says_nothing
is 9.3 'x86_64;s390x' '9.3 OFF none'
says 'Linux 9.3 is not supported on s390x yet'
is 9.4 x86_64 '9.4 OFF none'
says 'is Linux 9.4.4. There are patches and tests for 8.1 and 9.3 only, so it is compiled as it is'

echo '9.3 x86_64' >>$table
! look 9.3 x86_64 || fail "a line without the package's place is accepted"
says 'not VERSION ARCH,ARCH'
