# SPDX-License-Identifier: GPL-2.0-only
# Prints what cmake/KernelSource.cmake makes of a tarball, for kernel-source.sh: version, reference or not, patches.
#
#   cmake -DPROJECT=DIR -DKVMSIM_TARBALL=FILE -DKVMSIM_ARCHES=LIST -P kernel-source.cmake
cmake_minimum_required(VERSION 3.25)
set(PROJECT_SOURCE_DIR "${PROJECT}")
include("${PROJECT}/cmake/KernelSource.cmake")
execute_process(COMMAND "${CMAKE_COMMAND}" -E echo
	"${KVMSIM_PACKAGE_VERSION} ${KVMSIM_SOURCE_IS_REFERENCE} ${KVMSIM_PATCHES}")
