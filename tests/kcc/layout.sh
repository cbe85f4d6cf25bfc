#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Compiles kernel files for s390 with the cross compiler and with kcc, and compares the layout of the structures.
#
#   layout.sh KCC COMPARE_LAYOUT SOURCE KBUILD WORK
#
# SOURCE is the kernel tree, KBUILD its generated headers for s390 (empty: skipped), WORK a directory for the objects.
# All structures of the headers are compared, whether used or not. layout-differences.txt lists the exceptions; a file
# for the kernel's version may list more. Exit code 77: something is not installed.
set -eu
kcc=$1 compare=$2 src=$3 kbuild=$4 work=$5
here=$(dirname "$0")
overlays=$here/../../kernel-shim/arch/s390x/overlays.list
cross=s390x-linux-gnu-gcc

skip() {
	echo "skipped: $*"
	exit 77
}
[ -n "$kbuild" ] || skip "the flavour s390x is not configured"
command -v $cross >/dev/null || skip "$cross is missing: install the package gcc-s390x-linux-gnu"

compile() {
	out=$1
	shift
	# shellcheck disable=SC2046
	"$@" -nostdinc -std=gnu11 -fms-extensions -fshort-wchar -funsigned-char -fno-strict-aliasing -O1 -g -gdwarf-5 -w \
		-fno-eliminate-unused-debug-types -D__KERNEL__ -D__DISABLE_EXPORTS -DKBUILD_MODFILE='"x"' \
		-DKBUILD_BASENAME='"x"' -DKBUILD_MODNAME='"kvm"' -D__KBUILD_MODNAME=kmod_kvm \
		-I"$kbuild/arch/s390/include/generated" -I"$kbuild/include" -I"$src/arch/s390/include" -I"$src/include" \
		-I"$kbuild/arch/s390/include/generated/uapi" -I"$kbuild/include/generated/uapi" \
		-I"$src/arch/s390/include/uapi" -I"$src/include/uapi" -I"$src/arch/s390/kvm" -I"$src/virt/kvm" \
		-I"$src/arch/s390/kvm/gmap" -I"$src/arch/s390/kvm/s390" \
		-include "$src/include/linux/compiler-version.h" -include "$src/include/linux/kconfig.h" \
		-include "$src/include/linux/compiler_types.h" -c "$src/$file" -o "$out"
}

mkdir -p "$work"
set --
# The files of all versions; at least the last one is in each.
for file in arch/s390/kvm/gaccess.c arch/s390/kvm/interrupt.c arch/s390/kvm/kvm-s390.c arch/s390/kvm/vsie.c \
	arch/s390/kvm/priv.c arch/s390/mm/gmap.c arch/s390/kvm/s390/gaccess.c arch/s390/kvm/s390/interrupt.c \
	arch/s390/kvm/s390/s390.c arch/s390/kvm/s390/vsie.c arch/s390/kvm/s390/priv.c arch/s390/kvm/gmap/gmap.c \
	arch/s390/mm/pgtable.c; do
	[ -e "$src/$file" ] || continue
	object=$work/$(echo "${file%.c}" | tr / -)
	# Through kcc too, only because of the asm, so that no assembler for s390 and its options are needed.
	compile "$object.cross.o" "$kcc" -- $cross -march=z13
	compile "$object.kcc.o" "$kcc" --big-endian arch/s390 --overlays "$overlays" -- gcc -U__x86_64__ -U__x86_64 \
		-U__amd64__ -U__amd64 -Ulinux -Uunix -D__s390__ -D__s390x__ -mno-sse -mno-mmx
	set -- "$@" "$object.cross.o" "$object.kcc.o"
done
version=$(sed -n '/^VERSION = /{s///;h;}; /^PATCHLEVEL = /{s///;H;g;s/\n/./;p;q;}' "$src/Makefile")
cat "$here/layout-differences.txt" >"$work/differences"
[ ! -e "$here/layout-differences-$version.txt" ] || cat "$here/layout-differences-$version.txt" >>"$work/differences"
exec "$compare" "$work/differences" arch/s390/ "$@"
