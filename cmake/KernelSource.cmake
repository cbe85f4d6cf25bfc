# SPDX-License-Identifier: GPL-2.0-only
# Where the kernel's files come from, and their generated headers.
#
# Sets KVMSIM_VERSIONS, KVMSIM_ARCHES_<version>, KVMSIM_REFERENCE and KVMSIM_TESTED, the table in words, from
# kernel-shim/kernels; KVMSIM_SOURCE (the kernel tree), KVMSIM_SOURCE_IS_PACKAGE (a tarball, Debian's package or another
# one), KVMSIM_SOURCE_IS_REFERENCE (a tarball of the version that the lists and options are written for),
# KVMSIM_PACKAGE_VERSION (a tarball's version, X.Y, from the Makefile in it), KVMSIM_PATCHES (what was applied, in
# words) and KVMSIM_CACHE (shared by all clones).
# kvmsim_kernel_config() makes the configuration of one architecture. KVMSIM_PAGE is the size of arm64's pages in it.

set(KVMSIM_KERNEL "" CACHE PATH "Your own kernel tree, DIR or DIR@COMMIT; empty: KVMSIM_TARBALL")
# The supported versions, the reference first.
set(kernels "${PROJECT_SOURCE_DIR}/kernel-shim/kernels")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${kernels}")
file(STRINGS "${kernels}" lines REGEX "^[0-9]")
set(KVMSIM_VERSIONS)
set(KVMSIM_TESTED)
foreach(line IN LISTS lines)
	if(NOT line MATCHES "^([0-9]+\\.[0-9]+)[ \t]+([a-z0-9_,]+)[ \t]+(own|backports)$")
		message(FATAL_ERROR "${kernels}: not VERSION ARCH,ARCH own|backports: ${line}")
	endif()
	list(APPEND KVMSIM_VERSIONS ${CMAKE_MATCH_1})
	string(REPLACE "," ";" KVMSIM_ARCHES_${CMAKE_MATCH_1} "${CMAKE_MATCH_2}")
	string(REPLACE "," " and " arches "${CMAKE_MATCH_2}")
	list(APPEND KVMSIM_TESTED "Linux ${CMAKE_MATCH_1} on ${arches}")
endforeach()
list(JOIN KVMSIM_TESTED ", " KVMSIM_TESTED)
list(GET KVMSIM_VERSIONS 0 KVMSIM_REFERENCE)
set(KVMSIM_TARBALL "/usr/src/linux-source-${KVMSIM_REFERENCE}.tar.xz" CACHE FILEPATH
	"Kernel source, Debian's package or any other tarball")

set(KVMSIM_KBUILD_DIR "${PROJECT_SOURCE_DIR}/kernel-shim/kbuild")
if(DEFINED ENV{XDG_CACHE_HOME} AND NOT "$ENV{XDG_CACHE_HOME}" STREQUAL "")
	set(KVMSIM_CACHE "$ENV{XDG_CACHE_HOME}/kvmsim")
else()
	set(KVMSIM_CACHE "$ENV{HOME}/.cache/kvmsim")
endif()

function(kvmsim_run out)
	execute_process(COMMAND ${ARGN} OUTPUT_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE rc)
	if(NOT rc EQUAL 0)
		list(GET ARGN 0 program)
		cmake_path(GET program FILENAME name)
		message(FATAL_ERROR "${name} failed; its reason stands above")
	endif()
	set(${out} "${text}" PARENT_SCOPE)
endfunction()

set(KVMSIM_SOURCE_IS_REFERENCE OFF)
if(KVMSIM_KERNEL)
	set(KVMSIM_SOURCE "${KVMSIM_KERNEL}")
	if(KVMSIM_KERNEL MATCHES "@" AND NOT EXISTS "${KVMSIM_KERNEL}")
		kvmsim_run(KVMSIM_SOURCE "${KVMSIM_KBUILD_DIR}/commit-tree.sh" "${KVMSIM_KERNEL}" "${KVMSIM_CACHE}")
	endif()
	get_filename_component(KVMSIM_SOURCE "${KVMSIM_SOURCE}" REALPATH BASE_DIR "${CMAKE_BINARY_DIR}")
	set(KVMSIM_SOURCE_IS_PACKAGE OFF)
	if(NOT EXISTS "${KVMSIM_SOURCE}/virt/kvm/kvm_main.c")
		message(FATAL_ERROR "KVMSIM_KERNEL: ${KVMSIM_SOURCE} is not a kernel tree (it has no virt/kvm/kvm_main.c)")
	endif()
	set(KVMSIM_PATCHES "none, own tree ${KVMSIM_SOURCE}")
	message(STATUS "Kernel source: own tree ${KVMSIM_SOURCE}, used as it is, without the patch queue")
