#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes the kernel's helpers for gdb (scripts/gdb: lx-ps, $container_of(), ...) ready for a build of x86_64.
#
#   gdb-helpers.sh BUILD_DIR
#
# Prints the file for gdb's command source. Prints nothing if the kernel has no helpers. They take constants from a file
# that Kbuild makes with the preprocessor; here the options of kvm_main.c do it. A constant without a symbol is left out:
# only the helper that asks for it fails.
set -eu

build=$1
kernel=$(cat "$build/kvmsim-source")
helpers=$build/gdb-helpers
[ -e "$kernel/scripts/gdb/vmlinux-gdb.py" ] || exit 0
if [ ! -e "$helpers/vmlinux-gdb.py" ]; then
	rm -rf "$helpers"
	mkdir -p "$helpers/scripts/gdb"
	cp -r "$kernel/scripts/gdb/linux" "$helpers/scripts/gdb/"
	constants=$helpers/scripts/gdb/linux/constants.py
	object=$(ninja -C "$build" -t targets all |
		sed -n 's|^\(CMakeFiles/kvm-x86_64-kernel\.dir/.*/virt/kvm/kvm_main\.c\.o\): .*|\1|p')
	compile=$(ninja -C "$build" -t commands "$object" | tail -n 1 | sed 's|^.*/ccache ||; s| -MD .*||; s| -o .*||')
	(cd "$build" && eval "$compile -E -x c -P \"\$constants.in\"") | sed '1,/<!-- end-c-headers -->/d
		s/^\(LX_[A-Za-z0-9_]*\) = gdb\.parse_and_eval(\(.*\))$/try:\n    \1 = gdb.parse_and_eval(\2)\nexcept gdb.error:\n    pass/
		' >"$constants"
	# A group of helpers whose structures are not here is left out.
	sed 's/^\([[:blank:]]*\)import linux\.\(.*\)/\1try:\n\1    import linux.\2\n\1except gdb.error:\n\1    pass/' \
		"$kernel/scripts/gdb/vmlinux-gdb.py" >"$helpers/vmlinux-gdb.py"
fi
echo "$helpers/vmlinux-gdb.py"
