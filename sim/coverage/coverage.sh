#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The command coverage: runs tests in a build with gcov and reports which lines of the kernel and of this project ran.
#
#   coverage.sh PROJECT_DIR BUILD_DIR KERNEL_DIR [OPTION...] [FILE|DIR...]
set -eu
LC_ALL=C
export LC_ALL

project=$1 build=$2 kernel=$3
shift 3
here=$project/sim/coverage
out=$build/coverage

usage() {
	cat <<-END
	Usage: kvmsim coverage [--arch A]... [--diff BASE|PATCH] [FILE|DIR...]

	Builds with gcov, in a build directory of its own, runs the scenarios of the files, and says which lines of the kernel
	and of this project ran. Without files it runs all tests; with --diff, the scenarios that reach the change. (An
	option of the command selftests runs the kernel's selftests alone.) Prints

	  a table of the kernel's memory files and one of this project's, the file with most holes first;
	  a table of the scenario files: how many functions of the kernel each reaches, and how many no other one does;
	  with --diff, each new line of the change with whether it ran.

	Writes to the directory coverage of the build directory, for the kernel and for this project (kernel-*, kvmsim-*):
	HTML with details, Cobertura XML and gcovr's JSON, for each architecture; the tables as text; regions.txt, the
	functions of the memory files with lines that did not run, and the reasons that .ci/coverage-reasons has.

	  --arch A         measure only architecture A; may come several times. Default: all that were built
	  --diff BASE      with --kernel DIR: what differs from the commit BASE in the git tree DIR
	  --diff PATCH     a unified diff that the kernel has already
	  --kernel KERNEL  as for run
	END
}

say() { printf 'kvmsim coverage: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 2
}

quote_word() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }
arches='' diff='' list='' selftests=''
while [ $# -gt 0 ]; do
	case $1 in
	-h | --help)
		usage
		exit 0
		;;
	--arch | --diff)
		[ $# -ge 2 ] || die "$1 needs a value"
		[ "$1" = --diff ] && diff=$2 || arches="$arches $2"
		shift
		;;
	--arch=*) arches="$arches ${1#*=}" ;;
	--diff=*) diff=${1#*=} ;;
	--selftests) # all that follows is for the command selftests
		selftests=yes
		shift
		for argument in "$@"; do list="$list $(quote_word "$argument")"; done
		break
		;;
	--) ;;
	-*) die "no option $1; try './kvmsim coverage --help'" ;;
	*) list="$list $(quote_word "$1")" ;;
	esac
	shift
done
eval "set -- $list"
built=$(for dir in "$build"/CMakeFiles/kvm-*-kernel.dir; do
	dir=${dir%-kernel.dir}
	printf '%s ' "${dir##*/kvm-}"
done)
for arch in ${arches:=$built}; do
	case " $built " in *" $arch "*) ;; *) die "there is no flavour for $arch; there are: $built" ;; esac
done
[ -z "$diff" ] || [ -r "$diff" ] || die "cannot read $diff"

rm -rf "$out"
mkdir -p "$out"
# Leftovers of removed files describe old contents of headers.
ninja -C "$build" -t cleandead >"$out/cleandead.log"
find "$build" -name '*.gcno' -exec sh -c 'for f; do [ -e "${f%.gcno}.o" ] || rm "$f"; done' sh {} +
find "$build" -name '*.gcda' -delete

# --- the run -----------------------------------------------------------------------------------------------------------
# A build with gcov is slow, and on a busy machine half a minute is too little for some scenarios.
timeout=600
failed=0
run() { # COMMAND [ARGUMENT...]
	command=$1
	shift
	if [ "$arches" = "$built" ]; then
		"$build/kvmsim-bin" "$command" "$@" || return $?
	else
		code=0
		for arch in $arches; do
			"$build/kvmsim-bin" "$command" --arch "$arch" "$@" || code=$?
		done
		return $code
	fi
}
if [ -n "$selftests" ]; then
	"$build/kvmsim-bin" selftests "$@" || failed=$?
