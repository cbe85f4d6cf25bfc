#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prints the version of the kernel in a tarball, from its Makefile: source-version.sh TARBALL CACHE_DIR
set -eu
LC_ALL=C
export LC_ALL

. "$(dirname "$0")/tarball.sh"
mkdir -p "$2"
tarball_version "$1" "$2"
