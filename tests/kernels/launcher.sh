#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What ./kvmsim says about a kernel that it cannot use, wherever --kernel is on the command line, and to a wrong use of
# drift. launcher.sh PROJECT_DIR
set -u

cd "$1" || exit 1
failures=0

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
versions=$(sed '/^#/d' kernel-shim/kernels | paste -s -d ' ' -)
series=$(cd kernel-shim/patches && for d in [0-9]*/; do echo "${d%/}"; done | sort)
if [ "$series" != "$(printf '%s\n' "$versions" | tr ' ' '\n' | sort)" ]; then
	failures=1
	echo "FAILED: kernel-shim/kernels has $versions, kernel-shim/patches has directories for:" $series
fi
refuses "no kernel 5.10: there are $versions" --kernel 5.10 --version
refuses "no kernel 5.10: there are $versions" run --kernel 5.10 sim/scenarios
refuses "no kernel 5.10: there are $versions" build --kernel=5.10 --arch s390x
refuses 'no kernel 6: ' --kernel 6 --version
refuses 'no directory nowhere' --kernel nowhere --version
refuses 'is not a kernel tree' --kernel ./docs --version
refuses 'needs a version or a directory' run sim/scenarios --kernel

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
