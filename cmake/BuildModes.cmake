# SPDX-License-Identifier: GPL-2.0-only
# Sanitizers, Valgrind and coverage: the flags that KVMSIM_SANITIZE, KVMSIM_VALGRIND and KVMSIM_COVERAGE stand for.
#
# Sets KVMSIM_SANITIZE_{KERNEL_,LINK_,}FLAGS, KVMSIM_COVERAGE_{KERNEL_,}FLAGS and KVMSIM_TRACK_DEFINITIONS.
include(CheckIncludeFile)

set(KVMSIM_SANITIZE_FLAGS)
set(KVMSIM_SANITIZE_KERNEL_FLAGS)
set(KVMSIM_SANITIZE_LINK_FLAGS)
set(KVMSIM_TRACK_DEFINITIONS)
set(KVMSIM_COVERAGE_FLAGS)
set(KVMSIM_COVERAGE_KERNEL_FLAGS)

if(KVMSIM_SANITIZE)
	set(KVMSIM_SANITIZE_FLAGS -fsanitize=${KVMSIM_SANITIZE} -fno-omit-frame-pointer)
	set(KVMSIM_SANITIZE_LINK_FLAGS -fsanitize=${KVMSIM_SANITIZE})
	set(KVMSIM_SANITIZE_KERNEL_FLAGS ${KVMSIM_SANITIZE_FLAGS})
endif()
if(KVMSIM_SANITIZE MATCHES "undefined")
	list(APPEND KVMSIM_SANITIZE_FLAGS -fno-sanitize-recover=undefined)
	# The kernel does these on purpose: misaligned accesses, and pointers made from numbers. Its own UBSan leaves
	# them out too (scripts/Makefile.ubsan).
	list(APPEND KVMSIM_SANITIZE_KERNEL_FLAGS -fno-sanitize-recover=undefined
		-fno-sanitize=alignment,null,nonnull-attribute,returns-nonnull-attribute,object-size,pointer-overflow)
endif()
if(KVMSIM_SANITIZE MATCHES "thread")
	# READ_ONCE and WRITE_ONCE are volatile accesses; see kernel-shim/host/tsan.c. GCC does not model fences.
	list(APPEND KVMSIM_SANITIZE_KERNEL_FLAGS --param=tsan-distinguish-volatile=1 -Wno-tsan
		"SHELL:-include \"${PROJECT_SOURCE_DIR}/kernel-shim/include/kshim/tsan.h\"")
	list(APPEND KVMSIM_SANITIZE_FLAGS -Wno-tsan)
endif()
if(KVMSIM_VALGRIND AND NOT KVMSIM_SANITIZE)
	check_include_file(valgrind/memcheck.h KVMSIM_HAVE_VALGRIND_H)
	if(KVMSIM_HAVE_VALGRIND_H)
		set(KVMSIM_TRACK_DEFINITIONS KSHIM_VALGRIND)
	endif()
endif()
if(KVMSIM_COVERAGE)
	# Children run at the same time and add to one file.
	set(KVMSIM_COVERAGE_FLAGS --coverage -fprofile-update=atomic)
	# The library that counts also has a function of this name.
	set(KVMSIM_COVERAGE_KERNEL_FLAGS ${KVMSIM_COVERAGE_FLAGS} -Dmangle_path=kernel_mangle_path)
endif()
