#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Options that only some kernels have (#older, #newer), or that are for kernels with another one (#with), on a tree with
# a Makefile in place of Kbuild. options.sh PROJECT_DIR
set -eu
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir kbuild tree
cp "$1/kernel-shim/kbuild/configure-kernel.sh" kbuild

fail() {
	echo "FAILED: $*"
	exit 1
}

# The Makefile takes every option but D.
cat >tree/Makefile <<'END'
allnoconfig:
	grep '^CONFIG_[^D]' "$(KCONFIG_ALLCONFIG)" >"$(O)/.config"
prepare0:
END
printf 'config %s\n' A B C D E F >tree/Kconfig
printf '%s\n' 'CONFIG_A=y' '#older CONFIG_B=y' '#newer  CONFIG_C=y' '#older CONFIG_GONE=y' '#newer CONFIG_LATER=y' \
	'#with A  CONFIG_E=y' '#with GONE CONFIG_F=y' >kbuild/common.config
: >kbuild/arch.config
configure() { kbuild/configure-kernel.sh tree out x86 - kbuild/arch.config >log 2>&1; }

configure || fail "$(cat log)"
printf 'CONFIG_%s=y\n' A B C E | cmp -s - out/.config || fail "the options of this kernel: $(cat out/.config)"

# Such an option must stick, like any other one.
echo '#newer CONFIG_D=y' >kbuild/arch.config
! configure || fail "an option that did not stick"
grep -q 'CONFIG_D=y' log || fail "no name: $(cat log)"
