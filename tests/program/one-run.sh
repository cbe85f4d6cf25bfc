#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the program prints depends neither on tracing nor on how many scenarios run at once; for that a part of the
# scenarios, K/N as of "run --shard", runs three times. one-run.sh PROGRAM ARCH PART SCENARIO...
set -u

program=$1
arch=$2
part=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$program" run --arch "$arch" --shard "$part" --jobs 1 "$@" >"$work/jobs-1" || { cat "$work/jobs-1"; exit 1; }
"$program" run --arch "$arch" --shard "$part" --jobs 2 "$@" >"$work/jobs-2"
"$program" run --arch "$arch" --shard "$part" --trace /dev/null "$@" >"$work/traced"
cd "$work" || exit 1
diff jobs-1 jobs-2 && diff jobs-1 traced && tail -n 1 traced
