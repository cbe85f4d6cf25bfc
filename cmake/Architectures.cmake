# SPDX-License-Identifier: GPL-2.0-only
# The facts about the architectures (kernel-shim/architectures).
#
# Sets KVMSIM_KNOWN_ARCHES, all of them, KVMSIM_ARCHES, the flavours to build, and for each architecture
# KVMSIM_KERNEL_ARCH_<arch>, KVMSIM_ENDIAN_<arch> and KVMSIM_CROSS_<arch>.
set(table "${PROJECT_SOURCE_DIR}/kernel-shim/architectures")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${table}")
file(STRINGS "${table}" lines REGEX "^[a-z]")
set(KVMSIM_KNOWN_ARCHES)
foreach(line IN LISTS lines)
	if(NOT line MATCHES "^([^ \t]+)[ \t]+([^ \t]+)[ \t]+(little|big)[ \t]+([^ \t]+)[ \t]+[^ \t]+$")
		message(FATAL_ERROR "${table}: not NAME KERNEL_NAME little|big PREFIX PACKAGE: ${line}")
	endif()
	list(APPEND KVMSIM_KNOWN_ARCHES ${CMAKE_MATCH_1})
	set(KVMSIM_KERNEL_ARCH_${CMAKE_MATCH_1} ${CMAKE_MATCH_2})
	set(KVMSIM_ENDIAN_${CMAKE_MATCH_1} ${CMAKE_MATCH_3})
	set(KVMSIM_CROSS_${CMAKE_MATCH_1} ${CMAKE_MATCH_4})
endforeach()
# The launcher adds an architecture when it is first asked for.
list(GET KVMSIM_KNOWN_ARCHES 0 first)
set(KVMSIM_ARCHES "${first}" CACHE STRING "Flavours to build: ${KVMSIM_KNOWN_ARCHES}")
foreach(arch IN LISTS KVMSIM_ARCHES)
	if(NOT arch IN_LIST KVMSIM_KNOWN_ARCHES)
		message(FATAL_ERROR "KVMSIM_ARCHES: no architecture ${arch}; there are: ${KVMSIM_KNOWN_ARCHES}")
	endif()
endforeach()
