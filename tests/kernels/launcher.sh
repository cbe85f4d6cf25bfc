#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What ./kvmsim says about a kernel that it cannot use, wherever --kernel is on the command line, and to a wrong use of
# drift. Which kernel is in a tarball or a commit. launcher.sh PROJECT_DIR
set -u

cd "$1" || exit 1
failures=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Nothing that is tried here stays in the user's cache.
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME

# refuses TEXT ARGUMENT...: exit code 2, TEXT among the messages, nothing built.
refuses() {
	text=$1
	shift
	message=$(./kvmsim "$@" 2>&1 </dev/null)
	code=$?
	[ "$code" = 2 ] && printf '%s\n' "$message" | grep -qF -- "$text" && return
	failures=$((failures + 1))
	printf 'FAILED: ./kvmsim %s: exit code %s, no "%s" in:\n%s\n' "$*" "$code" "$text" "$message"
}

# The default kernel is the first one of the list, whatever directories there are.
kernels=kernel-shim/kernels
. kernel-shim/kbuild/kernels.sh
versions=$(supported_kernels | paste -s -d ' ' -)
for dir in kernel-shim/patches/[0-9]*/; do
	version=$(basename "$dir")
	[ -n "$(kernel_arches "$version")" ] && continue
	failures=$((failures + 1))
	echo "FAILED: kernel-shim/patches has a directory for $version, which is not in kernel-shim/kernels"
done
refuses "no kernel 5.10: there are $versions" --kernel 5.10 --version
refuses "no kernel 5.10: there are $versions" run --kernel 5.10 sim/scenarios
refuses "no kernel 5.10: there are $versions" build --kernel=5.10 --arch s390x
refuses 'no kernel 6: ' --kernel 6 --version
refuses 'no directory or tarball nowhere' --kernel nowhere --version
refuses 'is not a kernel tree' --kernel ./docs --version
refuses 'needs a version, a directory or a tarball' run sim/scenarios --kernel
refuses '--page: 4K, 16K or 64K, not 8K' run --page 8K sim/scenarios
refuses '--page needs a size' run sim/scenarios --page

# --- tarballs: the version is that of the Makefile, not of the name ---
prints() { # TEXT COMMAND...; without what it says meanwhile
	text=$1
	shift
	printed=$("$@" 2>&1 | grep -v '^-- ')
	[ "$printed" = "$text" ] && return
	failures=$((failures + 1))
	printf 'FAILED: %s: not "%s" but "%s"\n' "$*" "$text" "$printed"
}
kbuild=kernel-shim/kbuild
cache=$work/cache/kvmsim
mkdir -p "$work/linux-7.3/scripts" "$work/linux-7.3/virt/kvm" "$work/empty/sub"
printf '%s\n' '# A comment' 'VERSION = 7' 'PATCHLEVEL = 3' 'SUBLEVEL = 0' 'EXTRAVERSION = -rc2' 'NAME = Nobody' \
	>"$work/linux-7.3/Makefile"
echo 'VERSION = 1' >"$work/linux-7.3/scripts/Makefile"
echo 'int kvm;' >"$work/linux-7.3/virt/kvm/kvm_main.c"
tar -c -z -f "$work/linux-6.12.1.tar.gz" -C "$work" linux-7.3
tar -c -f "$work/any name" -C "$work" linux-7.3
echo 'VERSION = 1' >"$work/empty/sub/Makefile"
tar -c -f "$work/linux-source-6.12.tar" -C "$work" empty
prints 7.3.0-rc2 $kbuild/source-version.sh "$work/linux-6.12.1.tar.gz" "$cache"
prints 7.3.0-rc2 $kbuild/source-version.sh "$work/any name" "$cache"
# From the memory, and after the file has changed.
prints 7.3.0-rc2 $kbuild/source-version.sh "$work/any name" "$cache"
sed -i 's/-rc2//; s/SUBLEVEL = 0/SUBLEVEL = 14/' "$work/linux-7.3/Makefile"
tar -c -f "$work/any name" -C "$work" linux-7.3
prints 7.3.14 $kbuild/source-version.sh "$work/any name" "$cache"
refuses 'is not kernel source: it has no directory with' --kernel "$work/linux-source-6.12.tar" build
refuses 'is not kernel source: it has no directory with' build --kernel kernel-shim/kernels

