#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Writes BUILD/kvmsim-inputs: which files below the kernel tree the objects and the configuration of a build have read.
#
#   list-inputs.sh BUILD KERNEL
#
# If the list is there, it gets what was compiled since BUILD/kvmsim-stamp. What no object reads any more stays in it.
# So whoever finds that a file of the list is gone removes the list.
set -eu
LC_ALL=C
export LC_ALL

cd "$1"
list=kvmsim-inputs
# A copy, because another launcher may remove the list now.
cp $list $list.old 2>/dev/null || : >$list.old
{
	[ -s $list.old ] && [ -e kvmsim-stamp ] &&
		find . -path './kbuild-*' -prune -o -name '*.[cS].o' -newer kvmsim-stamp -printf '%P\0' |
		xargs -0 -r ninja -t deps >$list.deps 2>/dev/null
} || {
	: >$list.old
	ninja -t deps >$list.deps
}
{
	cat $list.old
	# These can be half a million lines, for which mawk takes a sixth of sed's time.
	BELOW="    $2/" awk 'index($0, ENVIRON["BELOW"]) == 1 { print substr($0, 5) }' $list.deps
	sed -n 's|^ ||; s| \\$||; s|\\ | |g; /:$/d; /^\//p' kbuild-*.d
} | awk '!($0 in seen) { seen[$0]; print }' >$list.new
mv $list.new $list
rm $list.deps $list.old
