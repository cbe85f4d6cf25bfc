# SPDX-License-Identifier: GPL-2.0-only
# Prints what cmake/Probes.cmake and cmake/KernelFiles.cmake find out about a kernel tree, for probes.sh.
#
#   cmake -DPROJECT=DIR -DKBUILD=DIR -DTREE=DIR -DARCHES=LIST [-DFILES=1 -DCACHE=DIR] -P probes.cmake
#
# KBUILD has the lists; what is generated is below the current directory. Each line is "form NAME FORM",
# "compat ARCH DIRECTORY" or, with FILES, "file ARCH PATH". The reference kernel is 9.9, unpacked in CACHE.
cmake_minimum_required(VERSION 3.25)
set(PROJECT_SOURCE_DIR "${PROJECT}")
set(KVMSIM_KBUILD_DIR "${KBUILD}")
set(KVMSIM_SOURCE "${TREE}")
set(KVMSIM_ARCHES "${ARCHES}")
set(KVMSIM_CACHE "${CACHE}")
set(KVMSIM_REFERENCE 9.9)
include("${PROJECT}/cmake/Architectures.cmake")
include("${PROJECT}/cmake/Probes.cmake")
include("${PROJECT}/cmake/KernelFiles.cmake")
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
	set(files "")
	if(FILES)
		kvmsim_kernel_files(files ${arch})
	endif()
	foreach(file IN LISTS files)
		string(APPEND text "file ${arch} ${file}\n")
	endforeach()
endforeach()
execute_process(COMMAND "${CMAKE_COMMAND}" -E echo_append "${text}")