# --- commits ---
if command -v git >/dev/null; then
	git() { command git -c user.name=Tester -c user.email=tester@example.com "$@"; }
	repo=$work/at@work
	mkdir "$repo"
	cp -a "$work/linux-7.3/." "$repo"
	git -C "$repo" init -q
	git -C "$repo" add .
	git -C "$repo" commit -q -m first
	git -C "$repo" tag v7.3
	echo 'int kvm_two;' >"$repo/virt/kvm/kvm_main.c"
	git -C "$repo" commit -q -a -m second
	first=$(git -C "$repo" rev-parse v7.3) second=$(git -C "$repo" rev-parse HEAD)
	tree=$($kbuild/commit-tree.sh "$repo@v7.3" "$cache" 2>/dev/null)
	prints 'int kvm;' cat "$tree/virt/kvm/kvm_main.c"
	# The commit is the key: another name gives the same directory, another commit another one.
	prints "$tree" $kbuild/commit-tree.sh "$repo@HEAD~1" "$cache"
	prints "$tree" $kbuild/commit-tree.sh "$repo@$first" "$cache"
	prints "$tree" sh -c 'cd "$1" && "$2" @v7.3 "$3"' sh "$repo" "$PWD/$kbuild/commit-tree.sh" "$cache"
	tree=$($kbuild/commit-tree.sh "$repo@HEAD" "$cache" 2>/dev/null)
	prints 'int kvm_two;' cat "$tree/virt/kvm/kvm_main.c"
	case $tree in
	"$cache/commit-$(printf '%.12s' "$second")-"*) ;;
	*) failures=$((failures + 1)) && echo "FAILED: the directory of $second is $tree" ;;
	esac
	refuses 'has no commit nothing' --kernel "$repo@nothing" --version
	refuses 'no directory '"$work/nowhere" run --kernel "$work/nowhere@v1" sim/scenarios
	refuses 'is not a git tree' --kernel "$work/linux-7.3@v1" --version

	# --- check, run --changed, coverage --diff: the change is written before anything is built, and there is no such preset ---
	refuses 'which tree?' check
	refuses 'is no git tree' check --kernel "$work/linux-7.3"
	refuses 'has no commit nothing' check nothing --kernel "$repo"
	refuses 'run: which tree?' run --changed
	refuses 'run: which tree?' run sim/scenarios --changed
	refuses 'coverage: which tree?' coverage --diff HEAD
	refuses 'has no commit nothing' run --kernel "$repo" --changed nothing
	refuses '--diff needs a commit or a file' coverage --diff
	# changes LINE ARGUMENT...: the change has this line, and only this one that is new.
	changes() {
		line=$1
		shift
		KVMSIM_PRESET=no-preset ./kvmsim "$@" >"$work/out" 2>&1 </dev/null
		code=$?
		new=$(sed -n 's/^+\([^+].*\)/\1/p' build/no-preset*/kvmsim-change.diff)
		rm -rf build/no-preset*
		[ "$code" = 125 ] && [ "$new" = "$line" ] && return
		failures=$((failures + 1))
		printf 'FAILED: ./kvmsim %s: exit code %s, the change is "%s"\n' "$*" "$code" "$new"
		cat "$work/out"
	}
	changes 'int kvm_two;' check --kernel "$repo"
	changes 'int kvm_two;' check v7.3 --kernel "$repo" sim/scenarios
	changes 'int kvm_two;' check --kernel "$repo@HEAD"
	changes 'int kvm_two;' run --changed --kernel "$repo"
	changes 'int kvm_two;' run sim/scenarios --kernel "$repo" --changed v7.3
	echo 'int kvm_three;' >"$repo/virt/kvm/kvm_main.c"
	changes 'int kvm_three;' check --kernel "$repo" sim/scenarios
	changes 'int kvm_three;' check v7.3 --kernel "$repo"
	changes 'int kvm_three;' run --kernel "$repo" --changed sim/scenarios
	git -C "$repo" checkout -q virt/kvm/kvm_main.c
	prints "kvmsim: the change is: git diff HEAD
kvmsim: nothing is different" env KVMSIM_PRESET=no-preset ./kvmsim check HEAD --kernel "$repo"
	rm -rf build/no-preset*

	git -C "$repo" rm -q virt/kvm/kvm_main.c
	git -C "$repo" commit -q -m third
	refuses 'is not a kernel tree' --kernel "$repo@HEAD" --version
fi

# Needs nothing to be installed.
refuses 'Usage: ./kvmsim drift' drift
refuses 'no option --wrong' drift 6.12 --wrong

# A file in place of the build directory stands for one that cannot be written.
mkdir -p build && : >build/no-directory
KVMSIM_PRESET=no-directory
export KVMSIM_PRESET
refuses "cannot write to $PWD/build/no-directory, and something has to be built" run sim/scenarios
rm build/no-directory

[ "$failures" = 0 ]
