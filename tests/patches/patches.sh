#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Tests of kvmsim patches on a kernel tree of three files and a series of two patches, in a separate cache.
#
#   patches.sh PROJECT_DIR CASE
#
# The case is one of the functions below named case_*. Exits with 77 if the program that the case tests is missing.
set -eu
LC_ALL=C
export LC_ALL

project=$1 case=$2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}
need() { command -v "$1" >/dev/null || { echo "no $1 here"; exit 77; }; }

# Runs the command; its output is in $tmp/out. Fails unless it ends with this status and prints this text (if any).
expect() { # STATUS REGEX COMMAND...
	want=$1 text=$2
	shift 2
	status=0
	"$@" >"$tmp/out" 2>&1 || status=$?
	[ "$status" = "$want" ] && { [ -z "$text" ] || grep -q -- "$text" "$tmp/out"; } && return 0
	cat "$tmp/out" >&2
	fail "$*: status $status, expected $want and '$text'"
}

git_in() { # DIR ARGUMENT...
	dir=$1
	shift
	git -C "$dir" -c user.name=Tester -c user.email=tester@example.com -c init.defaultBranch=main -c advice.detachedHead=false \
		"$@"
}

# Makes the kernel: linux-source-9.8.tar.xz in $tmp/packages and a git tree of it in $tmp/git, with two commits that
# become the series.
setup() {
	need git
	export GIT_AUTHOR_NAME=Tester GIT_AUTHOR_EMAIL=tester@example.com GIT_COMMITTER_NAME=Tester \
		GIT_COMMITTER_EMAIL=tester@example.com GIT_CONFIG_NOSYSTEM=1 HOME="$tmp/home"
	export XDG_CACHE_HOME="$tmp/cache" KVMSIM_PACKAGE_DIR="$tmp/packages"
	unset GIT_DIR GIT_WORK_TREE QUILT_PATCHES QUILT_PC QUILT_SERIES || true
	mkdir -p "$tmp/home" "$tmp/cache" "$tmp/packages" "$tmp/linux-source-9.8/mm" "$tmp/linux-source-9.8/tools/testing" \
		"$tmp/project/kernel-shim/patches/9.8"
	printf 'VERSION = 9\nPATCHLEVEL = 8\nSUBLEVEL = 7\n' >"$tmp/linux-source-9.8/Makefile"
	seq 1 40 >"$tmp/linux-source-9.8/mm/gup.c"
	seq 1 20 >"$tmp/linux-source-9.8/tools/testing/memop.c"	# unpack.exclude leaves it out
	tar -C "$tmp" -cJf "$tmp/packages/linux-source-9.8.tar.xz" linux-source-9.8
	cp -a "$tmp/linux-source-9.8" "$tmp/plain"
	cp -a "$tmp/linux-source-9.8" "$tmp/git"
	git_in "$tmp/git" init -q
	git_in "$tmp/git" add .
	git_in "$tmp/git" commit -q -m "Linux 9.8.7"

	# The project's own scripts, with a series for 9.8.
	cp "$project"/kernel-shim/patches/*.sh "$tmp/project/kernel-shim/patches"
	cp -a "$project/kernel-shim/kbuild" "$tmp/project/kernel-shim"
	echo '9.8 x86_64 own' >"$tmp/project/kernel-shim/kernels"
	patches=$tmp/project/kernel-shim/patches/patches.sh
	series=$tmp/project/kernel-shim/patches/9.8
	: >"$series/series"
	sed -i 's/^10$/ten/' "$tmp/git/mm/gup.c"
	git_in "$tmp/git" commit -q -a -s -m "mm: count to ten" -m "In words."
	sed -i 's/^12$/twelve/' "$tmp/git/mm/gup.c"
	sed -i 's/^7$/seven/' "$tmp/git/tools/testing/memop.c"
	echo new >"$tmp/git/mm/new.c"
	git_in "$tmp/git" add .
	git_in "$tmp/git" commit -q -s -m "mm: count to twelve" -m "A second patch on top of the first, with a new file."
	expect 0 "new       0002-mm-count-to-twelve.patch" "$patches" refresh "$tmp/git" HEAD~2
	cp -a "$tmp/git" "$tmp/patched"
	git_in "$tmp/git" checkout -q HEAD~2
	git_in "$tmp/git" update-ref -d refs/kvmsim/base
	cp -a "$series" "$tmp/series"
}

same_tree() { diff -r -x .git -x .pc "$1" "$2" >"$tmp/diff" || { cat "$tmp/diff" >&2; fail "$1 and $2 differ"; }; }
same_series() { diff -ru "$tmp/series" "$series" >&2 || fail "the series changed"; }

case_status() {
	expect 1 "not applied    0001-mm-count-to-ten.patch" "$patches" status "$tmp/git"
	expect 0 "applied        0002-mm-count-to-twelve.patch" "$patches" status "$tmp/patched"
	git_in "$tmp/patched" checkout -q HEAD~1
	expect 1 "  applied        0001-" "$patches" status "$tmp/patched"
	grep -q "not applied    0002-" "$tmp/out" || fail "the second patch is not there"
	sed -i 's/^ten$/TEN/' "$tmp/patched/mm/gup.c"
	expect 1 "changed        0001-" "$patches" status "$tmp/patched"
	sed -i 's/^1[0-9]*$/x/' "$tmp/plain/mm/gup.c"
	expect 1 "does not apply 0001-" "$patches" status "$tmp/plain"
	expect 0 "applied        0001-" "$patches" status "$tmp/packages/linux-source-9.8.tar.xz"
	expect 2 "is a tarball, which stays as it is" "$patches" apply "$tmp/packages/linux-source-9.8.tar.xz"
	expect 2 "not kernel source" "$patches" status "$tmp/plain/Makefile"
	expect 2 "no directory" "$patches" status "$tmp/nowhere"
	expect 2 "not a kernel tree" "$patches" status "$tmp/home"
	sed -i 's/^PATCHLEVEL.*/PATCHLEVEL = 9/' "$tmp/plain/Makefile"
	expect 2 "no series for Linux 9.9; there is one for: 9.8" "$patches" status "$tmp/plain"
}

