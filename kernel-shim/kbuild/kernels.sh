# SPDX-License-Identifier: GPL-2.0-only
# Shell functions that say what kernel-shim/kernels and the packages have; to be sourced. $kernels is the table's path.

# Prints the supported versions, one a line, the reference first.
supported_kernels() { awk '/^[0-9]/ { print $1 }' "$kernels"; }

reference_kernel() { supported_kernels | sed q; }

# Prints the version with the highest number.
newest_kernel() { supported_kernels | sort -V | tail -n 1; }

# Prints the architectures that a version is supported on, one a line; nothing for a version that is not in the table.
#   kernel_arches VERSION
kernel_arches() { awk -v version="$1" '$1 == version { print $2 }' "$kernels" | tr ',' '\n'; }

# True if Debian 12's own suites have the package. What the table does not have can only be in the backports.
#   kernel_is_own VERSION
kernel_is_own() { awk -v version="$1" '$1 == version { own = $3 == "own" } END { exit !own }' "$kernels"; }

# Prints the path of a version's package, whether it exists or not: the installed one, or what fetch-source.sh has put
# into the cache.
#   kernel_package VERSION CACHE
kernel_package() {
	kernels_installed=${KVMSIM_PACKAGE_DIR:-/usr/src}/linux-source-$1.tar.xz
	if kernel_is_own "$1" || [ -e "$kernels_installed" ]; then
		printf '%s\n' "$kernels_installed"
	else
		printf '%s\n' "$2/packages/linux-source-$1.tar.xz"
	fi
}

# Prints what is tested, in words: "x86_64 with Linux 6.12 6.1, s390x with Linux 6.12".
tested_kernels() {
	awk '/^[0-9]/ {
		n = split($2, arch, ",")
		for (i = 1; i <= n; i++) {
			if (!(arch[i] in with))
				order[++count] = arch[i]
			with[arch[i]] = with[arch[i]] " " $1
		}
	}
	END { for (i = 1; i <= count; i++) printf "%s%s with Linux%s", (i > 1 ? ", " : ""), order[i], with[order[i]]; print "" }' \
		"$kernels"
}
