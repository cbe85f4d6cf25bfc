# SPDX-License-Identifier: GPL-2.0-only
# A flavour: libkvm-<arch>.so, the kernel's files, the shim and the models of one architecture in one shared object.
#
# kvmsim_add_flavour(ARCH) adds the target kvm-<arch>. kvmsim_add_test_flavour(NAME ARCH SOURCES...) adds a second
# shared object for unit tests, with more kernel TUs, that also exports the shim's own functions. There are two classes
# of translation unit, which are never mixed: kernel TUs see only kernel headers; host TUs see libc, pthread and
# liburcu.

# Like the kernel's top Makefile and scripts/Makefile.extrawarn.
set(KVMSIM_KERNEL_WARNINGS
	-Wall -Wundef -Werror=implicit-function-declaration -Werror=implicit-int -Werror=return-type
	-Werror=strict-prototypes -Wno-format-security -Wno-trigraphs -Wno-frame-address
	-Wno-address-of-packed-member -Wno-pointer-sign -Wno-unused-but-set-variable -Wno-unused-const-variable
	-Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-truncation -Wno-restrict
	-Wno-format-truncation -Wno-format-overflow -Wno-dangling-pointer -Wno-main)

# First the options that change the meaning of kernel code, as in the kernel; then those for a shared object in a
# process.
set(KVMSIM_KERNEL_FLAGS
	-nostdinc -std=gnu11 -fms-extensions -fshort-wchar -funsigned-char -fno-common -fno-strict-aliasing -fno-strict-overflow
	-fno-delete-null-pointer-checks -fno-stack-protector
	-ftls-model=initial-exec -fno-optimize-sibling-calls
	-fPIC -ffunction-sections -fdata-sections -fasynchronous-unwind-tables -fcf-protection=none
	-m64 -mno-sse -mno-mmx -mno-red-zone)
# Code for the host with another architecture's headers, which must not think that the compiler is one for x86.
set(KVMSIM_FOREIGN_FLAGS -U__x86_64__ -U__x86_64 -U__amd64__ -U__amd64 -Ulinux -Uunix)

# Sets out to the flags for arch from kernel-shim/kbuild/<arch>.flags, and to nothing for the host's own.
function(kvmsim_arch_flags out arch)
	set(flags)
	if(NOT KVMSIM_CROSS_${arch} STREQUAL "-")
		set(file "${KVMSIM_KBUILD_DIR}/${arch}.flags")
		set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
		file(STRINGS "${file}" flags REGEX "^[^#]")
		list(PREPEND flags ${KVMSIM_FOREIGN_FLAGS})
	endif()
	set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# The compiler's warnings about the kernel's own files are the kernel's business, and depend on its version.
set(KVMSIM_OWN_WARNINGS ${KVMSIM_KERNEL_WARNINGS} -Wno-unused-function)
set(KVMSIM_HOST_WARNINGS -Wall -Wextra -Wno-unused-parameter -Wno-missing-field-initializers)
if(KVMSIM_WERROR)
	list(APPEND KVMSIM_HOST_WARNINGS -Werror)
endif()
# Another tree's headers may cause warnings in the shim's files.
if(KVMSIM_WERROR AND KVMSIM_SOURCE_IS_REFERENCE)
	list(APPEND KVMSIM_OWN_WARNINGS -Werror)
endif()

set(KVMSIM_PREFIX_MAP "-fmacro-prefix-map=${KVMSIM_SOURCE}/=" "-fmacro-prefix-map=${PROJECT_SOURCE_DIR}/=")