case_apply_git() {
	expect 0 "applied (git) 0002-" "$patches" apply "$tmp/git"
	same_tree "$tmp/git" "$tmp/patched"
	[ "$(git_in "$tmp/git" log -1 --format='%an %s')" = "Tester mm: count to twelve" ] || fail "the commit is another one"
	expect 0 "all patches are there already" "$patches" apply "$tmp/git"
	git_in "$tmp/git" reset -q --hard HEAD~1
	expect 0 "applied (git) 0002-" "$patches" apply "$tmp/git"
	same_tree "$tmp/git" "$tmp/patched"
	expect 0 "applied" "$patches" status "$tmp/git"
	git_in "$tmp/git" reset -q --hard HEAD~2
	echo 41 >>"$tmp/git/mm/gup.c"
	expect 2 "not committed" "$patches" apply "$tmp/git"
	sed -i 's/^11$/x/' "$tmp/git/mm/gup.c"
	expect 2 "0001-mm-count-to-ten.patch does not fit" "$patches" apply "$tmp/git"
}

case_apply_quilt() {
	need quilt
	expect 0 "applied (quilt) 0002-" "$patches" apply "$tmp/plain"
	same_tree "$tmp/plain" "$tmp/patched"
	(cd "$tmp/plain" && quilt applied) | grep -q 0002- || fail "quilt does not know the patches"
	expect 0 "applied" "$patches" status "$tmp/plain"
	# By hand, as documented.
	(cd "$tmp/plain" && quilt pop -a -q >/dev/null)
	same_tree "$tmp/plain" "$tmp/linux-source-9.8"
	(cd "$tmp/linux-source-9.8" && QUILT_PATCHES=$series quilt push -a -q --fuzz=0 >/dev/null)
	same_tree "$tmp/linux-source-9.8" "$tmp/patched"
}

