#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The configuration of an own kernel tree: Ninja makes it once, and knows what it depends on. own-tree.sh PROJECT_DIR
# KERNEL_SOURCE
set -eu
LC_ALL=C
export LC_ALL

project=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree build=$work/build stamp=$work/build/kbuild-x86_64/kvmsim-stamp

fail() {
	echo "FAILED: $*"
	exit 1
}
# Builds the target. Prints how often Ninja configured.
configured() {
	ninja -C "$build" kbuild-x86_64 >"$work/log" 2>&1 || {
		cat "$work/log"
		return
	}
	grep -c 'Configuring the kernel' "$work/log" || :
}

mkdir "$tree"
ln -s "$source"/* "$tree"
rm "$tree/mm" "$tree/virt"
cp -as "$source/mm" "$source/virt" "$tree"
cmake -S "$project" -B "$build" -G Ninja -DKVMSIM_KERNEL="$tree" >"$work/log" 2>&1 || fail "$(cat "$work/log")"
[ ! -e "$stamp" ] || fail "configured before Ninja's own run, which comes all the same"
is=$(configured)
[ "$is" = 1 ] && [ -e "$stamp" ] || fail "the first time: $is"
is=$(configured)
[ "$is" = 0 ] || fail "it configured again: $is"

# A Kconfig file that another one names, and a header behind bounds.h.
cp --remove-destination "$source/mm/Kconfig" "$tree/mm/Kconfig"
touch "$tree/mm/Kconfig"
is=$(configured)
[ "$is" = 1 ] || fail "a change of mm/Kconfig does not configure again: $is"
grep -qF "$tree/include/linux/mmzone.h" "$build/kbuild-x86_64.d" || fail "linux/mmzone.h is no dependency"

# A file that is probed.
edit() { # SED_SCRIPT
	sed "$1" "$source/virt/kvm/kvm_main.c" >"$work/edited"
	rm "$tree/virt/kvm/kvm_main.c"
	mv "$work/edited" "$tree/virt/kvm/kvm_main.c"
}
configured >"$work/is"
edit '1s/$/ \/* edited *\//'
configured >"$work/is"
grep -q 'forms of the kernel' "$work/log" || fail "an edit of kvm_main.c is not looked at: $(cat "$work/log")"
! grep -q 'Re-running CMake' "$work/log" || fail "an edit of kvm_main.c runs CMake: $(cat "$work/log")"
edit 's/^static void kvm_shutdown/static int kvm_reboot(/'
configured >"$work/is"
grep -q 'Re-running CMake' "$work/log" || fail "a new form in kvm_main.c does not run CMake: $(cat "$work/log")"
grep -q '^KVM_SHUTDOWN older$' "$build/probes/answers" || fail "no new answer: $(grep SHUTDOWN "$build/probes/answers")"