# Sets compile options and include directories of kernel TUs for target.
function(kvmsim_kernel_tu target arch kbuild)
	set(src "${KVMSIM_SOURCE}")
	set(karch ${KVMSIM_KERNEL_ARCH_${arch}})
	# The generated headers come before the tree's own: a tree that was built in place has other ones in include/.
	target_include_directories(${target} PRIVATE
		"${PROJECT_SOURCE_DIR}/kernel-shim/include/${arch}" "${PROJECT_SOURCE_DIR}/kernel-shim/include/common"
		"${kbuild}/arch/${karch}/include/generated" "${kbuild}/include"
		"${src}/arch/${karch}/include" "${src}/include"
		"${kbuild}/arch/${karch}/include/generated/uapi" "${kbuild}/include/generated/uapi"
		"${src}/arch/${karch}/include/uapi" "${src}/include/uapi"
		"${PROJECT_SOURCE_DIR}/kernel-shim/include" "${KVMSIM_PROBES_DIR}"
		"${src}/arch/${karch}/kvm" "${src}/virt/kvm" "${src}/mm" "${src}")
	# Where KVM is divided: guest address spaces, and guests of the architecture itself.
	foreach(part IN ITEMS gmap ${karch})
		if(IS_DIRECTORY "${src}/arch/${karch}/kvm/${part}")
			target_include_directories(${target} PRIVATE "${src}/arch/${karch}/kvm/${part}")
		endif()
	endforeach()
	kvmsim_arch_flags(flags ${arch})
	target_compile_options(${target} PRIVATE ${KVMSIM_KERNEL_FLAGS} ${flags}
		"SHELL:-include \"${src}/include/linux/compiler-version.h\""
		"SHELL:-include \"${src}/include/linux/kconfig.h\""
		"SHELL:-include \"${src}/include/linux/compiler_types.h\""
		${KVMSIM_PREFIX_MAP} ${KVMSIM_SANITIZE_KERNEL_FLAGS} ${KVMSIM_COVERAGE_KERNEL_FLAGS})
	target_compile_definitions(${target} PRIVATE __KERNEL__ __DISABLE_EXPORTS)
	set(overrides "${PROJECT_SOURCE_DIR}/kernel-shim/arch/${arch}/overrides.c")
	if(EXISTS "${overrides}")
		kvmsim_compat_overrides(more ${arch})
		kvmsim_use_kcc(${target} ${arch} "${overrides}" ${more})
	elseif(KVMSIM_SHARED)
		kvmsim_share_objects(${target})
	endif()
	if(TARGET kbuild-${arch})
		add_dependencies(${target} kbuild-${arch})
	endif()
endfunction()

# The names that Kbuild gives to each file: KVM is one module, the others are built in.
function(kvmsim_kernel_names files)
	foreach(file IN LISTS files)
		cmake_path(GET file STEM base)
		string(REPLACE "-" "_" base "${base}")
		set(module "${base}")
		if(file MATCHES "/(virt|arch/[^/]+)/kvm/" OR file MATCHES "/models/|/checkers/")
			set(module kvm)
		endif()
		set_property(SOURCE "${file}" APPEND PROPERTY COMPILE_DEFINITIONS "KBUILD_BASENAME=\"${base}\""
			"KBUILD_MODNAME=\"${module}\"" "KBUILD_MODFILE=\"${module}\"" "__KBUILD_MODNAME=kmod_${module}")
	endforeach()
endfunction()

# Gives the kernel's files the flags of kernel-shim/kbuild/common.dirs and, if there is such a file, <arch>.dirs.
function(kvmsim_directory_flags arch)
	set(files)
	foreach(name IN ITEMS common ${arch})
		if(EXISTS "${KVMSIM_KBUILD_DIR}/${name}.dirs")
			list(APPEND files "${KVMSIM_KBUILD_DIR}/${name}.dirs")
		endif()
	endforeach()
	kvmsim_read_list(lines ${files})
	foreach(line IN LISTS lines)
		string(REGEX MATCH "^([^ \t]+)[ \t]+(.*)" line "${line}")
		set(path "${KVMSIM_SOURCE}/${CMAKE_MATCH_1}")
		string(REPLACE "-I " "-I${KVMSIM_SOURCE}/" flags "${CMAKE_MATCH_2}")
		separate_arguments(flags UNIX_COMMAND "${flags}")
		foreach(source IN LISTS ARGN)
			string(FIND "${source}" "${path}" at)
			if(at EQUAL 0)
				get_property(had SOURCE "${source}" PROPERTY COMPILE_OPTIONS)
				set(all ${had} ${flags})
				list(REMOVE_DUPLICATES all)	# another flavour has the file, too
				set_property(SOURCE "${source}" PROPERTY COMPILE_OPTIONS ${all})
			endif()
		endforeach()
	endforeach()
endfunction()

# What kernel-shim/uapi exports of the interface of one architecture. kshim/names.h is made from the lists of names. The
# shim.h of kernel-shim/compat are not included: they define names that the kernel lacks.
function(kvmsim_add_uapi target arch kbuild)
	set(dir "${PROJECT_SOURCE_DIR}/kernel-shim/uapi")
	add_library(${target} OBJECT "${dir}/export.c")
	kvmsim_kernel_names("${dir}/export.c")
	kvmsim_kernel_tu(${target} ${arch} "${kbuild}")
	kvmsim_compat(${target} ${arch} FALSE)
	target_compile_options(${target} PRIVATE ${KVMSIM_OWN_WARNINGS})
	file(GLOB others CONFIGURE_DEPENDS "${dir}/*.names")
	set(lists "${dir}/common.names" "${dir}/${arch}.names" ${others})
	list(REMOVE_DUPLICATES lists)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${dir}/names.awk" ${lists})
	execute_process(COMMAND awk -v arch=${arch} -f "${dir}/names.awk" ${lists}
		OUTPUT_VARIABLE text COMMAND_ERROR_IS_FATAL ANY)
	set(include "${CMAKE_BINARY_DIR}/uapi-${arch}")
	file(CONFIGURE OUTPUT "${include}/kshim/names.h" CONTENT "${text}" @ONLY)
	target_include_directories(${target} PRIVATE "${include}")
