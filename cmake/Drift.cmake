# SPDX-License-Identifier: GPL-2.0-only
# Says how many of the definitions that shims stand for differ, when the kernel is not the reference (docs/setup.md).

if(NOT KVMSIM_SOURCE_IS_REFERENCE)
	set(kernel "${KVMSIM_SOURCE}")
	# A version is Debian's package.
	if(KVMSIM_SOURCE_IS_PACKAGE AND KVMSIM_TARBALL STREQUAL "/usr/src/linux-source-${KVMSIM_PACKAGE_VERSION}.tar.xz"
		AND KVMSIM_PACKAGE_VERSION IN_LIST KVMSIM_VERSIONS)
		set(kernel "${KVMSIM_PACKAGE_VERSION}")
	endif()
	execute_process(COMMAND "${KVMSIM_KBUILD_DIR}/drift.sh" --summary "${kernel}" OUTPUT_VARIABLE line
		OUTPUT_STRIP_TRAILING_WHITESPACE)
	if(line)
		message(NOTICE "-- ${line}")
	endif()
endif()
