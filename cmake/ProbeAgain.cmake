# SPDX-License-Identifier: GPL-2.0-only
# Finds the forms of a kernel tree's interfaces again (Probes.cmake), and writes which files that depends on. Run in the
# build directory:
#
#   cmake -DPROJECT_SOURCE_DIR=DIR -DKVMSIM_KBUILD_DIR=DIR -DKVMSIM_SOURCE=DIR -DKVMSIM_ARCHES=LIST -P ProbeAgain.cmake
cmake_minimum_required(VERSION 3.25)
include("${PROJECT_SOURCE_DIR}/cmake/Architectures.cmake")
include("${PROJECT_SOURCE_DIR}/cmake/Probes.cmake")
get_property(files GLOBAL PROPERTY KVMSIM_PROBED)
list(REMOVE_DUPLICATES files)
list(TRANSFORM files REPLACE " " "\\\\ ")
list(JOIN files " " files)
file(WRITE "${KVMSIM_PROBES_DIR}/answers.d" "${KVMSIM_PROBES_DIR}/answers: ${files}\n")