endfunction()

# Links objects of targets into OUTPUT, with refused stubs for symbols that nobody defines (see link-flavour.sh).
function(kvmsim_link target output exports)
	set(work "${CMAKE_BINARY_DIR}/${target}")
	file(MAKE_DIRECTORY "${work}")
	set(objects)
	foreach(t IN LISTS ARGN)
		list(APPEND objects "$<TARGET_OBJECTS:${t}>")
	endforeach()
	file(GENERATE OUTPUT "${work}/objects.rsp" CONTENT "\"$<JOIN:${objects},\"\n\">\"\n")
	list(JOIN exports "; " names)
	file(GENERATE OUTPUT "${work}/exports.map" CONTENT "{ global: ${names}; local: *; };\n")
	set(script "${KVMSIM_KBUILD_DIR}/link-flavour.sh")
	separate_arguments(flags NATIVE_COMMAND "${CMAKE_C_FLAGS}")
	set(names)
	if(KVMSIM_SHARED)
		set(names --names "$<TARGET_FILE:kcc>" "${KVMSIM_SOURCE}" "${CMAKE_BINARY_DIR}")
	endif()
	add_custom_command(OUTPUT "${CMAKE_BINARY_DIR}/${output}" BYPRODUCTS "${work}/refused.txt"
		COMMAND "${script}" ${names} "${CMAKE_BINARY_DIR}/${output}" "${work}" "${KVMSIM_FLAVOUR_LIBRARIES}"
			"${CMAKE_C_COMPILER}" ${flags} ${KVMSIM_LINKER_FLAGS} ${KVMSIM_SANITIZE_LINK_FLAGS} ${KVMSIM_COVERAGE_FLAGS}
		DEPENDS "${script}" "${work}/objects.rsp" "${work}/exports.map" ${objects}
		COMMAND_EXPAND_LISTS
		COMMENT "Linking ${output}"
		VERBATIM)
	add_custom_target(${target} ALL DEPENDS "${CMAKE_BINARY_DIR}/${output}")
	set_target_properties(${target} PROPERTIES KVMSIM_OUTPUT "${CMAKE_BINARY_DIR}/${output}" KVMSIM_WORK "${work}")
endfunction()

