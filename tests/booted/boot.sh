#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Boots an arm64 kernel with the program of this directory under QEMU (TCG), and prints its answers.
#
#   boot.sh VMLINUZ HEADERS [CPU]
#
# VMLINUZ is the kernel's image, HEADERS what "make headers" of a kernel leaves in usr/include. CPU: of QEMU, with
# memory tags if it is max; the default is neoverse-n1. Needs gcc-aarch64-linux-gnu, libc6-dev-arm64-cross,
# qemu-system-arm and cpio.
set -eu

[ $# -ge 2 ] || {
	sed -n '3,9s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
image=$1 headers=$2 cpu=${3:-neoverse-n1}
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/root/dev"
aarch64-linux-gnu-gcc -O1 -static -I "$headers" -o "$work/root/init" "$here"/*.c
(cd "$work/root" && find . | cpio -o -H newc --quiet) | gzip -1 >"$work/initrd"
machine=virt,virtualization=on,gic-version=3
[ "$cpu" != max ] || machine=$machine,mte=on
[ "$cpu" != max ] || cpu=max,sve=off,pauth=off
timeout 900 qemu-system-aarch64 -machine "$machine" -cpu "$cpu" -accel tcg,thread=single -m 512 -smp 1 -nographic \
	-no-reboot -net none -kernel "$image" -initrd "$work/initrd" \
	-append "console=ttyAMA0 quiet panic=-1 nokaslr" </dev/null | tr -d '\r' | sed -n 's/^@//p'
