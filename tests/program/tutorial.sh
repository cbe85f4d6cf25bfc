#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What docs/tutorial.md shows is what happens on a terminal, but for numbers.
#
#   tutorial.sh PROGRAM			all but the kernel without a flush
#   tutorial.sh PROGRAM LAUNCHER TREE	only that: builds a copy of this kernel tree, with the flush taken away
set -u

program=$(readlink -f "$1")
tutorial=$(readlink -f "${0%/*}")/../../docs/tutorial.md
command -v script >/dev/null || { echo "script(1) is missing" && exit 77; }
if [ $# -eq 3 ]; then
	launcher=$(readlink -f "$2")
	tree=$(readlink -f "$3")
fi
. "${0%/*}/lib/run.sh"

# Numbers in any base, and white space at the end, do not count.
plain() { sed -E -e 's/[0-9a-f]{2,}|[0-9]/N/g' -e 's/(N[.])+N/N/g' -e 's/N+/N/g' -e 's/ +$//'; }

on_terminal() { # COMMAND: its screen is in out
	what=$1
	TERM=xterm script -qec "$1" /dev/null </dev/null 2>err |
		sed -e 's/\x1b\[[0-9;?]*[a-zA-Z]//g' -e 's/\r$//' -e 's/.*\r//' >out
}

# The block of the tutorial that begins with this line, without it.
block() { awk -v first="$1" '/^```/ { in_it = 0; at_start = 1; next } in_it; at_start && $0 == first { in_it = 1 } { at_start = 0 }' "$tutorial"; }

# Each line of the block in this order in out; one follows the other, but where the block says "...".
shows() { # FIRST-LINE
	block "$1" | plain >wanted
	[ -s wanted ] || complain "no block '$1' in the tutorial"
	plain <out >seen
	awk 'NR == FNR { seen[++n] = $0; next }
		$0 == "..." { gap = 1; next }
		{
			for (i = at + 1; i <= n && seen[i] != $0; i++)
				;
			if (i > n || (at && !gap && i > at + 1)) {
				print "in the tutorial, but not here: " $0
				exit 1
			}
			at = i
			gap = 0
		}' seen wanted >missing || complain "$(cat missing)"
}

awk '/^```/ { in_it = $0 == "```lua" && !done++; next } in_it' "$tutorial" >dontneed.lua
if [ $# -eq 3 ]; then
	unset KVMSIM_FLAVOUR_DIR	# the launcher's program has its own
	built=${launcher%/*}/build
	ls "$built" >before
	cp -r "$tree" tutorial-tree && chmod -R u+w tutorial-tree || exit 1
	leafs=tutorial-tree/arch/x86/kvm/mmu/tdp_mmu.c
	cp "$leafs" old.c
	sed -i '/^static bool tdp_mmu_zap_leafs(/,/^}/s/flush = true;/flush = flush;/' "$leafs"
	what='the diff of the tutorial'
	diff old.c "$leafs" | sed -n 's/^\([<>]\) /\1/p' | tr '<>' '-+' >out
	awk '/^```/ { in_it = $0 == "```diff"; next } in_it && /^[-+]/' "$tutorial" | cmp -s - out || complain "is not what was changed"
	on_terminal "'$launcher' --kernel tutorial-tree run dontneed.lua"
	shows "\$ ./kvmsim --kernel ~/src/linux run dontneed.lua"
	ls "$built" | comm -13 before - | sed "s|^|$built/|" | xargs -r rm -rf
	finish
	exit
fi

on_terminal "$program run dontneed.lua"
shows "\$ ./kvmsim run dontneed.lua"
for how in --counters '--trace trace.txt'; do
	what="run $how"
	grep -q "^\\$ ./kvmsim run $how dontneed.lua" "$tutorial" || complain 'not in the tutorial'
	# shellcheck disable=SC2086	# words
	run 0 run $how dontneed.lua
done
prints trace.txt kvm_tdp_mmu_spte_changed
awk '/^```/ { in_it = 0; at_start = 1; next } at_start && /^> / { in_it = 1 } { at_start = 0 } in_it' "$tutorial" >session
sed -n 's/^> //p' session >typed
what=repl
"$program" repl --arch x86_64 <typed >out 2>err || complain "exit code $?"
grep -v '^> ' session | cmp -s - out || complain 'other answers than in the tutorial'
[ -s typed ] || complain 'nothing is typed in the tutorial'
finish