else()
	set(KVMSIM_SOURCE_IS_PACKAGE ON)
	if(NOT EXISTS "${KVMSIM_TARBALL}")
		message(FATAL_ERROR "${KVMSIM_TARBALL} is missing: install the package of that name, name another tarball "
			"with -DKVMSIM_TARBALL=FILE, or a kernel tree with -DKVMSIM_KERNEL=DIR")
	endif()
	kvmsim_run(release "${KVMSIM_KBUILD_DIR}/source-version.sh" "${KVMSIM_TARBALL}" "${KVMSIM_CACHE}")
	string(REGEX MATCH "^[0-9]+\\.[0-9]+" KVMSIM_PACKAGE_VERSION "${release}")
	if(KVMSIM_PACKAGE_VERSION STREQUAL KVMSIM_REFERENCE)
		set(KVMSIM_SOURCE_IS_REFERENCE ON)
	endif()
	set(KVMSIM_PATCH_DIR "${PROJECT_SOURCE_DIR}/kernel-shim/patches/${KVMSIM_PACKAGE_VERSION}")
	if(NOT KVMSIM_PACKAGE_VERSION IN_LIST KVMSIM_VERSIONS)
		list(JOIN KVMSIM_VERSIONS " and " versions)
		message(NOTICE "-- ${KVMSIM_TARBALL} is Linux ${release}. There are patches and tests for ${versions} only, so it "
			"is compiled as it is")
	else()
		foreach(arch IN LISTS KVMSIM_ARCHES)
			if(NOT arch IN_LIST KVMSIM_ARCHES_${KVMSIM_PACKAGE_VERSION})
				message(NOTICE "-- Linux ${KVMSIM_PACKAGE_VERSION} is not supported on ${arch} yet (kernel-shim/kernels). "
					"It is compiled as far as it goes")
			endif()
		endforeach()
	endif()
	kvmsim_run(KVMSIM_SOURCE "${KVMSIM_KBUILD_DIR}/unpack-source.sh" "${KVMSIM_TARBALL}" "${KVMSIM_CACHE}"
		"${KVMSIM_PATCH_DIR}")
	set(KVMSIM_PATCHES "none")
	if(EXISTS "${KVMSIM_PATCH_DIR}/series")
		file(STRINGS "${KVMSIM_PATCH_DIR}/series" KVMSIM_PATCHES REGEX "^[^#]")
		list(JOIN KVMSIM_PATCHES " " KVMSIM_PATCHES)
		file(GLOB patches "${KVMSIM_PATCH_DIR}/*.patch")
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${KVMSIM_PATCH_DIR}/series" ${patches})
	endif()
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${KVMSIM_TARBALL}"
		"${KVMSIM_KBUILD_DIR}/unpack.exclude")
	message(STATUS "Kernel source: ${KVMSIM_SOURCE}")
endif()

# The other sizes have a build directory of their own, with that flavour and no other.
set(KVMSIM_PAGE "4K" CACHE STRING "Bytes of a page of arm64: 4K, 16K or 64K")
set_property(CACHE KVMSIM_PAGE PROPERTY STRINGS 4K 16K 64K)
if(NOT KVMSIM_PAGE MATCHES "^(4|16|64)K$" OR NOT (KVMSIM_PAGE STREQUAL "4K" OR KVMSIM_ARCHES STREQUAL "arm64"))
	message(FATAL_ERROR "KVMSIM_PAGE is 4K, or 16K or 64K with KVMSIM_ARCHES=arm64; it is ${KVMSIM_PAGE}")
endif()

# Sets out to the file of options of arch: that in KVMSIM_KBUILD_DIR, with what kernel-shim/compat has for the tree's
# forms, and with the size of pages.
function(kvmsim_config_fragment out arch)
	set(fragment "${KVMSIM_KBUILD_DIR}/${arch}.config")
	file(READ "${fragment}" text)
	set(before "${text}")
	kvmsim_compat_options(files ${arch})
	foreach(file IN LISTS files)
		file(READ "${file}" more)
		string(APPEND text "${more}")
	endforeach()
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${fragment}" ${files})
	if(NOT KVMSIM_PAGE STREQUAL "4K")
		string(REPLACE "CONFIG_ARM64_4K_PAGES=y" "CONFIG_ARM64_${KVMSIM_PAGE}_PAGES=y" text "${text}")
	endif()
	if(NOT text STREQUAL before)
		set(fragment "${CMAKE_BINARY_DIR}/${arch}.config")
		file(CONFIGURE OUTPUT "${fragment}" CONTENT "${text}" @ONLY)
	endif()
	set(${out} "${fragment}" PARENT_SCOPE)
