#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Makes a kernel file wrong in one place at a time, and says which of these mutants the scenarios find.
set -eu
LC_ALL=C
export LC_ALL

usage() {
	cat <<-EOF
	Usage: kvmsim mutate [--kernel KERNEL] FILE [--arch ARCH] [--count N] [--limit N] [--function NAME]
	       [--scenarios PATH] [KEY...]

	Makes one small change after the other in lines of FILE that scenarios run: another relation, && for || and the other
	way round, a negated condition, a statement less. Builds a flavour with it, and runs the scenarios that are nearest.
	A mutant that no scenario fails for has survived: nobody would notice that mistake. Neither the tree nor the build's
	own flavour changes. FILE is below the kernel tree: virt/kvm/kvm_main.c.

	  --arch A         the flavour (default: that of arch/ARCH/ in the name, else the first one)
	  --count N        how many mutants (default: 30); which ones does not depend on chance
	  --limit N        how many scenarios for a mutant (default: 400)
	  --function NAME  only in this function
	  --scenarios PATH only scenarios of this file or directory; may come several times
	  KEY              only the mutants with these keys, as an earlier run printed them
	EOF
}

die() {
	echo "kvmsim: mutate: $*" >&2
	exit 2
}

build=$(readlink -f "$1") source=$(readlink -f "$2") mutants=$3
shift 3
arch='' count=30 limit=400 function='' file='' keys='' scenarios=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help) usage && exit 0 ;;
	--*=*)
		option=${1%%=*} value=${1#*=}
		shift
		set -- "$option" "$value" "$@"
		continue
		;;
	--arch | --count | --limit | --function | --scenarios)
		[ $# -ge 2 ] || die "$1 needs a value"
		case $1 in
		--arch) arch=$2 ;;
		--count) count=$2 ;;
		--limit) limit=$2 ;;
		--function) function=$2 ;;
		--scenarios) scenarios="$scenarios $2" ;;
		esac
		shift
		;;
	-*) die "no option $1; try --help" ;;
	*)
		if [ -z "$file" ]; then file=$1; else keys="$keys $1"; fi
		;;
	esac
	shift
done
[ -n "$file" ] || die "which file? FILE is below the kernel tree, as virt/kvm/kvm_main.c"
[ -f "$source/$file" ] || die "$source has no file $file"
case $count$limit in *[!0-9]*) die "--count and --limit: expected a number" ;; esac
: "${arch:=x86_64}"

work=$build/mutate-$arch
. "$(dirname "$(readlink -f "$0")")/../variant.sh"

check() { # SECONDS FLAVOURS ARGUMENT...
	seconds=$1 flavours=$2
	shift 2
	while read -r name; do
		set -- "$@" --exclude "$name"
	done <"$work/excluded"
	# shellcheck disable=SC2086
	set -- "$@" $scenarios
	KVMSIM_FLAVOUR_DIR=$flavours timeout -k 5 "$seconds" "$build/kvmsim-bin" check --arch "$arch" \
		--diff "$work/diff" "$@" 7>&-
}

make_diff() { # OLD NEW
	diff -u "$1" "$2" | sed -e "1s|.*|--- a/$file|" -e "2s|.*|+++ b/$file|" >"$work/diff" || :
}

# The numbers of the lines that no scenario runs, of those that are nearest to the whole file. Records what scenarios
# reach with the correct kernel, too.
find_holes() { # LIMIT
	make_diff /dev/null "$source/$file"
	until check 0 "$build" --limit "$1" >"$work/output"; do
		sed -n 's/^FAIL  //p' "$work/output" >"$work/fail"
		[ -s "$work/fail" ] || {
			cat "$work/output"
			die "the scenarios do not run with the correct kernel"
		}
		sed 's/^/mutate: left out, because it fails with the correct kernel: /' "$work/fail" >&2
		cat "$work/fail" >>"$work/excluded"
	done
	sed -n 's/^      did not run: //p' "$work/output" | tr -s ', ' '\n' |
		awk -F- '{ for (i = $1; i <= ($2 ? $2 : $1); i++) print i }' >"$work/holes"
}

# Mutants in the order of their keys, which is as good as any.
choose() {
	"$mutants" "$source/$file" >"$work/all" || exit 2
	if [ -n "$keys" ]; then
		for key in $keys; do
			grep "^$key	" "$work/all" || die "$file has no mutant $key"
		done
	else
		awk -F '\t' -v function_name="$function" 'FNR == NR { hole[$1] = 1; next }
			!($2 in hole) && (function_name == "" || index($4, function_name ":") == 1)' "$work/holes" "$work/all" |
			sort -u -k1,1
	fi >"$work/chosen"
}

strip_debug() { # FROM TO
	objcopy --strip-debug "$1" "$2"
}

# Prints what happened to a mutant: killed or survived, and by whom. 1: it says nothing.
judge() { # KEY
	variant_take "$file"
	"$mutants" "$source/$file" "$1" >"$tree/$file"
	make_diff "$source/$file" "$tree/$file"
	variant_make "$file" >"$work/log" 2>&1 || return 1	# does not compile
	strip_debug "$work/link/1.o" "$work/mutant.o"
	! cmp -s "$work/mutant.o" "$work/correct.o" || return 1	# the same program
	ln -sf "$build/kvmsim-reach-$arch" "$work/flavour/"
	code=0
	check 600 "$work/flavour" --limit "$limit" --fail-fast --timeout 10 >"$work/output" 2>&1 || code=$?
	case $code in
	0) echo survived ;;
	1 | 124 | 137) echo "killed	$(sed -n 's/^FAIL  //p' "$work/output" | head -n 1)" ;;
	*) return 1 ;;
	esac
}

variant_begin
: >"$work/excluded"
echo "mutate: which lines of $file run" >&2
if [ -n "$keys" ]; then find_holes 1; else find_holes "$((limit > 1000 ? limit : 1000))"; fi
choose
variant_take "$file"
variant_make "$file" >"$work/log" 2>&1 || {
	cat "$work/log" >&2
	die "no object of $arch is made from $file"
}
strip_debug "$work/link/1.o" "$work/correct.o"

killed=0 survived=0 silent=0
while IFS='	' read -r key line kind what; do
	[ $((killed + survived)) -lt "$count" ] || break
	verdict=$(judge "$key") || {
		silent=$((silent + 1))
		variant_restore "$file"
		continue
	}
	variant_restore "$file"
	case $verdict in
	survived) survived=$((survived + 1)) by= ;;
	*) killed=$((killed + 1)) by=$(printf '%s' "$verdict" | cut -f2) ;;
	esac
	printf '%s %s %s:%s %s %s%s\n' "${verdict%%	*}" "$key" "$file" "$line" "$kind" "$what" "${by:+ [$by]}"
done <"$work/chosen"
printf '%s: %d of %d mutants killed; %d more do not compile, or make the same program\n' "$file" "$killed" \
	$((killed + survived)) "$silent"