elif [ $# -gt 0 ]; then
	run run --timeout $timeout "$@" || failed=$?
elif [ -n "$diff" ]; then
	run run --timeout $timeout --changed --diff "$diff" --limit 0 || failed=$?
else
	ctest --test-dir "$build" --output-on-failure -j "$(nproc)" || failed=$?
fi
[ "$failed" != 2 ] || exit 2

# --- the reports -------------------------------------------------------------------------------------------------------
quote() { printf '%s' "$1" | sed 's/[].[^$*+?(){}|\\]/\\&/g'; }
# Runs gcov once over the objects of an architecture; both reports are parts of its output. gcovr refuses a function
# that is on different lines for two architectures. The program is with the first one.
collect() { # NAME DIRECTORY...
	name=$1
	shift
	gcovr --root / --object-directory "$build" --gcov-ignore-parse-errors -j "$(nproc)" \
		--filter "$(quote "$kernel")/" --filter "$(quote "$project")/(kernel-shim|models|sim|bench)/" \
		--exclude "$(quote "$kernel")/(.*/)?include/" --json "$out/lines-$name.json" "$@" >"$out/gcov-$name.log" 2>&1 || {
		tail -n 20 "$out/gcov-$name.log" >&2
		exit 1
	}
}
report() { # NAME ROOT TITLE ARCH
	gcovr --root "$2" --add-tracefile "$out/lines-$4.json" --filter "$(quote "$2")/" --html-title "$3" \
		--html-details "$out/$1-$4.html" --xml-pretty --xml "$out/$1-$4.xml" --json "$out/$1-$4.json" \
		>>"$out/gcov-$4.log" 2>&1
	echo "$out/$1-$4.xml" >>"$out/$1.reports"
}
program=$build/sim
for arch in $arches; do
	say "reading what gcov counted for $arch"
	collect "$arch" "$build/CMakeFiles/kvm-$arch-kernel.dir" "$build/CMakeFiles/kvm-$arch-shim.dir" \
		"$build/CMakeFiles/kvm-$arch-host.dir" ${program:+"$program"}
	program=
	report kernel "$kernel" "kvmsim, $arch: the kernel's own files" "$arch"
	report kvmsim "$project" "kvmsim, $arch: shim, models and program" "$arch"
	rm "$out/lines-$arch.json"
done

# table NAME SCOPE TITLE [BRIEF]
table() {
	awk -v reports="$out/$1.reports" -v scope="$2" -v title="$3" -v brief="${4:-}" -f "$here/lines.awk" \
		-f "$here/table.awk" </dev/null
}
scope=$(sed -n '/^[^#]/p' "$here/scope" | paste -s -d '|' -)
head=$(printf '%7s %7s %7s   %s' '%' ran lines file)
{
	echo "== the kernel's memory files"
	echo "$head"
	table kernel "$scope" "all of them"
} | tee "$out/kernel.txt"
{
	echo
	echo "== kvmsim's own files"
	echo "$head"
	table kvmsim . "all of them"
} | tee "$out/kvmsim.txt"
{
	table kernel "$scope" kernel brief
	table kvmsim . own brief
} | awk '{ print $4, $1 }' >"$out/figures"
awk -v reports="$out/kernel.reports" -v scope="$scope" -v root="$kernel" -v reasons="$project/.ci/coverage-reasons" \
	-f "$here/lines.awk" -f "$here/regions.awk" </dev/null >"$out/regions.txt"
tail -n 1 "$out/regions.txt" >>"$out/figures"
if [ -z "$selftests" ]; then
	echo
	run reach "$@" | tee "$out/scenarios.txt"
fi
[ -z "$diff" ] || awk -v reports="$out/kernel.reports" -f "$here/lines.awk" -f "$here/diff.awk" "$diff" | tee "$out/diff.txt"
echo
echo "Reports: $out/kernel-*.html, $out/kvmsim-*.html, *.xml, *.json"
exit "$failed"
