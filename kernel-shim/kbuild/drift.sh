#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Lists the shims whose originals in the kernel (kshim/marks.h) are not those of the reference kernel: ./kvmsim drift.
#
# The reference's text is known by its hash, from kernel-shim/originals; only --diff needs its source. What only an older
# kernel has counts when the other one has it, and is compared with the records of the older kernels.
set -eu
LC_ALL=C
export LC_ALL

usage() {
	cat <<'EOF'
Usage: ./kvmsim drift DIR|TARBALL|VERSION [--diff]

Lists the shims that stand for a kernel function, variable or macro that is different in another kernel, by file of the
shim. Each is a place to look at when the simulator is to do what that kernel does.

  DIR       a kernel tree
  TARBALL   kernel source; like a build, with the patches of this project for its version, if there are any
  VERSION   Debian's package linux-source-VERSION with the patches of this project, if it has any for it
  --diff    shows what changed, as a unified diff

  changed   the text differs, comments and white space apart
  moved     another file has it
  gone      no file has it

Exit code: 0 nothing differs, 1 something differs, 2 the command could not run.
EOF
}

say() { printf 'kvmsim drift: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 2
}

here=$(cd "$(dirname "$0")" && pwd)
project=$(cd "$here/../.." && pwd)
records=$project/kernel-shim/originals
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim
kernels=$here/../kernels
. "$here/kernels.sh"
versions=$(supported_kernels | paste -s -d ' ' -)
reference=${versions%% *}

# --- what is compared ------------------------------------------------------------------------------------------------
# Prints "symbol TAB file TAB state" for each original that counts: same, changed or absent. $1 has what the other kernel
# has, as originals.sh cut prints it.
compare() {
	"$here/originals.sh" list >"$tmp/list"
	awk -F '\t' -v OFS='\t' -v reference="$records/$reference" -v new="$1" -v list="$tmp/list" '
		/^#/ { next }
		FILENAME == new { hash[$1, $2] = $3; next }
		FILENAME == list {
			key = $1 SUBSEP $2
			if (key in old)
				print $1, $2, !(key in hash) ? "absent" : hash[key] == old[key] ? "same" : "changed"
			else if (key in hash)
				print $1, $2, (key, hash[key]) in older ? "same" : "changed"
			next
		}
		FILENAME == reference { old[$1, $2] = $3; next }
		{ older[$1, $2, $3] = 1 }' "$records"/* "$1" "$tmp/list"
}

cut_out() { # LINES OUT RAW: "symbol TAB file" lines of the file LINES, from the trees of $tmp/trees
	while IFS= read -r tree; do set -- "$@" "$tree"; done <"$tmp/trees"
	lines=$1
	shift
	"$here/originals.sh" cut "$@" <"$lines"
}