endfunction()

# Sets out to the directory of generated headers of arch. For an own tree, only the target kbuild-<arch> makes it, and
# makes it again when a Kconfig file or a header behind the generated ones changes: Ninja does not know of a run before
# its own.
function(kvmsim_kernel_config out arch)
	set(karch ${KVMSIM_KERNEL_ARCH_${arch}})
	set(cross ${KVMSIM_CROSS_${arch}})
	set(common "${KVMSIM_KBUILD_DIR}/common.config")
	kvmsim_config_fragment(fragment ${arch})
	set(configure "${KVMSIM_KBUILD_DIR}/configure-kernel.sh")
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${common}" "${fragment}" "${configure}")
	if(KVMSIM_SOURCE_IS_PACKAGE)
		set(key "${KVMSIM_SOURCE} ${CMAKE_C_COMPILER_VERSION}")
		foreach(file IN ITEMS "${common}" "${fragment}" "${configure}")
			file(SHA256 "${file}" sum)
			string(APPEND key " ${sum}")
		endforeach()
		string(SHA256 key "${key}")
		string(SUBSTRING "${key}" 0 12 key)
		set(dir "${KVMSIM_CACHE}/kbuild-${arch}-${key}")
		if(NOT EXISTS "${dir}/kvmsim-stamp")
			message(STATUS "Configuring the kernel for ${arch} (once; a few seconds)")
			string(RANDOM LENGTH 8 part)
			set(part "${dir}.${part}")
			set(command "${configure}" "${KVMSIM_SOURCE}" "${part}" ${karch} ${cross} "${fragment}")
			if(NOT KVMSIM_SOURCE_IS_REFERENCE)
				# Like for an own tree: options of another version are reported. The dependencies are
				# not needed.
				list(APPEND command /dev/null)
			endif()
			kvmsim_run(ignored ${command})
			file(RENAME "${part}" "${dir}" RESULT rc)
			if(NOT rc EQUAL 0 AND NOT EXISTS "${dir}/kvmsim-stamp")
				message(FATAL_ERROR "cannot create ${dir}: ${rc}")
			endif()
			file(REMOVE_RECURSE "${part}")
		endif()
	else()
		set(dir "${CMAKE_BINARY_DIR}/kbuild-${arch}")
		if(dir MATCHES "[ \t:]")
			string(SHA256 key "${dir}")
			string(SUBSTRING "${key}" 0 12 key)
			set(dir "${KVMSIM_CACHE}/own-${arch}-${key}")
		endif()
		set(depfile "${CMAKE_BINARY_DIR}/kbuild-${arch}.d")
		add_custom_command(OUTPUT "${dir}/kvmsim-stamp"
			BYPRODUCTS "${dir}/include/generated/autoconf.h" "${dir}/include/generated/bounds.h"
				"${dir}/include/generated/asm-offsets.h" "${dir}/include/generated/utsrelease.h"
			COMMAND "${configure}" "${KVMSIM_SOURCE}" "${dir}" ${karch} ${cross} "${fragment}" "${depfile}"
			DEPENDS "${common}" "${fragment}" "${configure}"
			DEPFILE "${depfile}"
			COMMENT "Configuring the kernel for ${arch}"
			VERBATIM)
		add_custom_target(kbuild-${arch} DEPENDS "${dir}/kvmsim-stamp")
	endif()
	set(${out} "${dir}" PARENT_SCOPE)
endfunction()

# Fails unless the files in paths, and those that the wrappers include, are the package's own plus the patch queue.
function(kvmsim_verify_source arch paths)
	if(NOT KVMSIM_SOURCE_IS_PACKAGE)
		return()
	endif()
	set(wrap "${PROJECT_SOURCE_DIR}/kernel-shim/wrap")
	file(GLOB wrappers CONFIGURE_DEPENDS "${wrap}/*.c" "${wrap}/${arch}/*.c")
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${wrappers})
	foreach(wrapper IN LISTS wrappers)
		file(STRINGS "${wrapper}" lines REGEX "^#include [<\"].*\\.c[>\"]")
		foreach(line IN LISTS lines)
			string(REGEX REPLACE "^#include [<\"](.*)[>\"].*" "\\1" path "${line}")
			list(APPEND paths "${path}")
		endforeach()
	endforeach()
	list(JOIN paths "\n" lines)
	file(WRITE "${CMAKE_BINARY_DIR}/kernel-files-${arch}" "${lines}\n")
	kvmsim_run(ignored "${KVMSIM_KBUILD_DIR}/verify-source.sh" "${KVMSIM_SOURCE}"
		"${CMAKE_BINARY_DIR}/kernel-files-${arch}")
endfunction()
