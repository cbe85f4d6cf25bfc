# SPDX-License-Identifier: GPL-2.0-only
# What the launcher does for the commands that look at a change of a kernel tree: find it, and the architectures in it.
#
# To be sourced by kvmsim, whose functions and variables (here, build, kernel, named, arches) it uses.
# shellcheck shell=sh
# shellcheck disable=SC2154	# its variables

# Sets git_tree and ref to the git tree and the commit that --kernel names; ref is empty for a work tree.
find_git_tree() { # COMMAND
	git_tree=$kernel ref=
	[ -n "$kernel" ] || die "$1: which tree? --kernel DIR, or a change with --diff FILE"
	have git || die "$1: git is missing; with --diff FILE it is not needed"
	case $named in
	"$kernel") ;;
	*@*) git_tree=${named%@*} ref=${named##*@} ;;
	esac
	git -C "$git_tree" rev-parse --verify -q HEAD >/dev/null ||
		die "$1: $git_tree is no git tree with commits; give the change with --diff FILE"
}

# True if an argument is a commit of the tree and not an existing file.
is_base() { # ARGUMENT
	case $1 in '' | -* | selftests) return 1 ;; esac
	[ ! -e "$1" ] || git -C "$git_tree" rev-parse --verify -q "$1^{commit}" >/dev/null
}

# Writes the change to $build/kvmsim-change.diff. Ends the launcher if there is none.
write_change() { # [BASE]
	base=${1:-}
	if [ -z "$base" ] && [ -n "$ref" ]; then
		base=$ref~1
	elif [ -z "$base" ]; then
		base=HEAD
		! git -C "$git_tree" diff --quiet HEAD || base=HEAD~1
	fi
	git -C "$git_tree" rev-parse --verify -q "$base^{commit}" >/dev/null || die "$git_tree has no commit $base"
	mkdir -p "$build"
	# shellcheck disable=SC2086
	git -C "$git_tree" diff --no-color --no-ext-diff --no-renames --relative --src-prefix=a/ --dst-prefix=b/ -U0 \
		"$base" $ref -- >"$build/kvmsim-change.diff" || die "git diff $base failed in $git_tree"
	say "the change is: git diff $base${ref:+ $ref}"
	if [ ! -s "$build/kvmsim-change.diff" ]; then
		say "nothing is different"
		exit 0
	fi
}

# Prints the architecture that a path in the kernel is of: arch/x86/kvm/x86.c is x86_64's.
arch_of_path() { # arch/DIRECTORY/...
	directory=${1#arch/}
	awk -v directory="${directory%%/*}" '/^[^#]/ && $2 == directory { print $1 }' "$here/kernel-shim/architectures"
}

# Adds the architectures whose files are in the change.
add_arches_of_change() { # DIFF
	for path in $(sed -n 's|^+++ b/\(arch/[^/]*/\).*|\1|p' "$1" | sort -u); do
		name=$(arch_of_path "$path")
		case " $arches " in *" $name "*) ;; *) arches="$arches $name" ;; esac
	done
}

# True if an argument is the option $1.
has_option() { # OPTION ARGUMENT...
	option=$1
	shift
	for argument in "$@"; do
		case $argument in "$option" | "$option"=*) return 0 ;; esac
	done
	return 1
}

# Sets base to the commit that follows "check", which comes first, or --changed; arguments to the others, quoted.
take_base() { # ARGUMENT...
	base='' arguments='' before=''
	for argument in "$@"; do
		case $before in
		check | --changed)
			if [ -z "$base" ] && is_base "$argument"; then
				base=$argument before=
				continue
			fi
			;;
		esac
		arguments="$arguments $(quoted "$argument")"
		before=$argument
	done
}

# Sets diff to the file of the change that --diff names, or to nothing; arguments to the others, quoted. A name that no
# file has is a commit.
take_diff() { # COMMAND ARGUMENT...
	of=$1 diff='' arguments='' before=''
	shift
	for argument in "$@"; do
		case $before:$argument in
		--diff:*) diff=$argument ;;
		*:--diff=*) diff=${argument#*=} ;;
		*:--diff) ;;
		*) arguments="$arguments $(quoted "$argument")" ;;
		esac
		before=$argument
	done
	[ "$before" != --diff ] || [ -n "$diff" ] || die "$of: --diff needs a commit or a file"
	[ -n "$diff" ] && [ ! -f "$diff" ] || return 0
	find_git_tree "$of"
	write_change "$diff"
	diff=$build/kvmsim-change.diff
}