case_apply_patch() {
	# A PATH without quilt.
	mkdir "$tmp/bin"
	for p in $(echo "$PATH" | tr : ' '); do
		for f in "$p"/*; do [ ! -x "$f" ] || [ "$(basename "$f")" = quilt ] || ln -sf "$f" "$tmp/bin"; done
	done
	expect 0 "applied (plain) 0002-" env PATH="$tmp/bin" "$patches" apply "$tmp/plain"
	same_tree "$tmp/plain" "$tmp/patched"
	expect 2 "which change belongs to which patch is not known" "$patches" refresh "$tmp/plain"
}

case_refresh_git() {
	"$patches" apply "$tmp/git" >/dev/null
	expect 0 "unchanged 0001-" "$patches" refresh "$tmp/git"
	same_series
	sed -i 's/^ten$/TEN/' "$tmp/git/mm/gup.c"
	expect 2 "not committed" "$patches" refresh "$tmp/git"
	git_in "$tmp/git" commit -q -a --fixup HEAD~1
	GIT_SEQUENCE_EDITOR=true git_in "$tmp/git" rebase -q -i --autosquash HEAD~3
	expect 1 "changed        0001-" "$patches" status "$tmp/git"
	expect 0 "changed   0001-mm-count-to-ten.patch" "$patches" refresh "$tmp/git"
	grep -q '^+TEN$' "$series/0001-mm-count-to-ten.patch" || fail "the edit is not in the series"
	grep -q '^Signed-off-by: Tester' "$series/0001-mm-count-to-ten.patch" || fail "the message is lost"
	expect 0 "applied" "$patches" status "$tmp/git"
	# What the build compiles is what the tree has.
	built=$("$tmp/project/kernel-shim/kbuild/unpack-source.sh" "$tmp/packages/linux-source-9.8.tar.xz" "$tmp/cache/kvmsim" \
		"$series" 2>/dev/null)
	cmp "$built/mm/gup.c" "$tmp/git/mm/gup.c" || fail "the build has another text"
	git_in "$tmp/git" reset -q --hard HEAD~1
	expect 0 "removed   0002-" "$patches" refresh "$tmp/git"
	[ "$(cat "$series/series")" = 0001-mm-count-to-ten.patch ] || fail "the second patch is still in the series"
	git_in "$tmp/git" reset -q --hard HEAD~1
	expect 2 "no commit between" "$patches" refresh "$tmp/git"
	# A series that the package does not accept is not written.
	cp -a "$series" "$tmp/before"
	sed -i 's/^11$/eleven/' "$tmp/git/mm/gup.c"
	git_in "$tmp/git" commit -q -a -m "another base"
	sed -i 's/^10$/ten/' "$tmp/git/mm/gup.c"
	git_in "$tmp/git" commit -q -a -m "mm: count to ten"
	expect 2 "nothing was written" "$patches" refresh "$tmp/git" HEAD~1
	diff -r "$tmp/before" "$series" >&2 || fail "the series was written"
}

case_refresh_quilt() {
	need quilt
	"$patches" apply "$tmp/plain" >/dev/null
	touch "$tmp/plain/mm/gup.c"
	expect 0 "unchanged 0002-" "$patches" refresh "$tmp/plain"
	same_series
	sed -i 's/^twelve$/TWELVE/' "$tmp/plain/mm/gup.c"
	expect 0 "changed   0002-mm-count-to-twelve.patch" "$patches" refresh "$tmp/plain"
	grep -q '^unchanged 0001-' "$tmp/out" || fail "the first patch changed"
	grep -q '^+TWELVE$' "$series/0002-mm-count-to-twelve.patch" || fail "the edit is not in the series"
	grep -q '^Signed-off-by: Tester' "$series/0002-mm-count-to-twelve.patch" || fail "the message is lost"
	grep -q '^Subject: \[PATCH\] mm: count to twelve' "$series/0002-mm-count-to-twelve.patch" || fail "the header is lost"
	git_in "$tmp/git" am -q "$series"/*.patch
	same_tree "$tmp/git" "$tmp/plain"
	(cd "$tmp/plain" && quilt pop -a -q >/dev/null) || fail "quilt cannot take the patches off"
	same_tree "$tmp/plain" "$tmp/linux-source-9.8"
	# The package, unlike the tree, does not accept the result: the series stays.
	cp -a "$series" "$tmp/before"
	sed -i 's/^40$/forty/' "$tmp/linux-source-9.8/mm/gup.c"
	tar -C "$tmp" -cJf "$tmp/packages/linux-source-9.8.tar.xz" linux-source-9.8
	"$patches" apply "$tmp/plain" >/dev/null
	sed -i 's/^39$/thirty-nine/' "$tmp/plain/mm/gup.c"
	expect 2 "nothing was written" "$patches" refresh "$tmp/plain"
	diff -r "$tmp/before" "$series" >&2 || fail "the series was written"
}

case_export() {
	covers=$tmp/project/kernel-shim/patches/covers
	expect 2 "no cover letter for 0001-mm-count-to-ten.patch: write one" "$patches" export "$tmp/mails" 9.8
	mkdir "$covers"
	printf 'Subject: mm: count in words\nBegins: 9.8 mm-count-to-ten\n\nNumbers are hard to read.\n\nTested: by counting.\n' \
		>"$covers/words"
	expect 0 "mails/words/0001-mm-count-to-ten.patch" "$patches" export "$tmp/mails" 9.8
	letter=$tmp/mails/words/0000-cover-letter.patch
	for line in 'Subject: [PATCH 0/2] mm: count in words' 'From: Tester <tester@example.com>' 'Numbers are hard to read.' \
		'The patches are for Linux 9.8.7.' 'Tester (2):' '  mm: count to ten' ' 3 files changed, 4 insertions(+), 3 deletions(-)' \
		' create mode 100644 mm/new.c'; do
		grep -qxF -- "$line" "$letter" || { cat "$letter" >&2 && fail "the cover letter lacks: $line"; }
	done
	! grep -q '^Begins:' "$letter" || fail "the cover letter has lines that are not for it"
	grep -qxF 'Subject: [PATCH 2/2] mm: count to twelve' "$tmp/mails/words/0002-mm-count-to-twelve.patch" ||
		fail "the patches are not numbered"
	git_in "$tmp/git" am -q "$tmp/mails"/words/000[1-9]*.patch
	same_tree "$tmp/git" "$tmp/patched"
	if git send-email -h 2>&1 | grep -q -- --dry-run; then
		expect 0 "Subject: .PATCH 2/2. mm: count to twelve" git_in "$tmp/git" send-email --dry-run --quiet \
			--from=tester@example.com --to=list@example.com --suppress-cc=all --confirm=never "$tmp/mails/words"
	fi
	expect 2 "there are patches in" "$patches" export "$tmp/mails" 9.8
	expect 2 "no series for Linux 1.0" "$patches" export "$tmp/other" 1.0
	# Two topics. The same again is the same.
	printf 'Subject: mm: and more\nBegins: 9.8 mm-count-to-twelve\n\nMore.\n' >"$covers/more"
	for to in first second; do
		expect 0 "more/0001-mm-count-to-twelve.patch" "$patches" export "$tmp/$to" 9.8
	done
	diff -r "$tmp/first" "$tmp/second" || fail "two exports differ"
	grep -qxF 'The patches are for Linux 9.8.7, after the series "mm: count in words".' \
		"$tmp/first/more/0000-cover-letter.patch" || fail "what it is after is not said"
	grep -qxF 'Subject: [PATCH] mm: count to ten' "$tmp/first/words/0001-mm-count-to-ten.patch" ||
		grep -qxF 'Subject: [PATCH 1/1] mm: count to ten' "$tmp/first/words/0001-mm-count-to-ten.patch" ||
		fail "the number of a single patch"
}

# What a mail, the queue or the build cannot carry is refused, and the series stays as it is.
case_import() {
	"$patches" apply "$tmp/git" >/dev/null
	expect 0 "unchanged 0002-" "$patches" import "$tmp/git"
	same_series
	touch "$tmp/git/mm/forgotten.c"
	expect 2 "git does not know these files.*mm/forgotten.c" "$patches" import "$tmp/git"
	rm "$tmp/git/mm/forgotten.c"
	sed -i 's/^ten$/TEN/' "$tmp/git/mm/gup.c"
	expect 2 "not committed" "$patches" import "$tmp/git"
	git_in "$tmp/git" checkout -q mm/gup.c
	# A patch that is gone, or has another title.
	git_in "$tmp/git" reset -q --hard HEAD~1
	expect 2 "0002-mm-count-to-twelve.patch is not among the commits" "$patches" import "$tmp/git"
	git_in "$tmp/git" reset -q --hard ORIG_HEAD
	# refused TEXT: a third commit, of what is in the tree, is refused.
	refused() {
		git_in "$tmp/git" add -A
		git_in "$tmp/git" commit -q --allow-empty -m "mm: a third one" -m "${2:-Text.}"
		expect 2 "$1" "$patches" import "$tmp/git"
		same_series
		git_in "$tmp/git" reset -q --hard HEAD~1
	}
	refused "commit without a change has none"
	sed -i 's/^30$/thirty/' "$tmp/git/mm/gup.c"
	refused "would be lost in the queue" "$(printf 'Text.\n---\nMore text.')"
	chmod +x "$tmp/git/mm/gup.c"
	refused "cannot apply a mode"
	printf 'a\0b' >"$tmp/git/mm/binary"
	refused "cannot apply a mode, a link or a binary file"
	ln -s gup.c "$tmp/git/mm/link.c"
	refused "cannot apply a mode, a link or a binary file"
	same_series
	# A new patch, and one that is edited.
	sed -i 's/^30$/thirty/' "$tmp/git/mm/gup.c"
	git_in "$tmp/git" commit -q -a -m "mm: count to thirty" -m "Diff: at the beginning of a line."
	expect 0 "new       0003-mm-count-to-thirty.patch" "$patches" import "$tmp/git"
	expect 0 "applied        0003-" "$patches" status "$tmp/git"
	expect 2 "not a git tree" "$patches" import "$tmp/plain"
}

case_manifest() {
	expect 0 "" "$patches" manifest --check
	grep -q '^- [0-9a-f]\{64\} mm/new.c 0002-mm-count-to-twelve.patch$' "$series/manifest" || fail "the new file is not listed"
	grep -q ' mm/gup.c 0001-mm-count-to-ten.patch 0002-mm-count-to-twelve.patch$' "$series/manifest" || fail "who changed gup.c"
	# The series drifts.
	sed -i 's/^+seven$/+SEVEN/' "$series/0002-mm-count-to-twelve.patch"
	expect 1 "9.8: the package or the series differs" "$patches" manifest --check
	grep -q '^+.*tools/testing/memop.c' "$tmp/out" || fail "the file is not named"
	expect 0 "" "$patches" manifest
	expect 0 "" "$patches" manifest --check
	# The package drifts.
	echo 41 >>"$tmp/linux-source-9.8/mm/gup.c"
	tar -C "$tmp" -cJf "$tmp/packages/linux-source-9.8.tar.xz" linux-source-9.8
	expect 1 "+.*mm/gup.c" "$patches" manifest --check
	sed -i 's/^11$/eleven/' "$tmp/linux-source-9.8/mm/gup.c"
	tar -C "$tmp" -cJf "$tmp/packages/linux-source-9.8.tar.xz" linux-source-9.8
	expect 2 "0001-mm-count-to-ten.patch does not apply" "$patches" manifest --check
}

# The tree that the build compiles is the package with the series and nothing else.
case_unpack() {
	unpack() {
		"$tmp/project/kernel-shim/kbuild/unpack-source.sh" "$tmp/packages/linux-source-9.8.tar.xz" "$tmp/cache/kvmsim" \
			"$series" 2>/dev/null
	}
	# shellcheck disable=SC2317 # called by expect
	verify() { "$tmp/project/kernel-shim/kbuild/verify-source.sh" "$@"; }
	first=$(unpack)
	cmp "$first/mm/gup.c" "$tmp/patched/mm/gup.c" || fail "gup.c is not patched"
	cmp "$first/tools/testing/memop.c" "$tmp/patched/tools/testing/memop.c" || fail "a file that is left out is not patched"
	(cd "$first" && sha256sum --quiet -c .kvmsim-manifest) || fail "the manifest of the tree is wrong"
	printf 'mm/gup.c\nmm/new.c\n' >"$tmp/list"
	expect 0 "" verify "$first" "$tmp/list"
	expect 2 "belongs to kvmsim's cache" "$patches" apply "$first"
	chmod u+w "$first/mm/gup.c"
	echo 41 >>"$first/mm/gup.c"
	expect 1 "mm/gup.c: differs from the package" verify "$first" "$tmp/list"
	mkdir "$tmp/none"
	bare=$("$tmp/project/kernel-shim/kbuild/unpack-source.sh" "$tmp/packages/linux-source-9.8.tar.xz" "$tmp/cache/kvmsim" \
		"$tmp/none" 2>/dev/null)
	cmp "$bare/mm/gup.c" "$tmp/plain/mm/gup.c" || fail "gup.c is not the package's"
	echo mm/gup.c >"$tmp/list"
	expect 0 "" verify "$bare" "$tmp/list"
	# A changed patch makes another tree.
	sed -i 's/^+ten$/+TEN/; s/^ ten$/ TEN/' "$series"/*.patch
	[ "$(unpack)" != "$first" ] || fail "the key does not depend on the patches"
	grep -q '^TEN$' "$(unpack)/mm/gup.c" || fail "the new text is not there"
	sed -i 's/^ 8$/ eight/' "$series/0001-mm-count-to-ten.patch"
	expect 1 "0001-mm-count-to-ten.patch does not apply" \
		"$tmp/project/kernel-shim/kbuild/unpack-source.sh" "$tmp/packages/linux-source-9.8.tar.xz" "$tmp/cache/kvmsim" "$series"
}

setup
"case_$case"
echo ok
