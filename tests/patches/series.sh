#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Checks the series for one kernel version on the files of Debian's package: the manifest is right, patch(1) and git am
# take every patch without fuzz and end with the same files, and git writes the same patches again.
#
#   series.sh PROJECT_DIR VERSION
#
# Exits with 77 when the package is not installed.
set -eu
LC_ALL=C
export LC_ALL

project=$1 version=$2
patches=$project/kernel-shim/patches
series=$patches/$version
kernels=$project/kernel-shim/kernels
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
# shellcheck source=kernel-shim/kbuild/kernels.sh
. "$project/kernel-shim/kbuild/kernels.sh"
tarball=$(kernel_package "$version" "$cache")
# shellcheck source=kernel-shim/patches/series.sh
. "$patches/series.sh"

[ -e "$tarball" ] || { echo "no $tarball here"; exit 77; }
command -v git >/dev/null || { echo "git is not installed"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

for p in "$series"/*.patch; do
	series_patches "$series" | grep -qxF "$(basename "$p")" || { echo "$p is not in the series"; exit 1; }
	grep -q '^Signed-off-by: ' "$p" || { echo "$p is not signed off"; exit 1; }
done
"$patches/patches.sh" manifest --check "$version"

from=$(series_pristine "$tarball" "$cache" "$series")
cp -a "$from" "$tmp/patch"
series_apply "$tmp/patch" "$series"

# The project's patches as they are for somebody with a git tree.
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null GIT_COMMITTER_NAME=Tester GIT_COMMITTER_EMAIL=tester@example.com
unset GIT_DIR GIT_WORK_TREE || true
cp -a "$from" "$tmp/git"
printf 'VERSION = %s\nPATCHLEVEL = %s\n' "${version%.*}" "${version#*.}" >"$tmp/git/Makefile"
git -C "$tmp/git" init -q
git -C "$tmp/git" add .
git -C "$tmp/git" -c user.name=Tester -c user.email=tester@example.com commit -q -m "Linux $version"
"$patches/patches.sh" apply "$tmp/git"
diff -r -x .git -x Makefile "$tmp/git" "$tmp/patch"
mkdir -p "$tmp/project/kernel-shim"
cp -a "$patches" "$patches/../kernels" "$patches/../kbuild" "$tmp/project/kernel-shim"
"$tmp/project/kernel-shim/patches/patches.sh" refresh "$tmp/git"
diff -r "$series" "$tmp/project/kernel-shim/patches/$version"
