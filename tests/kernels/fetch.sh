#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ./kvmsim --kernel with a version that Debian 12 does not have: fetched from a stand-in for the archive, or from the
# cache, or refused. fetch.sh PROJECT_DIR
set -u
LC_ALL=C
export LC_ALL

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
project=$work/project
unset KVMSIM_PRESET KVMSIM_DEBIAN KVMSIM_PACKAGE_DIR
XDG_CACHE_HOME=$work/cache
export XDG_CACHE_HOME
packages=$work/cache/kvmsim/packages

# The project's launcher and scripts, with a table and a keyring of their own.
mkdir -p "$project/kernel-shim/patches" "$project/sim/check" "$work/bin" "$work/pool"
cp "$1/kvmsim" "$project"
cp "$1/sim/check/change.sh" "$project/sim/check"
cp -a "$1/kernel-shim/kbuild" "$1/kernel-shim/architectures" "$project/kernel-shim"
cp "$1"/kernel-shim/patches/*.sh "$project/kernel-shim/patches"
printf '%s\t%s\t%s\n' 6.12 x86_64,s390x own 7.3 x86_64 backports 6.1 x86_64 own >"$project/kernel-shim/kernels"
tested=$(kernels=$project/kernel-shim/kernels && . "$project/kernel-shim/kbuild/kernels.sh" && tested_kernels)
[ "$tested" = "x86_64 with Linux 6.12 7.3 6.1, s390x with Linux 6.12" ] || { echo "FAILED: tested are '$tested'"; exit 1; }
: >"$work/keyring"
# What is installed here does not matter.
sed -i 's/^missing_packages() {/&\n\treturn/' "$project/kvmsim"
sed -i "s|^keyring=.*|keyring=$work/keyring|" "$project/kernel-shim/kbuild/fetch-source.sh"

# --- stand-ins: apt keeps a log, its packages are tarballs; CMake says what it is asked for and ends the build ---
program() { cat >"$work/bin/$1" && chmod +x "$work/bin/$1"; }
program apt-get <<END
#!/bin/sh
echo "apt-get \$*" >>"$work/log"
case \$* in
indextargets*) cat "$work/targets" ;;
*' update')
	cp "\$2" "\$(dirname "\$2")/sources.list" "$work"
	[ ! -e "$work/broken" ] || { cat "$work/broken"; exit 100; }
	;;
*' download '*)
	file=\${*##* }
	cp "$work/pool/\${file%=*}.deb" "\${file%=*}_\${file#*=}_all.deb"
	;;
*) exit 100 ;;
esac
END
program apt-cache <<END
#!/bin/sh
cat "$work/packages"
END
program dpkg-deb <<'END'
#!/bin/sh
cat "$2"
END
program cmake <<END
#!/bin/sh
printf '%s\n' "\$@" >"$work/asked"
exit 1
END
PATH=$work/bin:$PATH
echo 'http://mirror.example/debian-security/|Debian-Security
http://mirror.example/debian/|Debian' >"$work/targets"

publish() { # VERSION RELEASE
	mkdir -p "$work/deb/usr/src"
	echo "source of $2" >"$work/deb/usr/src/linux-source-$1.tar.xz"
	tar -c -f "$work/pool/linux-source-$1.deb" -C "$work/deb" "./usr/src/linux-source-$1.tar.xz"
	printf 'Package: linux-source-%s\nVersion: %s\nSize: 166600000\n\nPackage: linux-doc-%s\nVersion: %s\n\n' \
		"$1" "$2" "$1" "$2" >>"$work/packages"
}

# try CODE ARGUMENT...: what ./kvmsim says is in $work/said; logs begin anew.
try() {
	code=$1
	shift
	what="./kvmsim $*"
	rm -f "$work/log" "$work/asked"
	(cd "$project" && ./kvmsim "$@") >"$work/said" 2>&1 </dev/null
	is=$?
	[ "$is" = "$code" ] || failed "exit code $is"
}
failed() {
	failures=$((failures + 1))
	printf 'FAILED: %s: %s\n' "$what" "$*"
	cat "$work/said"
}
says() { grep -qF -- "$1" "$work/said" || failed "it does not say: $1"; }
builds() { grep -qxF -- "-DKVMSIM_TARBALL=$1" "$work/asked" || failed "CMake gets no $1"; }
asks_nobody() { [ ! -e "$work/log" ] || failed "it asks the archive: $(cat "$work/log")"; }
builds_nothing() { [ ! -e "$work/asked" ] || failed "it builds: $(cat "$work/asked")"; }
holds() { [ "$(cat "$packages/linux-source-$1.tar.xz")" = "source of $2" ] || failed "another tarball of $1"; }

# --- no network, no signature: nothing comes into the cache ---
publish 7.2 7.2.12-1
publish 7.3 7.3.4-1
echo 'E: Failed to fetch http://mirror.example/debian/dists  Could not resolve' >"$work/broken"
try 2 --kernel 7.3 build
says 'Could not resolve'
says 'cannot read http://mirror.example/debian/ trixie-backports; name a tarball or a kernel tree: --kernel FILE or DIR'
builds_nothing
echo "E: The repository 'http://mirror.example/debian trixie-backports InRelease' is not signed." >"$work/broken"
try 2 --kernel 7.3 build
says "is not signed with Debian's key, so nothing of it is used"
builds_nothing
[ -z "$(ls "$packages")" ] || failed "the cache has $(ls "$packages")"
rm "$work/broken"

# --- fetched, from the archive that the machine's own sources name ---
try 2 run --kernel 7.3 sim/scenarios
says 'Fetching linux-source-7.3 7.3.4-1 from http://mirror.example/debian/ trixie-backports (167 MB)'
builds "$packages/linux-source-7.3.tar.xz"
grep -qxF -- "$project/build/dev-7.3" "$work/asked" || failed "not in build/dev-7.3"
holds 7.3 7.3.4-1
grep -qF "[arch=amd64 target=Packages signed-by=$work/keyring] http://mirror.example/debian/ trixie-backports main" \
	"$work/sources.list" || failed "the sources are: $(cat "$work/sources.list")"
! grep -v -e "^apt-get -c $work/cache/kvmsim/apt/apt.conf " -e "^apt-get -q -c $work/cache/kvmsim/apt/apt.conf " \
	-e '^apt-get indextargets' "$work/log" || failed "apt with the machine's own state"
[ "$(ls "$work/cache/kvmsim/apt/archives")" = partial ] || failed "packages are left"

# From then on, the cache has it. Its name is also that of the newest supported kernel.
: >"$work/broken"
try 2 --kernel 7.3.4 build --arch s390x
builds "$packages/linux-source-7.3.tar.xz"
grep -qxF -- '-DKVMSIM_ARCHES=x86_64;s390x' "$work/asked" || failed "the architectures are others"
asks_nobody
try 2 --kernel mainline build
builds "$packages/linux-source-7.3.tar.xz"
asks_nobody
try 2 fetch 7.3
says 'cannot read http://mirror.example/debian/ trixie-backports; the cache has 7.3; name a tarball'
rm "$work/broken"

# --- the archive moves on ---
try 0 fetch 7.3
says 'the cache has linux-source-7.3 7.3.4-1 already'
publish 7.3 7.3.6-1
try 0 fetch mainline
says 'Fetching linux-source-7.3 7.3.6-1'
holds 7.3 7.3.6-1
: >"$work/packages"
publish 7.4 7.4.1-1
try 0 fetch 7.3
says 'trixie-backports has no linux-source-7.3 any more; the cache has 7.3.6-1'
holds 7.3 7.3.6-1
try 2 --kernel 7.3 build
builds "$packages/linux-source-7.3.tar.xz"
try 0 fetch
says '7.4 7.4.1-1'
try 2 --kernel 7.2 build
says 'there is no linux-source-7.2: trixie-backports has 7.4; the cache has 7.3; name a tarball or a kernel tree'
builds_nothing

# --- newer than the table, and what the backports never have ---
try 2 --kernel 7.4 build
builds "$packages/linux-source-7.4.tar.xz"
holds 7.4 7.4.1-1
try 2 --kernel 5.10 build
says 'no kernel 5.10: there are 6.12 7.3 6.1'
asks_nobody
try 2 fetch 7.4 now
says 'fetch [VERSION]'

# --- a tarball from anywhere, an installed package, no sources of Debian's ---
mkdir "$work/linux-7.5"
printf 'VERSION = 7\nPATCHLEVEL = 5\nSUBLEVEL = 0\n' >"$work/linux-7.5/Makefile"
tar -c -f "$work/any.tar" -C "$work" linux-7.5
try 2 --kernel "$work/any.tar" build
builds "$work/any.tar"
asks_nobody
mkdir "$work/installed"
: >"$work/installed/linux-source-7.3.tar.xz"
KVMSIM_PACKAGE_DIR=$work/installed
export KVMSIM_PACKAGE_DIR
try 2 --kernel 7.3 build
builds "$work/installed/linux-source-7.3.tar.xz"
asks_nobody
unset KVMSIM_PACKAGE_DIR
echo 'http://packages.example/deb|Other' >"$work/targets"
try 2 fetch
says "apt's sources have no archive of Debian's: KVMSIM_DEBIAN=URL names one; or name a tarball or a kernel tree"

[ "$failures" = 0 ]
