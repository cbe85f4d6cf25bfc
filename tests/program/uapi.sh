#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Fails when a flavour lacks a constant of its lists: uapi.sh PROGRAM ARCH FILE.names... Lines with "since VERSION" do
# not count.
#
# A missing header in kernel-shim/uapi/export.c, or an enumerator in place of a macro, would else look like a kernel
# that lacks the name.
set -eu
program=$1
arch=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

printf 'cases("name", { arch = "%s" }, {\n' "$arch" >"$work/names.lua"
sed -n 's/^[A-Z][A-Za-z0-9_]*$/\t{ "&", function() return & end },/p' "$@" >>"$work/names.lua"
printf '}, function(_, row) expect(type(row[2]())):eq("number") end)\n' >>"$work/names.lua"
names=$(grep -c 'return' "$work/names.lua")
"$program" run --arch "$arch" "$work/names.lua" >"$work/out" || true
grep -B 8 '^not ok' "$work/out" | grep 'does not have' && exit 1
grep "^# Totals: pass:$names fail:0" "$work/out"
