#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The interactive mode on a terminal: editing, completion, history, Ctrl-C. repl.sh PROGRAM
set -u

program=$(readlink -f "$1")
command -v script >/dev/null || { echo "script(1) is missing" && exit 77; }
. "${0%/*}/lib/run.sh"
what=repl
XDG_STATE_HOME=$work/state TERM=xterm
export XDG_STATE_HOME TERM
mkfifo keys
: >out
: >err

begin() {
	: >screen
	script -qfec "$program repl --arch x86_64 --timeout 60" /dev/null <keys >screen 2>err &
	pid=$!
	exec 3>keys
}

# Waits until the screen has had this text a number of times; escape sequences do not count.
sees() { # TEXT [TIMES]
	for turn in $(seq 200); do
		sed -e 's/\x1b\[[0-9;?]*[a-zA-Z]//g' -e 's/\r//g' screen >out
		[ "$(grep -cF -- "$1" out)" -lt "${2:-1}" ] || return 0
		sleep 0.05
	done
	complain "no '$1' on the screen"
}

types() { printf "$1" >&3; }

begin
sees 'kvmsim, kernel'
types 'vmm = sim:pro\t()\n'
types 'vmm:open\t().fd >= 0\n'
sees 'true'
# What is typed twice stands there twice: as a key and as an answer.
types 'print(6 * 111)\001\n'
sees '666'
types 'ram = vmm:mm\tXX\010\010{ length = "4K" }\nram:write(0, "abc")\nram:read(0, 3)\n'
sees '"abc"'
# Two names begin like this.
types 'sim.ins\t:ma\t\025help(ram)\n'
sees 'munmap'
# Ctrl-C gives up a line, also in the middle of a statement; and ends what runs.
types 'no_such_thing(\003'
sees '^C'
types 'if true then\nprint("half")\003'
sees '^C' 2
types 'print(7 * 111)\n'
sees '777'
# One that comes too early gives up the line.
for turn in 1 2 3 4 5 6 7 8 9 10; do
	types 'while true do end\n'
	sleep 0.3
	types '\003'
	sleep 0.3
	! grep -q 'interrupted' screen || break
done
sees 'interrupted'
types 'print(8 * 111)\n'
sees '888'
types '\004'
exec 3>&-
wait $pid || complain "exit code $?"

# The history is there again.
begin
sees 'kvmsim, kernel'
types '\020\n'
sees '888'
types '\004'
exec 3>&-
wait $pid || complain "exit code $?"
grep -qF 'print(8' state/kvmsim/history || complain "no history"

finish
