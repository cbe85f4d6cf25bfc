#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# kvmsim patches: shows, applies, refreshes, imports and exports the kernel patches of this project. See docs/patches.md.
set -eu
LC_ALL=C
export LC_ALL

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
# shellcheck source=kernel-shim/patches/series.sh
. "$here/series.sh"
kernels=$here/../kernels
# shellcheck source=kernel-shim/kbuild/kernels.sh
. "$here/../kbuild/kernels.sh"
default_version=$(reference_kernel)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim

usage() {
	cat <<END
Usage: kvmsim patches COMMAND [ARGUMENT...]

Each supported kernel version has a series of patches in kernel-shim/patches/<version>. The build applies it to Debian's
package; an own tree (kvmsim --kernel DIR) is compiled as it is, and these commands carry patches to and from it.

  status [DIR|TARBALL]
                      say for each patch whether it is in DIR; for a tarball, or without DIR for Debian's, in the source
                      that the build unpacks
  apply DIR           put the patches that are missing on DIR: git am, or quilt if installed, or patch
  refresh DIR [BASE]  write what DIR has back into the series. Git tree: the commits after BASE, by default after the commit
                      where apply began. Tree patched by quilt: the topmost patch, with its mail header
  import DIR [BASE]   the same for a git tree, but refuse whatever would be lost: patches that the tree does not have, files
                      that are not committed, and what a mail cannot carry
  export DIR [VERSION]
                      write the series for a kernel version (default $default_version) to the directory DIR: a directory for each
                      topic with a cover letter, for git send-email or git am
  manifest [--check] [VERSION...]
                      write down what the series change in Debian's packages, file by file, or check it
  build-check [VERSION...]
                      compile what the series touch with the kernel's Kbuild and Debian's cross compiler, with and
                      without them, and compare the warnings

status exits with 1 when a patch is not in DIR. With quilt by hand: QUILT_PATCHES=<this project>/kernel-shim/patches/$default_version
END
}

say() { printf 'kvmsim patches: %s\n' "$*" >&2; }
die() {
	say "$@"
	exit 2
}

tmp=$(mktemp -d)
restore=
trap '[ -z "$restore" ] || cp "$tmp/old"/* "$series"; rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

