# SPDX-License-Identifier: GPL-2.0-only
# kcc, the compiler launcher for kernel TUs of another architecture than the host's (kernel-shim/kcc/README.md).
#
# kvmsim_use_kcc(TARGET ARCH OVERRIDES...) compiles TARGET's files through it, and through ccache if that is installed.
file(GLOB kcc CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/kernel-shim/kcc/*.c")
add_executable(kcc ${kcc})
target_compile_definitions(kcc PRIVATE _GNU_SOURCE)
target_compile_options(kcc PRIVATE -O2 -Wall -Wextra)

function(kvmsim_use_kcc target arch)
	set(launcher "${CMAKE_BINARY_DIR}/kcc")
	if(KVMSIM_ENDIAN_${arch} STREQUAL "big")
		list(APPEND launcher --big-endian "arch/${KVMSIM_KERNEL_ARCH_${arch}}"
			--overlays "${PROJECT_SOURCE_DIR}/kernel-shim/arch/${arch}/overlays.list")
	endif()
	foreach(file IN LISTS ARGN)
		list(APPEND launcher --overrides "${file}")
	endforeach()
	set(instructions "${PROJECT_SOURCE_DIR}/kernel-shim/arch/${arch}/instructions.list")
	if(EXISTS "${instructions}")
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${instructions}")
		file(STRINGS "${instructions}" lines REGEX "^[^#]")
		foreach(line IN LISTS lines)
			string(REGEX REPLACE "[ \t]+" "=" line "${line}")
			list(APPEND launcher --instruction "${line}")
		endforeach()
	endif()
	list(APPEND launcher --)
	if(KVMSIM_CCACHE)
		list(APPEND launcher "${KVMSIM_CCACHE}")
	endif()
	set_target_properties(${target} PROPERTIES C_COMPILER_LAUNCHER "${launcher}")
	add_dependencies(${target} kcc)
endfunction()