# Finds the definitions of absent originals in other files: "symbol TAB file TAB new file". Another architecture's do not
# count.
find_moved() {
	awk -F '\t' '$3 == "absent" { print $1 "\t" $2 }' "$tmp/states" >"$tmp/absent"
	[ -s "$tmp/absent" ] || return 0
	cut -f 1 "$tmp/absent" | sort -u >"$tmp/names"
	while IFS= read -r tree; do
		(cd "$tree" && find . \( -path ./Documentation -o -path ./tools -o -path ./samples -o -path ./scripts -o -path './.*' \
			-o -path './arch/*' ! -path './arch/x86*' ! -path './arch/s390*' -o -path ./arch/x86/um -o -path '*/boot' \
			\) -prune -o -name '*.[chS]' -type f -print0 | xargs -0 -r grep -HowF -f "$tmp/names" --) || true
	done <"$tmp/trees" | sed 's|^\./||; s|^\([^:]*\):\(.*\)|\2\t\1|' | sort -u >"$tmp/places"
	cut_out "$tmp/places" "$tmp/moved" 0 >"$tmp/definitions"
	# Of several, one in the same directory is the likeliest, and one in a header may stand for a kernel without it.
	awk -F '\t' -v OFS='\t' '
		function directory(file) { sub(/[^\/]*$/, "", file); return file }
		function rank(file, old) { return 2 * (directory(file) == directory(old)) + (file !~ /\.h$/) }
		function arch(file) { return file ~ /^arch\// ? substr(file, 6, index(substr(file, 6), "/") - 1) : "" }
		FNR == NR {
			n[$1]++
			place[$1, n[$1]] = $2
			next
		}
		{
			best = ""
			for (i = 1; i <= n[$1]; i++) {
				file = place[$1, i]
				if (arch(file) != "" && arch(file) != arch($2) && arch($2) != "")
					continue
				if (best == "" || rank(file, $2) > rank(best, $2))
					best = file
			}
			if (best != "")
				print $1, $2, best
		}' "$tmp/definitions" "$tmp/absent"
}

# Writes the directories of the other kernel's files to $tmp/trees.
find_trees() {
	if [ -n "$version" ]; then
		"$here/originals.sh" trees "$version" ${tarball:+"$tarball"} >"$tmp/trees" || exit 2
	else
		echo "$target" >"$tmp/trees"
	fi
}

# --- what is printed -------------------------------------------------------------------------------------------------
# Prints "shim file TAB symbol TAB kind TAB original's symbol TAB original's file TAB state TAB new file" for each mark
# with an original that differs.
marks_that_differ() {
	"$here/marks.sh" "$project" | awk -F '\t' -v OFS='\t' '
		FILENAME == ARGV[1] { state[$1, $2] = $3; next }
		FILENAME == ARGV[2] { moved[$1, $2] = $3; next }
		{
			n = split($6, origin, " ")
			for (i = 1; i <= n; i++) {
				file = symbol = origin[i]
				sub(/:.*/, "", file)
				if (!sub(/^[^:]*:/, "", symbol))
					symbol = $1
				key = symbol SUBSEP file
				if (!(key in state) || state[key] == "same" || ((key, $1, $4) in seen))
					continue
				seen[key, $1, $4] = 1
				what = state[key]
				if (what == "absent")
					what = key in moved ? "moved" : "gone"
				print $4, $1, tolower($2), symbol, file, what, moved[key]
			}
		}' "$tmp/states" "$tmp/moves" - | sort
}

# The number of a definition in the index of a directory of originals.sh cut.
number() { # DIR SYMBOL FILE
	awk -F '\t' -v s="$2" -v f="$3" '$2 == s && $3 == f { print $1; exit }' "$1/index"
}

show_diff() { # SYMBOL OLD_FILE NEW_FILE
	old=$(number "$tmp/old" "$1" "$2")
	new=$(number "$tmp/new" "$1" "$3")
	[ -n "$old" ] && [ -n "$new" ] || return 0
	diff -u --label "Linux $reference/$2" --label "$name/$3" "$tmp/old/$old.c" "$tmp/new/$new.c" || true
}

report() {
	printed=
	while IFS='	' read -r shim symbol kind original file what new; do
		[ "$shim" = "$printed" ] || printf '%s%s\n' "${printed:+
}" "$shim"
		printed=$shim
		place=$file
		[ "$original" = "$symbol" ] || place=$file:$original
		printf '  %-8s %s (%s): %s%s\n' "$what" "$symbol" "$kind" "$place" "${new:+, now in $new}"
		[ -z "$diff" ] || case $what in
		changed) show_diff "$original" "$file" "$file" ;;
		moved) show_diff "$original" "$file" "$new" ;;
		esac
	done <"$tmp/differ"
}

# --- the command line ------------------------------------------------------------------------------------------------
take_tree() {
	[ -d "$target" ] ||
		die "no directory or tarball $target, and no version of that name: there are $versions"
	[ -e "$target/virt/kvm/kvm_main.c" ] || die "$target is not a kernel tree, it has no virt/kvm/kvm_main.c"
	target=$(cd "$target" && pwd)
	name=$target
}

