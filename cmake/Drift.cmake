# SPDX-License-Identifier: GPL-2.0-only
# Says how many of the definitions that shims stand for differ, when the kernel is not the reference (docs/setup.md).

if(NOT KVMSIM_SOURCE_IS_REFERENCE)
	set(kernel "${KVMSIM_SOURCE}")
	# A version is Debian's package, installed or fetched.
	set(name "linux-source-${KVMSIM_PACKAGE_VERSION}.tar.xz")
	set(packages "/usr/src/${name}" "${KVMSIM_CACHE}/packages/${name}")
	if(KVMSIM_SOURCE_IS_PACKAGE AND KVMSIM_TARBALL IN_LIST packages)
		set(kernel "${KVMSIM_PACKAGE_VERSION}")
	endif()
	execute_process(COMMAND "${KVMSIM_KBUILD_DIR}/drift.sh" --summary "${kernel}" OUTPUT_VARIABLE line
		OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(line)
		message(NOTICE "-- ${line}")
	endif()
endif()
