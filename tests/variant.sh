# SPDX-License-Identifier: GPL-2.0-only
# Shell functions that build a flavour with some kernel files changed, beside that of a build directory; to be sourced
# with $build, $source, $arch and $work set: the build directory, the kernel source that it was made from, the
# architecture, and a directory below $build for what is made here.
#
# $work/tree is a tree of links to $source. A changed file is a copy there. Only what depends on it is compiled, with
# the commands of the build, and linked into $work/flavour.
# shellcheck shell=sh
# shellcheck disable=SC2154	# build source arch work

tree=$work/tree

variant_begin() {
	mkdir -p "$work/link" "$work/flavour"
	# One run at a time: a second one would change the first one's tree.
	exec 7>"$work/lock"
	flock -n 7 || {
		echo "waiting for another run in $work" >&2
		flock 7
	}
	if [ ! -d "$tree" ]; then
		cp -as "$source" "$tree.new"
		mv "$tree.new" "$tree"
	fi
	# What a run that was ended has left: all but links.
	find "$tree" -type f | while read -r file; do
		ln -sf "$source/${file#"$tree"/}" "$file"
	done
	ninja -C "$build" -t deps >"$work/deps"
	sed 's|^"||; s|"$||; s|/\./|/|g' "$build/kvm-$arch/objects.rsp" >"$work/rsp"
	sed "s|^$build/||" "$work/rsp" >"$work/objects"
}

# Makes a file of the tree a copy that can be changed.
variant_take() { # FILE
	cp --remove-destination "$source/$1" "$tree/$1"
}

# The opposite.
variant_restore() { # FILE
	ln -sf "$source/$1" "$tree/$1"
}

# Objects of the flavour that depend on a file of the kernel.
variant_dependents() { # FILE
	awk -v file="$source/$1" '/^[^ ]/ { object = $1; sub(/:$/, "", object) } $1 == file { print object }' "$work/deps" |
		grep -Fx -f "$work/objects" || true
}

variant_compile() { # OBJECT TO
	command=$(ninja -C "$build" -t commands -s "$1" |
		sed "s|$source\([/ ]\)|$tree\1|g; s| -MF [^ ]*| -MF '$2.d'|; s| -o [^ ]* -c | -o '$2' -c |")
	(cd "$build" && sh -c "$command")
}

variant_link() {
	cp "$build/kvm-$arch/exports.map" "$work/link/"
	command=$(ninja -C "$build" -t commands -s "libkvm-$arch.so" |
		sed "s|$build/libkvm-$arch.so|$work/flavour/libkvm-$arch.so|g; s|$build/kvm-$arch |$work/link |g")
	(cd "$build" && sh -c "$command") >"$work/link.log" 2>&1 || {
		cat "$work/link.log" >&2
		return 1
	}
}

# Compiles what depends on the files, and links. Leaves the new objects in $work/link/1.o, 2.o and so on.
variant_make() { # FILE...
	sed 's|^\([^"].*\)|"\1"|' "$work/rsp" >"$work/link/objects.rsp.new"
	n=0
	for object in $(for file in "$@"; do variant_dependents "$file"; done | sort -u); do
		n=$((n + 1))
		variant_compile "$object" "$work/link/$n.o" || return 1
		sed -i "s|^\"$build/$object\"|\"$work/link/$n.o\"|" "$work/link/objects.rsp.new"
	done
	[ "$n" -gt 0 ] || return 1
	mv "$work/link/objects.rsp.new" "$work/link/objects.rsp"
	variant_link
}

# Paths, from the top of the tree, of the files that a patch changes.
variant_touched() { sed -n 's|^+++ b/\([^[:blank:]]*\).*|\1|p' "$1"; }

# Makes the flavour with a patch.
variant_patch() { # PATCH
	variant_touched "$1" | while read -r file; do variant_take "$file"; done
	patch -s -p1 -d "$tree" --no-backup-if-mismatch <"$1" || return 1
	# Names in the kernel have no spaces.
	# shellcheck disable=SC2046
	variant_make $(variant_touched "$1")
}

# Takes a patch out of the tree again, whether it applied or not.
variant_unpatch() { # PATCH
	variant_touched "$1" | while read -r file; do variant_restore "$file"; done
}

# Whether NAME is one of those that are wanted; without any, all are.
variant_wanted() { # NAME WANTED...
	[ $# -gt 1 ] || return 0
	name=$1
	shift
	for w in "$@"; do
		[ "$w" != "$name" ] || return 0
	done
	return 1
}