function(kvmsim_add_flavour arch)
	kvmsim_kernel_config(kbuild ${arch})
	kvmsim_kernel_files(present ${arch})
	list(TRANSFORM present PREPEND "${KVMSIM_SOURCE}/" OUTPUT_VARIABLE kernel)
	kvmsim_verify_source(${arch} "${present}")

	set(shim "${PROJECT_SOURCE_DIR}/kernel-shim")
	file(GLOB own CONFIGURE_DEPENDS "${shim}/wrap/*.c" "${shim}/wrap/${arch}/*.c" "${shim}/core/*/*.c"
		"${shim}/arch/${arch}/*.c" "${shim}/checkers/*.c" "${shim}/checkers/${arch}/*.c"
		"${PROJECT_SOURCE_DIR}/models/${arch}/*.c" "${PROJECT_SOURCE_DIR}/models/common/*.c")
	list(FILTER own EXCLUDE REGEX "/overrides\\.c$")
	kvmsim_compat_sources(compat ${arch})
	list(APPEND own ${compat})
	file(GLOB host CONFIGURE_DEPENDS "${shim}/host/*.c")

	set(name kvm-${arch})
	add_library(${name}-kernel OBJECT ${kernel})
	add_library(${name}-shim OBJECT ${own})
	add_library(${name}-host OBJECT ${host})
	kvmsim_kernel_names("${kernel};${own}")
	kvmsim_directory_flags(${arch} ${kernel})
	foreach(part kernel shim)
		kvmsim_kernel_tu(${name}-${part} ${arch} "${kbuild}")
	endforeach()
	kvmsim_compat(${name}-kernel ${arch} FALSE)
	kvmsim_compat(${name}-shim ${arch} TRUE)
	# Lockdep reads its own data without its lock on purpose: see KCSAN_SANITIZE_lockdep in kernel/locking/Makefile.
	if(KVMSIM_SANITIZE MATCHES "thread")
		set_property(SOURCE "${shim}/wrap/lockdep.c" APPEND PROPERTY COMPILE_OPTIONS -fno-sanitize=thread)
		set_property(SOURCE "${KVMSIM_SOURCE}/mm/migrate.c" APPEND PROPERTY COMPILE_OPTIONS
			-include "${shim}/include/kshim/tsan_migrate.h")
		set_property(SOURCE "${KVMSIM_SOURCE}/arch/s390/mm/gmap.c" "${KVMSIM_SOURCE}/arch/s390/mm/pgalloc.c"
			"${KVMSIM_SOURCE}/arch/s390/mm/pgtable.c" "${shim}/arch/s390x/cpu.c" APPEND PROPERTY
			COMPILE_OPTIONS -include "${shim}/include/s390x/kshim/tsan_mm.h")
	endif()
	# KVM_S390_MEMOP_ABSOLUTE_CMPXCHG with a bad size or alignment uses `success` unset (docs/findings.md).
	if(KVMSIM_SANITIZE MATCHES "undefined")
		set_property(SOURCE "${KVMSIM_SOURCE}/arch/s390/kvm/kvm-s390.c" APPEND PROPERTY COMPILE_OPTIONS
			-fno-sanitize=bool)
	endif()
	target_compile_options(${name}-kernel PRIVATE ${KVMSIM_KERNEL_WARNINGS} ${KVMSIM_KERNEL_FILE_WARNINGS})
	target_compile_options(${name}-shim PRIVATE ${KVMSIM_OWN_WARNINGS})
	target_compile_definitions(${name}-shim PRIVATE ${KVMSIM_TRACK_DEFINITIONS})
	target_include_directories(${name}-shim PRIVATE "${PROJECT_SOURCE_DIR}/models/${arch}" "${PROJECT_SOURCE_DIR}/models")
	kvmsim_host_tu(${name}-host)
	set_target_properties(${name}-host PROPERTIES POSITION_INDEPENDENT_CODE ON)
	target_compile_options(${name}-host PRIVATE -ffunction-sections -fdata-sections)

	foreach(part kernel shim)
		set(objects "$<TARGET_OBJECTS:${name}-${part}>")
		file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/${name}/${part}.rsp" CONTENT "\"$<JOIN:${objects},\"\n\">\"\n")
	endforeach()
	kvmsim_add_uapi(${name}-uapi ${arch} "${kbuild}")
	set(exports kvmsim_machine)
	if(KVMSIM_COVERAGE)
		list(APPEND exports kvmsim_keep_counts)
	endif()
	kvmsim_link(${name} lib${name}.so "${exports}" ${name}-kernel ${name}-shim ${name}-uapi ${name}-host)
	set_target_properties(${name} PROPERTIES KVMSIM_ARCH ${arch} KVMSIM_KBUILD "${kbuild}")
	list(LENGTH kernel n)
	list(LENGTH own m)
	message(STATUS "Flavour ${arch}: ${n} kernel files, ${m} of the shim and the models")
endfunction()

# Adds sanitizers and coverage to a target of host code.
function(kvmsim_build_mode target)
	target_compile_options(${target} PRIVATE ${KVMSIM_PREFIX_MAP} ${KVMSIM_HOST_NAMES} ${KVMSIM_SANITIZE_FLAGS}
		${KVMSIM_COVERAGE_FLAGS})
	target_link_options(${target} PRIVATE ${KVMSIM_SANITIZE_LINK_FLAGS} ${KVMSIM_COVERAGE_FLAGS})
endfunction()

# Sets the options of host TUs for target.
function(kvmsim_host_tu target)
	kvmsim_build_mode(${target})
	target_compile_options(${target} PRIVATE ${KVMSIM_HOST_WARNINGS})
	target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/kernel-shim/include")
	target_compile_definitions(${target} PRIVATE ${KVMSIM_TRACK_DEFINITIONS}
		$<$<BOOL:${KVMSIM_COVERAGE}>:KVMSIM_COVERAGE>)
endfunction()

function(kvmsim_add_test_flavour name arch)
	get_target_property(kbuild kvm-${arch} KVMSIM_KBUILD)
	add_library(${name}-objects OBJECT ${ARGN})
	kvmsim_kernel_names("${ARGN}")
	kvmsim_kernel_tu(${name}-objects ${arch} "${kbuild}")
	kvmsim_compat(${name}-objects ${arch} TRUE)
	target_compile_options(${name}-objects PRIVATE ${KVMSIM_OWN_WARNINGS})
	target_compile_definitions(${name}-objects PRIVATE ${KVMSIM_TRACK_DEFINITIONS})
	target_include_directories(${name}-objects PRIVATE "${PROJECT_SOURCE_DIR}/models/${arch}"
		"${PROJECT_SOURCE_DIR}/models")
	kvmsim_link(${name} ${name}.so "kvmsim_machine;ktest_*;kshim_*;model_*;host_*" kvm-${arch}-kernel
		kvm-${arch}-shim kvm-${arch}-uapi kvm-${arch}-host ${name}-objects)
endfunction()