take_tarball() {
	tarball=$(readlink -e "$target")
	release=$("$here/source-version.sh" "$tarball" "${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim") || exit 2
	version=$(printf '%s' "$release" | cut -d . -f 1,2)
	name=$tarball
}

target='' diff='' summary=''
for argument in "$@"; do
	case $argument in
	-h | --help)
		usage
		exit 0
		;;
	--diff) diff=yes ;;
	--summary) summary=yes ;;	# for CMake: one line, with no search for what moved
	-*) die "no option $argument; see ./kvmsim drift --help" ;;
	*)
		[ -z "$target" ] || die "one kernel only, not $target and $argument"
		target=$argument
		;;
	esac
done
[ -n "$target" ] || { usage >&2; exit 2; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
name="Linux $target"
tarball=
version=$target
case " $versions " in
*" $target "*) ;;
*)	if [ ! -d "$target" ] && [ ! -f "$target" ] && [ -e "$(kernel_package "$target" "$cache")" ]; then
		:
	else
		version=
		[ ! -f "$target" ] || take_tarball
		[ -n "$tarball" ] || take_tree
	fi
	;;
esac
record=$records/${version:-none}
if [ -z "$summary" ] || [ ! -e "$record" ]; then
	if ! command -v ctags >/dev/null || ! ctags --version | grep -q '^Universal Ctags'; then
		[ -z "$summary" ] || { echo "With universal-ctags installed, this says how many of the originals that shims stand for differ from Linux $reference"; exit 0; }
		die "universal-ctags is missing: apt-get install universal-ctags"
	fi
fi
if [ -n "$summary" ]; then
	if [ -e "$record" ]; then
		cp "$record" "$tmp/lines"
	else
		find_trees
		"$here/originals.sh" list | cut -f 1,2 >"$tmp/wanted"
		cut_out "$tmp/wanted" "$tmp/new" 0 >"$tmp/lines" || die "cannot read $target"
	fi
	compare "$tmp/lines" | awk -F '\t' -v reference="$reference" -v target="$target" '
		$3 != "same" { n++ }
		END { print n + 0 " of " NR " originals that shims stand for differ from Linux " reference ": ./kvmsim drift " target }'
	exit 0
fi

find_trees
"$here/originals.sh" list | cut -f 1,2 >"$tmp/wanted"
cut_out "$tmp/wanted" "$tmp/new" 0 >"$tmp/lines" || die "cannot read $target"
compare "$tmp/lines" >"$tmp/states"
find_moved >"$tmp/moves"
if [ -n "$diff" ]; then
	awk -F '\t' '$3 == "changed"' "$tmp/states" | cat - "$tmp/moves" | cut -f 1,2 | sort -u >"$tmp/wanted"
	{ cut -f 1,2 "$tmp/wanted" && cut -f 1,3 "$tmp/moves"; } >"$tmp/wanted-new"
	rm -r "$tmp/new"
	cut_out "$tmp/wanted-new" "$tmp/new" 1 >/dev/null
	"$here/originals.sh" trees "$reference" >"$tmp/trees" || exit 2
	cut_out "$tmp/wanted" "$tmp/old" 1 >/dev/null
fi
marks_that_differ >"$tmp/differ"
report
[ ! -s "$tmp/differ" ] || echo
awk -F '\t' -v reference="$(sed -n '1s/^# Linux \([0-9.]*\).*/\1/p' "$records/$reference")" -v name="$name" '
	FILENAME == ARGV[1] { moved[$1, $2] = 1; next }
	{ total++; what = $3 == "absent" ? (($1, $2) in moved ? "moved" : "gone") : $3; n[what]++ }
	END {
		print total - n["same"] " of " total " originals that shims stand for differ between Linux " reference " and " name \
			": " n["changed"] + 0 " changed, " n["moved"] + 0 " moved, " n["gone"] + 0 " gone"
		exit total != n["same"]
	}' "$tmp/moves" "$tmp/states"
