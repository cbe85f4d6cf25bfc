# SPDX-License-Identifier: GPL-2.0-only
# Completion of bash for kvmsim: commands, options, files. Tested against --help by tests/program/manual.sh.
# shellcheck shell=bash

_kvmsim() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word command='' options
	local commands='build run check reach show list repl exec selftests bench debug mutate coverage test'
	commands="$commands patches fetch drift"

	COMPREPLY=()
	case $previous in
	--arch)
		mapfile -t COMPREPLY < <(compgen -W 'x86_64 s390x arm64' -- "$current")
		return
		;;
	--mmu)
		mapfile -t COMPREPLY < <(compgen -W 'ept npt shadow' -- "$current")
		return
		;;
	--page)
		mapfile -t COMPREPLY < <(compgen -W '4K 16K 64K' -- "$current")
		return
		;;
	--kernel | --junit | --trace | --svg | --diff | --json | --html | --compare)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		return
		;;
	--filter | --exclude | --timeout | --jobs | --shard | --limit | --count | --function | --rounds | --threshold | --break | --ram | --cpus | --hugepages | --param) return ;;
	esac
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		case " $commands " in *" $word "*) command=$word && break ;; esac
	done
	case $command in
	'') options="--kernel --page --help --version" ;;
	run)
		options='--arch --kernel --allow-io --filter --exclude --failed --shard --changed --diff --limit --fail-fast
			--timeout --jobs --trace --junit --counters --param --help'
		;;
	check)
		options='--arch --kernel --allow-io --filter --exclude --failed --shard --diff --limit --fail-fast --timeout
			--jobs --junit --help'
		;;
	reach) options='--arch --kernel --allow-io --filter --exclude --failed --shard --jobs --help' ;;
	show) options='--arch --kernel --allow-io --filter --exclude --failed --shard --svg --param --timeout --help' ;;
	coverage) options='--arch --kernel --diff --help' ;;
	list) options='--arch --kernel --allow-io --filter --exclude --failed --shard --help' ;;
	repl) options='--arch --kernel --allow-io --timeout --help' ;;
	debug) options='--arch --break --filter --kernel --help' ;;
	mutate) options='--arch --kernel --count --limit --function --scenarios --help' ;;
	selftests) options='--kernel --mmu --filter --long --list --jobs --coverage --junit --help' ;;
	exec) options='--arch --kernel --mmu --ram --cpus --hugepages --param --log --help' ;;
	bench)
		options='--arch --kernel --filter --exclude --rounds --instructions --json --html --compare --threshold
			--list --help'
		;;
	build) options='--arch --kernel' ;;
	*) options='--kernel --help' ;;
	esac
	if [ -z "$command" ] && [ "${current#-}" = "$current" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
	elif [ "${current#-}" != "$current" ]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
	fi
}
complete -o filenames -F _kvmsim kvmsim ./kvmsim