versions() {
	for series_dir in "$here"/*/series; do
		[ ! -f "$series_dir" ] || basename "$(dirname "$series_dir")"
	done
}

# Sets series to the directory of a version's series.
need_series() {
	series=$here/$1
	[ -f "$series/series" ] || die "there is no series for Linux $1; there is one for: $(versions | paste -s -d ' ' -)"
}

# Sets tree, version and series for a kernel tree.
need_tree() {
	tree=$(readlink -e "$1") || die "there is no directory $1"
	[ -f "$tree/Makefile" ] || die "$1 is not a kernel tree (it has no Makefile)"
	version=$(awk '$2 == "=" && $1 == "VERSION" { v = $3 } $2 == "=" && $1 == "PATCHLEVEL" { print v "." $3; exit }' \
		"$tree/Makefile")
	[ -n "$version" ] || die "$1 is not a kernel tree (its Makefile names no version)"
	need_series "$version"
}

# The same for a tarball, unpacked as the build does it.
need_tarball() {
	release=$("$here/../kbuild/source-version.sh" "$1" "$cache") || exit 2
	need_series "$(printf '%s' "$release" | cut -d . -f 1,2)"
	unpacked=$("$here/../kbuild/unpack-source.sh" "$1" "$cache" "$series") || exit 2
	need_tree "$unpacked"
}

# Fails unless the tree may be written to.
need_own_tree() {
	[ ! -f "$1" ] || die "$1 is a tarball, which stays as it is: unpack it, and name the directory"
	need_tree "$1"
	[ ! -e "$tree/.kvmsim-manifest" ] || die "$1 belongs to kvmsim's cache, which the build fills; use a tree of your own"
}

# Prints how the patches on the tree are kept: git, quilt or plain.
kind() {
	if [ -e "$tree/.git" ]; then
		command -v git >/dev/null || die "$tree is a git tree: install git"
		echo git
	elif [ -e "$tree/.pc" ]; then
		command -v quilt >/dev/null || die "$tree was patched by quilt: install quilt"
		echo quilt
	else
		echo plain
	fi
}

subject() {
	awk '/^$/ { exit }
	     on && /^[ \t]/ { sub(/^[ \t]+/, " "); s = s $0; next }
	     { on = 0 }
	     /^Subject: / { on = 1; s = $0; sub(/^Subject: (\[[^]]*\] *)?/, "", s) }
	     END { print s }' "$1"
}

in_quilt() { (cd "$tree" && QUILT_PATCHES=$series QUILT_PC=.pc quilt --quiltrc - "$@"); }

# Copies the files that the series changes from the tree to DEST, if they exist.
copy_files() { # DEST
	series_all_files all "$series" | while IFS= read -r f; do
		[ ! -f "$tree/$f" ] || (cd "$tree" && cp --parents "$f" "$1")
	done
}

# Prints "STATE PATCH" for each patch of the series. States: applied; missing; changed (it is there, but differs from
# the series); misfit (it is not there and does not apply). Leaves the tree without the applied patches as $tmp/look.
look() {
	rm -rf "$tmp/look"
	mkdir "$tmp/look"
	copy_files "$tmp/look"
	: >"$tmp/applied"
	for p in $(series_patches "$series" | tac); do
		! series_apply_one "$tmp/look" "$series/$p" -R || echo "$p" >>"$tmp/applied"
	done
	: >"$tmp/known"
	case $(kind) in
	git) git -C "$tree" log -n 1000 --format=%s >"$tmp/known" 2>/dev/null || true ;;
	quilt) cat "$tree/.pc/applied-patches" >"$tmp/known" 2>/dev/null || true ;;
	esac
	cp -a "$tmp/look" "$tmp/forward"
	for p in $(series_patches "$series"); do
		if grep -qxF "$p" "$tmp/applied"; then
			state=applied
		elif grep -qxF -e "$p" -e "$(subject "$series/$p")" "$tmp/known"; then
			state=changed
		elif series_apply_one "$tmp/forward" "$series/$p"; then
			state=missing
			echo "$state $p"
			continue
		else
			state=misfit
		fi
		series_apply_one "$tmp/forward" "$series/$p" || true
		echo "$state $p"
	done
	rm -rf "$tmp/forward"
}

# --- status ----------------------------------------------------------------------------------------------------------
cmd_status() {
	[ $# -le 1 ] || die "status [DIR|TARBALL]"
	if [ -f "${1-}" ]; then
		need_tarball "$(readlink -e "$1")"
	elif [ $# = 1 ]; then
		need_tree "$1"
	else
		need_series $default_version
		tarball=$(kernel_package "$default_version" "$cache")
		[ -e "$tarball" ] || die "$tarball is missing: install linux-source-$default_version, or name a tree"
		need_tarball "$tarball"
	fi
	look >"$tmp/states"
	echo "Linux $version in $tree"
	sed -e 's/^applied/applied       /' -e 's/^missing/not applied   /' -e 's/^changed/changed       /' \
		-e 's/^misfit/does not apply/' -e 's/^/  /' "$tmp/states"
	! grep -q '^changed' "$tmp/states" ||
		echo "changed: the tree has another text of it; kvmsim patches refresh $1 takes it into the series"
	! grep -qv '^applied' "$tmp/states"
}

# --- apply -----------------------------------------------------------------------------------------------------------
cmd_apply() {
	[ $# = 1 ] || die "apply DIR"
	need_own_tree "$1"
	look >"$tmp/states"
	bad=$(sed -n 's/^changed //p; s/^misfit //p' "$tmp/states" | head -n 1)
	[ -z "$bad" ] || die "$bad does not fit or is there in another text; see: kvmsim patches status $1"
	missing=$(sed -n 's/^missing //p' "$tmp/states")
	if [ -z "$missing" ]; then
		say "all patches are there already"
		return 0
	fi
	how=$(kind)
	[ "$how" != plain ] || ! command -v quilt >/dev/null || [ -s "$tmp/applied" ] || how=quilt
	case $how in
	git)
		git -C "$tree" diff --quiet HEAD -- || die "$tree has changes that are not committed"
		[ -s "$tmp/applied" ] || git -C "$tree" update-ref refs/kvmsim/base HEAD
		# shellcheck disable=SC2046
		git -C "$tree" am -q $(printf '%s\n' "$missing" | sed "s|^|$series/|") || {
			git -C "$tree" am --abort 2>/dev/null || true
			die "git am failed; the tree is as before"
		}
		;;
	quilt) in_quilt push -a -q --fuzz=0 >"$tmp/quilt" 2>&1 || {
		cat "$tmp/quilt" >&2
		die "quilt push failed; see quilt applied in $tree"
	} ;;
	plain)
		for p in $missing; do
			series_apply_one "$tree" "$series/$p" || die "$p does not apply"
		done
		;;
	esac
	printf '%s\n' "$missing" | sed "s|^|applied ($how) |"
}

# --- refresh ---------------------------------------------------------------------------------------------------------
# Makes the files in $tmp/repo the first commit of a repository.
begin_repository() {
	git -C "$tmp/repo" init -q
	git -C "$tmp/repo" config user.name kvmsim
	git -C "$tmp/repo" config user.email kvmsim@localhost
	git -C "$tmp/repo" config core.fileMode true
	git -C "$tmp/repo" add -f .
	git -C "$tmp/repo" commit -q --allow-empty -m base
}

# Writes mails in which nothing depends on the tree's or the user's settings of git. Prints the names.
format_patches() { # REPOSITORY RANGE DEST [OPTION]
	echo '*.[ch] diff=cpp' >"$tmp/attributes"	# like the kernel's .gitattributes
	git -C "$1" -c core.attributesFile="$tmp/attributes" -c diff.algorithm=myers -c diff.noprefix=false -c diff.mnemonicPrefix=false -c diff.context=3 \
		-c format.signOff=false -c format.useAutoBase=false \
		format-patch -q --zero-commit --no-signature --no-numbered --full-index --no-renames \
		--no-cover-letter --no-thread --no-attach --no-add-header --no-to --no-cc --no-ext-diff \
		--subject-prefix=PATCH ${4:-} -o "$3" "$2" || return 1
	(cd "$3" && find . -name '*.patch' | sed 's|^\./||' | sort)
}

new_from_git() { # [BASE]
	git -C "$tree" diff --quiet HEAD -- ||
		die "$tree has changes that are not committed. To put them into a patch: git commit --fixup=COMMIT," \
			"then git rebase -i --autosquash BASE"
	base=${1:-refs/kvmsim/base}
	git -C "$tree" rev-parse -q --verify "$base^{commit}" >/dev/null ||
		die "it is not known where the series begins: name the commit before it, refresh $tree BASE"
	git -C "$tree" merge-base --is-ancestor "$base" HEAD || die "$base is not below HEAD: name the right BASE"
	[ "$(git -C "$tree" rev-list --merges "$base..HEAD" | wc -l)" = 0 ] || die "there is a merge between $base and HEAD"
	[ "$(git -C "$tree" rev-list --count "$base..HEAD")" != 0 ] || die "there is no commit between $base and HEAD"
	format_patches "$tree" "$base..HEAD" "$tmp/new" >"$tmp/names"
	[ $# = 0 ] || git -C "$tree" update-ref refs/kvmsim/base "$base"
}

# quilt writes the topmost patch; git am and git format-patch then convert all of them to one format.
new_from_quilt() {
	[ -s "$tree/.pc/applied-patches" ] || die "no patch is applied in $tree: quilt push first"
	[ "$(cat "$tree/.pc/.quilt_patches" 2>/dev/null)" = "$series" ] ||
		die "quilt in $tree works on $(cat "$tree/.pc/.quilt_patches" 2>/dev/null), not on $series"
	command -v git >/dev/null || die "install git: it writes the patches"
	in_quilt refresh -p ab --no-timestamps --no-index >/dev/null || die "quilt refresh failed"
	mkdir "$tmp/repo"
	copy_files "$tmp/repo"
	for p in $(tac "$tree/.pc/applied-patches"); do
		series_apply_one "$tmp/repo" "$series/$p" -R || die "$p is not the text in $tree: quilt pop to it and refresh it"
	done
	begin_repository
	for p in $(series_patches "$series"); do
		[ -n "$(subject "$series/$p")" ] || die "$p has no mail header: begin it with From:, Date: and Subject: lines," \
			"an empty line, the message and a line ---"
		git -C "$tmp/repo" am -q --keep-non-patch "$series/$p" || die "git am does not take $p"
	done
	n=$(series_patches "$series" | wc -l)
	format_patches "$tmp/repo" "HEAD~$n..HEAD" "$tmp/mail" >"$tmp/mails"
	mkdir "$tmp/new"
	# quilt knows the patches by their names.
	series_patches "$series" >"$tmp/names"
	paste "$tmp/mails" "$tmp/names" | while read -r from to; do mv "$tmp/mail/$from" "$tmp/new/$to"; done
}

# Makes the patches $tmp/new the series; $tmp/old is the series as it is now. Nothing is written if the package does not
# take them.
write_series() {
	{
		sed -n '/^#/p' "$series/series"
		cat "$tmp/names"
	} >"$tmp/new/series"
	tarball=$(kernel_package "$version" "$cache")
	if [ -e "$tarball" ]; then
		check_package "$tmp/new" || die "this series would not apply to $tarball; nothing was written"
	fi
	changes=$(
		series_patches "$tmp/old" | while IFS= read -r p; do [ -e "$tmp/new/$p" ] || echo "removed   $p"; done
		while IFS= read -r p; do
			if [ ! -e "$tmp/old/$p" ]; then
				echo "new       $p"
			elif cmp -s "$tmp/old/$p" "$tmp/new/$p"; then
				echo "unchanged $p"
			else
				echo "changed   $p"
			fi
		done <"$tmp/names"
	)
	restore=
	for p in $(series_patches "$series"); do rm -f "$series/$p"; done
	cp "$tmp/new"/* "$series"
	printf '%s\n' "$changes"
	if [ -e "$tarball" ]; then
		write_manifest
	else
		say "$tarball is missing: kvmsim patches manifest $version remains to be done"
	fi
}

cmd_refresh() {
	[ $# = 1 ] || [ $# = 2 ] || die "refresh DIR [BASE]"
	need_own_tree "$1"
	# quilt writes into the series at once. If anything fails, the old text is restored.
	cp -a "$series" "$tmp/old"
	restore=1
	case $(kind) in
	git) new_from_git ${2:+"$2"} ;;
	quilt) new_from_quilt ;;
	plain) die "$1 is neither a git tree nor patched by quilt: which change belongs to which patch is not known" ;;
	esac
	write_series
}

# --- import ----------------------------------------------------------------------------------------------------------
# Prints what a commit is: author, date, message and the change without line numbers.
commit_text() { # REPOSITORY COMMIT
	git -C "$1" log -1 --format='%an <%ae> %ad%n%B' --date=raw "$2"
	git -C "$1" diff-tree --no-commit-id -p --no-ext-diff --no-renames --binary --full-index "$2" | sed '/^index /d; s/^@@ .*/@@/'
}

