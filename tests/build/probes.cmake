# SPDX-License-Identifier: GPL-2.0-only
# Prints what cmake/Probes.cmake finds out about a kernel tree, for probes.sh.
#
#   cmake -DPROJECT=DIR -DKBUILD=DIR -DTREE=DIR -DARCHES=LIST -P probes.cmake
#
# KBUILD has the list; what is generated is below the current directory. Each line is "form NAME FORM" or "compat ARCH
# DIRECTORY".
cmake_minimum_required(VERSION 3.25)
set(PROJECT_SOURCE_DIR "${PROJECT}")
set(KVMSIM_KBUILD_DIR "${KBUILD}")
set(KVMSIM_SOURCE "${TREE}")
set(KVMSIM_ARCHES "${ARCHES}")
include("${PROJECT}/cmake/Architectures.cmake")
include("${PROJECT}/cmake/Probes.cmake")
set(text "")
foreach(name IN LISTS KVMSIM_PROBES)
	string(APPEND text "form ${name} ${KVMSIM_FORM_${name}}\n")
endforeach()
foreach(arch IN LISTS KVMSIM_ARCHES)
	kvmsim_compat_dirs(dirs ${arch})
	foreach(dir IN LISTS dirs)
		cmake_path(RELATIVE_PATH dir BASE_DIRECTORY "${PROJECT}")
		string(APPEND text "compat ${arch} ${dir}\n")
	endforeach()
endforeach()
execute_process(COMMAND "${CMAKE_COMMAND}" -E echo_append "${text}")
