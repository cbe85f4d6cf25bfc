#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The manual page and the completion know every command and option that the help has, and no other.
# manual.sh PROGRAM PROJECT_DIR
set -u

program=$1 project=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

complain() {
	failures=$((failures + 1))
	echo "FAILED: $*"
}

help() { # COMMAND
	case $1 in
	mutate | debug | coverage) "$project/kvmsim" "$1" --help ;;
	*) "$program" "$1" --help ;;
	esac
}

options() { grep -oE -- '(^|[^a-z-])--[a-z][a-z-]*' | sed 's/.*--/--/' | sort -u; }

# The launcher shows the program's commands only if that of its own build directory is there.
commands=$({ "$project/kvmsim" --help; "$program" --help; } | sed -n 's/^  \([a-z][a-z]*\)\( .*\)*   .*/\1/p; s/^  \(fetch\) .*/\1/p; s/^  \(drift\) .*/\1/p; s/^  \(coverage\) .*/\1/p' |
	grep -vx kvmsim | sort -u)
[ "$(printf '%s\n' "$commands" | wc -l)" -ge 9 ] || complain "found only these commands: $commands"
sed 's/\\-/-/g' "$project/docs/kvmsim.1" >"$work/manual"
: >"$work/all"
for command in $commands; do
	grep -qE "^\.BR? $command( |\$)" "$work/manual" || complain "the manual page has no command $command"
	grep -q "commands=['\"].*\b$command\b" "$project/sim/completion.bash" ||
		complain "the completion has no command $command"
done
for command in run check reach show list repl exec selftests bench debug mutate coverage; do
	help $command >"$work/help" || complain "no help for $command"
	options <"$work/help" >"$work/options"
	cat "$work/options" >>"$work/all"
	# What bash offers behind the command.
	bash -c '. "$1"; COMP_WORDS=(kvmsim "$2" --) COMP_CWORD=2; _kvmsim; printf "%s\n" "${COMPREPLY[@]}"' bash \
		"$project/sim/completion.bash" "$command" | sort -u >"$work/offered"
	{ cat "$work/options"; printf '%s\n' --help --kernel; } | sort -u | diff - "$work/offered" >"$work/difference" ||
		complain "completion of $command: $(cat "$work/difference")"
done
{ cat "$work/all"; printf '%s\n' --kernel --page --version --help --diff; } | sort -u >"$work/known"
sed -n '/^\.SH OPTIONS/,/^\.SH EXIT/p' "$work/manual" | options | diff "$work/known" - >"$work/difference" ||
	complain "options of the manual page: $(cat "$work/difference")"
if command -v groff >/dev/null; then
	groff -man -ww -z "$project/docs/kvmsim.1" 2>"$work/warnings"
	[ ! -s "$work/warnings" ] || complain "$(cat "$work/warnings")"
fi
[ "$failures" = 0 ]
