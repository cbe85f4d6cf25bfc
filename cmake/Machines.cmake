# SPDX-License-Identifier: GPL-2.0-only
# Makes KVMSIM_MACHINES_LUA, a file of the scenario language, from the table kernel-shim/machines.

set(KVMSIM_MACHINES "${PROJECT_SOURCE_DIR}/kernel-shim/machines")
set(KVMSIM_MACHINES_LUA "${CMAKE_BINARY_DIR}/machines.lua")

# Sets out to the names in list, which is separated by commas or "-", as a table of Lua.
function(kvmsim_lua_names out list)
	string(REGEX REPLACE "^-$" "" list "${list}")
	string(REGEX REPLACE "[^,]+" "\"\\0\"" list "${list}")
	set(${out} "{ ${list} }" PARENT_SCOPE)
endfunction()

function(kvmsim_machines_lua)
	set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${KVMSIM_MACHINES}")
	file(STRINGS "${KVMSIM_MACHINES}" lines REGEX "^[a-z]")
	set(text "-- Made from kernel-shim/machines: what a scenario may ask of each architecture's machine.\n")
	string(APPEND text "local _, M = ...\nM.machines = {\n")
	foreach(line IN LISTS lines)
		if(NOT line MATCHES "^([a-z0-9_]+)[ \t]+([a-z0-9_,]+)[ \t]+(-|[a-z0-9_,]+)$")
			message(FATAL_ERROR "${KVMSIM_MACHINES}: not ARCH PERSONALITIES FACILITIES: ${line}")
		endif()
		set(arch "${CMAKE_MATCH_1}")
		set(facilities "${CMAKE_MATCH_3}")
		kvmsim_lua_names(personalities "${CMAKE_MATCH_2}")
		kvmsim_lua_names(facilities "${facilities}")
		string(APPEND text
			"\t{ arch = \"${arch}\", personalities = ${personalities}, facilities = ${facilities} },\n")
	endforeach()
	file(CONFIGURE OUTPUT "${KVMSIM_MACHINES_LUA}" CONTENT "${text}}\n" @ONLY)
endfunction()
kvmsim_machines_lua()
