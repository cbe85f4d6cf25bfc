# SPDX-License-Identifier: GPL-2.0-only
# kcc, the compiler launcher for kernel TUs of another architecture than the host's, and of own trees
# (kernel-shim/kcc/README.md).
#
# kvmsim_use_kcc(TARGET ARCH OVERRIDES...) compiles TARGET's files through it, and through ccache if that is installed.
#
# Sets KVMSIM_SHARED to whether own trees share objects, and then KVMSIM_NAMES to kcc's options for the names in them and
# KVMSIM_HOST_NAMES to the compiler's for host code, whose sources are not in the tree: one name for all builds is enough.
# Tarballs have one path for all. Only lld is told not to merge strings. A user's own launcher is left alone.
set(KVMSIM_SHARED OFF)
set(KVMSIM_NAMES)
set(KVMSIM_HOST_NAMES)
if(NOT KVMSIM_SOURCE_IS_PACKAGE AND KVMSIM_LINKER_FLAGS AND KVMSIM_CCACHE
		AND CMAKE_C_COMPILER_LAUNCHER STREQUAL "env;CCACHE_DEPEND=1;${KVMSIM_CCACHE}"
		AND NOT "${KVMSIM_SOURCE}${CMAKE_BINARY_DIR}" MATCHES "[] \t'\"\\=;[]")
	set(KVMSIM_SHARED ON)
	set(KVMSIM_NAMES --fixed-tree "${KVMSIM_SOURCE}" --fixed-build "${CMAKE_BINARY_DIR}")
	set(KVMSIM_HOST_NAMES "-fdebug-prefix-map=${CMAKE_BINARY_DIR}=${PROJECT_SOURCE_DIR}/build")
	file(CREATE_LINK "${KVMSIM_SOURCE}" "${CMAKE_BINARY_DIR}/kvmsim-tree" SYMBOLIC)
	file(CREATE_LINK . "${CMAKE_BINARY_DIR}/kvmsim-build" SYMBOLIC)
endif()

file(GLOB kcc CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/kernel-shim/kcc/*.c")
add_executable(kcc ${kcc})
target_compile_definitions(kcc PRIVATE _GNU_SOURCE)
target_compile_options(kcc PRIVATE -O2 -Wall -Wextra ${KVMSIM_HOST_NAMES})

# For the host's own architecture, whose code kcc does not change.
function(kvmsim_share_objects target)
	set_target_properties(${target} PROPERTIES C_COMPILER_LAUNCHER
		"env;CCACHE_DEPEND=1;${CMAKE_BINARY_DIR}/kcc;${KVMSIM_NAMES};--;${KVMSIM_CCACHE}")
	add_dependencies(${target} kcc)
endfunction()

function(kvmsim_use_kcc target arch)
	set(launcher "${CMAKE_BINARY_DIR}/kcc" ${KVMSIM_NAMES})
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