# Fails unless git am makes of the new patches what the tree has, commit by commit.
check_mails() { # BASE
	mkdir "$tmp/repo"
	series_files all "$tmp"/new/*.patch | while IFS= read -r f; do
		! git -C "$tree" cat-file -e "$1:$f" 2>/dev/null || printf '%s\n' "$f"
	done >"$tmp/files"
	[ ! -s "$tmp/files" ] || xargs -d '\n' git -C "$tree" archive "$1" <"$tmp/files" | tar -x -C "$tmp/repo"
	begin_repository
	git -C "$tree" rev-list --reverse "$1..HEAD" >"$tmp/commits"
	paste "$tmp/commits" "$tmp/names" >"$tmp/pairs"
	while read -r commit p; do
		title=$(git -C "$tree" log -1 --format='%h ("%s")' "$commit")
		[ -n "$p" ] && git -C "$tmp/repo" am -q --keep-non-patch "$tmp/new/$p" 2>"$tmp/am" ||
			die "$title: git am does not take its mail; a commit without a change has none"
		commit_text "$tree" "$commit" >"$tmp/commit"
		commit_text "$tmp/repo" HEAD | diff "$tmp/commit" - >"$tmp/diff" || {
			cat "$tmp/diff" >&2
			die "$title: this (<) would be lost in the queue"
		}
		# The build uses patch(1), which knows no modes, links or binary files.
		! grep -qE '^(old mode|new file mode (100755|120000)|GIT binary patch|Binary files)' "$tmp/commit" ||
			die "$title: the build cannot apply a mode, a link or a binary file"
	done <"$tmp/pairs"
}

cmd_import() {
	[ $# = 1 ] || [ $# = 2 ] || die "import DIR [BASE]"
	need_own_tree "$1"
	[ "$(kind)" = git ] || die "$1 is not a git tree; with quilt: refresh"
	cp -a "$series" "$tmp/old"
	new=$(git -C "$tree" ls-files --others --exclude-standard | head -n 3 | paste -s -d ' ' -)
	[ -z "$new" ] || die "git does not know these files, and they would not come along: $new"
	new_from_git ${2:+"$2"}
	git -C "$tree" log --format=%s "$base..HEAD" >"$tmp/subjects"
	for p in $(series_patches "$series"); do
		grep -qxF -e "$(subject "$series/$p")" "$tmp/subjects" || [ -e "$tmp/new/$p" ] ||
			die "$p is not among the commits after $base and would be lost; to drop or rename it: refresh"
	done
	check_mails "$base"
	write_series
}

# --- export ----------------------------------------------------------------------------------------------------------
# Prints "PATCH TOPIC" for each patch of the series. A topic is a file in covers/; its line "Begins: VERSION NAME" has the
# name, without number and .patch, of the first patch that belongs to it.
topics() {
	topic=
	for p in $(series_patches "$series"); do
		name=${p#[0-9][0-9][0-9][0-9]-}
		begins=$(grep -lxF "Begins: $version ${name%.patch}" "$here"/covers/* 2>/dev/null || true)
		topic=${begins:-$topic}
		[ -n "$topic" ] || die "no cover letter for $p: write one, with a line Begins: $version ${name%.patch}," \
			"to $here/covers"
		echo "$p $(basename "$topic")"
	done
}

# Prints the mail in front of a topic's patches. $tmp/repo has them as commits; LAST is the last one's mail.
cover_letter() { # TOPIC RANGE LAST
	n=$(git -C "$tmp/repo" rev-list --count "$2")
	echo 'From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001'
	awk '/^$/ { exit } /^[^ \t]/ { on = /^(From|Date): / } on' "$3"
	printf 'Subject: [PATCH %0*d/%d] %s\n\n' ${#n} 0 "$n" "$(sed -n 's/^Subject: //p' "$here/covers/$1")"
	sed '1,/^$/d' "$here/covers/$1"
	printf '\nThe patches are for Linux %s' "$release"
	[ -z "$before" ] || printf ', after the series "%s"' "$(sed -n 's/^Subject: //p' "$here/covers/$before")"
	printf '.\n\n'
	git -C "$tmp/repo" shortlog -w72,2,4 "$2" </dev/null
	git -C "$tmp/repo" diff --stat=72 --summary --no-renames "$2"
}

cmd_export() {
	[ $# = 1 ] || [ $# = 2 ] || die "export DIR [VERSION]"
	version=${2:-$default_version}
	need_series "$version"
	command -v git >/dev/null || die "install git: it writes the mails"
	mkdir -p "$1"
	to=$(readlink -e "$1")
	[ -z "$(find "$to" -maxdepth 2 -name '*.patch' -print -quit)" ] || die "there are patches in $1 already"
	tarball=$(kernel_package "$version" "$cache")
	[ -e "$tarball" ] || die "$tarball is missing: install linux-source-$version, or ./kvmsim fetch $version"
	release=$("$here/../kbuild/source-version.sh" "$tarball" "$cache") || exit 2
	topics >"$tmp/topics" || exit 2
	check_package "$series" || die "the series for $version does not apply to $tarball"
	cp -a "$from" "$tmp/repo"
	begin_repository
	before=
	for topic in $(cut -d ' ' -f 2 "$tmp/topics" | uniq); do
		start=$(git -C "$tmp/repo" rev-parse HEAD)
		for p in $(sed -n "s/ $topic\$//p" "$tmp/topics"); do
			git -C "$tmp/repo" am -q --keep-non-patch "$series/$p" || die "git am does not take $p"
		done
		mkdir "$to/$topic"
		cover_letter "$topic" "$start..HEAD" "$series/$p" >"$to/$topic/0000-cover-letter.patch"
		format_patches "$tmp/repo" "$start..HEAD" "$to/$topic" --numbered | sed "s|^|$1/$topic/|"
		before=$topic
	done
}

# --- manifest --------------------------------------------------------------------------------------------------------
# Leaves the package's files with series DIR on them in $tmp/patched; fails with the reason when a patch does not apply.
check_package() { # DIR
	from=$(series_pristine "$tarball" "$cache" "$1") || return 1
	rm -rf "$tmp/patched"
	cp -a "$from" "$tmp/patched"
	series_apply "$tmp/patched" "$1"
}

checksum() {
	if [ -e "$1" ]; then
		sha256sum <"$1" | cut -d ' ' -f 1
	else
		echo -
	fi
}

print_manifest() {
	check_package "$series" || die "the series for $version does not apply to $tarball"
	echo "# What the series changes in linux-source-$version: SHA-256 before and after, file, patches (kvmsim patches manifest)"
	series_all_files all "$series" | while IFS= read -r f; do
		by=$(for p in $(series_patches "$series"); do
			! series_files all "$series/$p" | grep -qxF "$f" || echo "$p"
		done | paste -s -d ' ' -)
		echo "$(checksum "$from/$f") $(checksum "$tmp/patched/$f") $f $by"
	done
}

write_manifest() {
	print_manifest >"$tmp/manifest"
	cp "$tmp/manifest" "$series/manifest"
}

cmd_manifest() {
	check=
	[ "${1:-}" != --check ] || {
		check=1
		shift
	}
	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(versions)
	bad=0
	for version in "$@"; do
		need_series "$version"
		tarball=$(kernel_package "$version" "$cache")
		[ -e "$tarball" ] || die "$tarball is missing: install linux-source-$version, or ./kvmsim fetch $version"
		if [ -z "$check" ]; then
			write_manifest
			continue
		fi
		print_manifest >"$tmp/manifest"
		diff -u "$series/manifest" "$tmp/manifest" >"$tmp/diff" || {
			bad=1
			echo "$version: the package or the series differs from the manifest (- manifest, + now):"
			sed -n '1,2d; /^[-+]/p' "$tmp/diff"
			echo "Look at the files, then: kvmsim patches manifest $version"
		}
	done
	return $bad
}

case ${1:-} in
status | apply | refresh | import | export | manifest)
	command=$1
	shift
	case ${1:-} in
	-h | --help)
		usage
		exit 0
		;;
	esac
	"cmd_$command" "$@"
	;;
build-check)
	shift
	exec "$here/build-check.sh" "$@"
	;;
-h | --help | help) usage ;;
'')
	usage >&2
	exit 2
	;;
*) die "no such command: $1; see kvmsim patches --help" ;;
esac
