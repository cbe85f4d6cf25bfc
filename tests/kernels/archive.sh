#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# fetch-source.sh with the real apt and an archive of files: what is signed with the right key is used, and nothing else;
# the machine's settings that run commands are not. archive.sh PROJECT_DIR; 77: no apt, or no gpg to sign with.
set -eu
LC_ALL=C
export LC_ALL

for program in apt-get dpkg-deb gpg; do
	command -v $program >/dev/null || { echo "no $program here"; exit 77; }
done
work=$(mktemp -d)
trap 'gpgconf --homedir "$work/gpg" --kill all 2>/dev/null || :; rm -rf "$work"' EXIT
cd "$work"
cp -a "$1/kernel-shim/kbuild" .
sed -i "s|^keyring=.*|keyring=$work/keyring|" kbuild/fetch-source.sh
repo=$work/repo cache=$work/cache
KVMSIM_DEBIAN=file:$repo
APT_CONFIG=$work/machine.conf
export KVMSIM_DEBIAN APT_CONFIG
cat >machine.conf <<END
APT::Update::Pre-Invoke { "touch $work/ran"; };
APT::Update::Post-Invoke { "touch $work/ran"; };
APT::Update::Post-Invoke-Success { "touch $work/ran"; };
APT::Get::AllowUnauthenticated "true";
Acquire::AllowInsecureRepositories "true";
APT::Default-Release "bookworm";
END

fail() {
	echo "FAILED: $*"
	cat said
	exit 1
}
fetch() { kbuild/fetch-source.sh "$@" "$cache" >printed 2>said; }
refused() {
	! fetch get 9.8 || fail "$1 is accepted"
	grep -q "is not signed with Debian's key" said || fail "it does not say that $1 is refused"
	[ ! -e "$cache/packages/linux-source-9.8.tar.xz" ] || fail "$1 is in the cache"
}

# --- the archive ---
mkdir -p gpg deb/DEBIAN deb/usr/src "$repo/dists/trixie-backports/main/binary-amd64" "$repo/pool"
chmod 700 gpg
for name in right wrong; do
	gpg --homedir gpg --batch --quiet --passphrase '' --quick-generate-key "$name@example.com" rsa2048 sign 2>gpg.log ||
		fail "$(cat gpg.log)"
done
gpg --homedir gpg --batch --export right@example.com >keyring
printf '%s\n' 'Package: linux-source-9.8' 'Version: 9.8.7-1' 'Architecture: all' 'Maintainer: Nobody <n@example.com>' \
	'Description: kernel' >deb/DEBIAN/control
echo 'kernel source' >deb/usr/src/linux-source-9.8.tar.xz
dpkg-deb --root-owner-group -b deb "$repo/pool/linux-source-9.8_9.8.7-1_all.deb" >/dev/null
index() {
	(
		cd "$repo"
		deb=pool/linux-source-9.8_9.8.7-1_all.deb
		{
			cat "$work/deb/DEBIAN/control"
			printf 'Filename: %s\nSize: %s\nSHA256: %s\n\n' $deb "$(stat -c %s $deb)" \
				"$(sha256sum <$deb | cut -d ' ' -f 1)"
		} >dists/trixie-backports/main/binary-amd64/Packages
		cd dists/trixie-backports
		file=main/binary-amd64/Packages
		printf '%s\n' 'Origin: Debian' 'Suite: trixie-backports' 'Codename: trixie-backports' \
			"Date: $(date -u -R)" 'Architectures: all amd64' 'Components: main' 'SHA256:' \
			" $(sha256sum <$file | cut -d ' ' -f 1) $(stat -c %s $file) $file" >Release
		rm -f InRelease
	)
}
sign() { # NAME
	gpg --homedir gpg --batch --quiet --yes -u "$1@example.com" --clearsign -o "$repo/dists/trixie-backports/InRelease" \
		"$repo/dists/trixie-backports/Release" 2>gpg.log || fail "$(cat gpg.log)"
}
index

refused 'an archive without a signature'
sign wrong
refused "another key's signature"
sign right
sed -i 's/^Origin: .*/Origin: Nobody/' "$repo/dists/trixie-backports/InRelease"
refused 'a text that was not signed'

sign right
fetch get 9.8 || fail "it is refused"
[ "$(cat printed)" = "$cache/packages/linux-source-9.8.tar.xz" ] || fail "it prints $(cat printed)"
cmp -s deb/usr/src/linux-source-9.8.tar.xz "$cache/packages/linux-source-9.8.tar.xz" || fail "another tarball"
fetch list || fail "no list"
[ "$(cat printed)" = '9.8 9.8.7-1' ] || fail "it lists: $(cat printed)"
[ ! -e ran ] || fail "commands of the machine's settings ran"

# From then on the cache has it. An archive that cannot be read is no reason to say that there is no such kernel.
KVMSIM_DEBIAN=file:$work/nowhere
fetch get 9.8 || fail "it is not taken from the cache"
! fetch get 9.9 || fail "an archive that is not there is read"
grep -q "cannot read $KVMSIM_DEBIAN trixie-backports; the cache has 9.8; " said || fail "it does not say what there is"

# A package that is not the one of the index.
KVMSIM_DEBIAN=file:$repo
rm -r "$cache"
echo more >>"$repo/pool/linux-source-9.8_9.8.7-1_all.deb"
! fetch get 9.8 || fail "a changed package is accepted"
[ ! -e "$cache/packages/linux-source-9.8.tar.xz" ] || fail "a changed package is in the cache"
