#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Puts together what the kernel's KVM selftests are built from, unless it is there: their sources and the headers for
# user space.
#
#   tree.sh SOURCE TARBALL DIR SHADOW_TREE
#
# SOURCE is the kernel tree. If it came from TARBALL, the tests are unpacked into DIR/tree, because SOURCE does not have
# them; an empty TARBALL: SOURCE has them. The headers are in DIR/kbuild/usr/include. SOURCE is not written to.
# SHADOW_TREE is the script of that name (kernel-shim/kbuild).
set -eu
LC_ALL=C
export LC_ALL

source=$1 tarball=$2 dir=$3 shadow=$4

# Unpacks what matches the patterns into the new tree. A kernel need not have all of it.
unpack() { # PATTERN...
	tar -x -f "$tarball" -C "$dir/tree.new" --strip-components=1 --no-same-owner --wildcards "$@" \
		2>"$dir/tar.log" || true
}

say() { printf 'kvmsim: %s\n' "$*" >&2; }

if [ -n "$tarball" ] && [ ! -e "$dir/tree" ]; then
	say "unpacking the selftests from $tarball (once)"
	rm -rf "$dir/tree.new"
	mkdir -p "$dir/tree.new"
	unpack '*/tools/testing/selftests/kvm' '*/tools/testing/selftests/rseq' '*/tools/testing/selftests/vfio' \
		'*/tools/testing/selftests/cgroup/lib' '*/tools/testing/selftests/*.h' \
		'*/tools/testing/selftests/*.mk'
	[ -e "$dir/tree.new/tools/testing/selftests/lib.mk" ] || {
		cat "$dir/tar.log" >&2
		exit 1
	}
	# Headers of drivers, which the VFIO library has links to.
	links=$(find "$dir/tree.new" -xtype l -exec realpath -m --relative-to="$dir/tree.new" {} + | sed 's|^|*/|')
	# shellcheck disable=SC2086	# a list of patterns
	[ -z "$links" ] || (set -f && unpack $links)
	for name in arch build include lib scripts; do
		ln -s "$source/tools/$name" "$dir/tree.new/tools/$name"
	done
	ln -s "$source/scripts" "$dir/tree.new/scripts"
	mv -T "$dir/tree.new" "$dir/tree"
fi
if [ -n "$tarball" ]; then tests=$dir/tree; else tests=$source; fi
[ -e "$tests/tools/testing/selftests/kvm/Makefile" ] || {
	say "there are no KVM selftests in $source"
	exit 1
}

# The headers again when one of them is newer, or has come or gone.
if [ -e "$dir/headers-stamp" ] && [ -z "$(find "$source/include/uapi" "$source/arch/x86/include/uapi" \
	"$source/include/asm-generic" -newer "$dir/headers-stamp" -print -quit)" ]; then
	exit 0
fi
say "making the kernel's headers for user space"
mkdir -p "$dir/kbuild"
touch "$dir/headers-stamp.new"
tree=$source
if [ -e "$source/.config" ] || [ -e "$source/include/config" ] || [ -e "$source/arch/x86/include/generated" ]; then
	tree=$dir/shadow
	"$shadow" "$source" "$tree" x86
fi
env -i PATH="$PATH" HOME="${HOME:-/}" LC_ALL=C make -s -j"$(nproc)" -C "$tree" O="$dir/kbuild" ARCH=x86 headers \
	>"$dir/headers.log" 2>&1 || {
	tail -n 30 "$dir/headers.log" >&2
	say "make headers failed in $source"
	exit 1
}
mv "$dir/headers-stamp.new" "$dir/headers-stamp"
