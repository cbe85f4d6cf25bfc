# SPDX-License-Identifier: GPL-2.0-only
# Checks of a flavour's sources and objects.
#
# kvmsim_checks(ARCH) adds for that flavour the tests instructions, overrides (if it has any), marks, fidelity, uapi and
# machines, and the targets fidelity-ARCH, which writes docs/fidelity-ARCH.md, known-bugs-ARCH and
# bench-fidelity-ARCH. Checks that are written for the reference kernel are left out for another one; checks of objects
# are left out where objects have more in them.
function(kvmsim_checks arch)
	get_target_property(work kvm-${arch} KVMSIM_WORK)
	get_target_property(flavour kvm-${arch} KVMSIM_OUTPUT)
	if(KVMSIM_SANITIZE OR KVMSIM_COVERAGE)
		set(plain OFF)
	else()
		set(plain ON)
	endif()

	if(plain)
		add_test(NAME instructions/${arch} COMMAND "${KVMSIM_KBUILD_DIR}/check-insns.sh" "${flavour}")
		if(EXISTS "${PROJECT_SOURCE_DIR}/kernel-shim/arch/${arch}/overrides.c")
			add_test(NAME overrides/${arch} COMMAND "${PROJECT_SOURCE_DIR}/kernel-shim/kcc/check-overrides.sh"
				"${work}/kernel.rsp" "${work}/shim.rsp")
		endif()
	endif()
	if(plain AND KVMSIM_SOURCE_IS_REFERENCE)
		add_test(NAME marks/${arch} COMMAND "${KVMSIM_KBUILD_DIR}/check-marks.sh" "${PROJECT_SOURCE_DIR}" "${work}"
			${arch})
		set(page fidelity-${arch}.md)
		set(fidelity "${KVMSIM_KBUILD_DIR}/fidelity.sh" "${PROJECT_SOURCE_DIR}" "${work}" ${arch} "${flavour}")
		add_test(NAME fidelity/${arch} COMMAND ${fidelity} --check "${PROJECT_SOURCE_DIR}/docs/${page}")
		add_custom_target(fidelity-${arch}
			COMMAND ${fidelity} > "${CMAKE_BINARY_DIR}/${page}"
			COMMAND "${CMAKE_COMMAND}" -E copy "${CMAKE_BINARY_DIR}/${page}" "${PROJECT_SOURCE_DIR}/docs/${page}"
			DEPENDS kvm-${arch}
			VERBATIM)
	endif()
	if(KVMSIM_SOURCE_IS_REFERENCE)
		add_test(NAME uapi/${arch} COMMAND "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/program/uapi.sh"
			"$<TARGET_FILE:kvmsim-bin>" ${arch} "${PROJECT_SOURCE_DIR}/kernel-shim/uapi/common.names"
			"${PROJECT_SOURCE_DIR}/kernel-shim/uapi/${arch}.names")
	endif()
	if(TARGET machines)
		add_test(NAME machines/${arch} COMMAND "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/program/machines.sh"
			"${PROJECT_SOURCE_DIR}" $<TARGET_FILE:machines> "${flavour}" ${arch})
	endif()
	# Known bugs, put back one at a time into a tree of links, and optimisations taken away likewise. This takes
	# minutes, so they are not among the tests.
	if(plain)
		add_custom_target(known-bugs-${arch}
			COMMAND "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/known-bugs/run.sh" "${CMAKE_BINARY_DIR}" "${KVMSIM_SOURCE}"
				${arch}
			DEPENDS kvm-${arch} kvmsim-bin
			USES_TERMINAL
			VERBATIM)
		add_custom_target(bench-fidelity-${arch}
			COMMAND "${PROJECT_SOURCE_DIR}/bench/fidelity/run.sh" "${CMAKE_BINARY_DIR}" "${KVMSIM_SOURCE}" ${arch}
			DEPENDS kvm-${arch} kvmsim-bin
			USES_TERMINAL
			VERBATIM)
	endif()
endfunction()
