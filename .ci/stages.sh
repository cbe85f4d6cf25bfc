# SPDX-License-Identifier: GPL-2.0-only
# What .ci/run and .ci/nightly share: builds, counts of tests, the kernels. To be sourced by bash at the project's top.
# shellcheck shell=bash
# shellcheck disable=SC2034	# their variables

passed=0 failed=0
# shellcheck disable=SC2034
kernels=kernel-shim/kernels
. kernel-shim/kbuild/kernels.sh
reference=$(reference_kernel)

title() { printf '\n== %s\n' "$1"; }

# A command that is one test.
check() { # NAME COMMAND...
	title "$1"
	if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# Runs a command with its output on the terminal and in $log.
logged() { # COMMAND...
	log=$(mktemp)
	"$@" 2>&1 | tee "$log"
}

# A command that ends with the summary of ctest.
suite() { # NAME COMMAND...
	local log line total bad
	title "$1"
	logged "${@:2}"
	line=$(grep -E '^[0-9]+% tests passed, [0-9]+ tests? failed out of [0-9]+' "$log" | tail -n 1)
	rm -f "$log"
	if [ -z "$line" ]; then	# it did not build, or there was no test
		failed=$((failed + 1))
		return
	fi
	total=${line##* }
	bad=$(printf '%s\n' "$line" | sed 's/.*passed, \([0-9]*\) .*/\1/')
	passed=$((passed + total - bad))
	failed=$((failed + bad))
}

# A command that prints KTAP. One that ends before its plan is a failure.
ktap() { # NAME COMMAND...
	local log
	title "$1"
	logged "${@:2}"
	passed=$((passed + $(grep -c '^ok ' "$log")))
	failed=$((failed + $(grep -c '^not ok ' "$log")))
	grep -q '^1\.\.[1-9]' "$log" || failed=$((failed + 1))
	rm -f "$log"
}

# Sets others to the supported kernels except the reference, and untested to those of them whose package cannot be had:
# the backports may have a kernel no more, or cannot be reached.
find_kernels() {
	local cache=${XDG_CACHE_HOME:-$HOME/.cache}/kvmsim version
	others='' untested=''
	for version in $(supported_kernels | sed 1d); do
		if kernel_is_own "$version" || ./kvmsim fetch "$version" ||
			[ -e "$(kernel_package "$version" "$cache")" ]; then
			others="$others $version"
		else
			untested="$untested $version"
		fi
	done
}

# Builds a kernel for some architectures, or for all that it is supported on.
build() { # VERSION PRESET [ARCH...]
	local version=$1 preset=$2
	shift 2
	# shellcheck disable=SC2046
	[ $# -gt 0 ] || set -- $(kernel_arches "$version")
	KVMSIM_PRESET=$preset ./kvmsim --kernel "$version" build "${@/#/--arch=}" || failed=$((failed + 1))
}

# The last lines, and the exit code.
finish() {
	[ -z "$untested" ] || printf '\n!!! NOT TESTED, since there is no package of it: Linux%s\n' "$untested"
	printf '\n%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" = 0 ]
}
