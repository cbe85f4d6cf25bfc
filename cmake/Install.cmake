# SPDX-License-Identifier: GPL-2.0-only
# What cmake --install and cpack put on a machine: the project's files below share/kvmsim, the launcher, a manual page and
# a completion for bash. The launcher builds flavours in the user's cache when they are first asked for, as in a clone,
# so the package is the same for every architecture and kernel.
include(GNUInstallDirs)

set(share "${CMAKE_INSTALL_DATADIR}/kvmsim")
install(DIRECTORY bench cmake docs kernel-shim models sim tests DESTINATION "${share}" USE_SOURCE_PERMISSIONS)
install(FILES CMakeLists.txt CMakePresets.json LICENSE README.md DESTINATION "${share}")
install(PROGRAMS kvmsim DESTINATION "${share}")
# Tells the launcher that builds go to the cache.
file(WRITE "${CMAKE_BINARY_DIR}/install/.installed" "")
file(CREATE_LINK "../${share}/kvmsim" "${CMAKE_BINARY_DIR}/install/kvmsim" SYMBOLIC)
install(FILES "${CMAKE_BINARY_DIR}/install/.installed" DESTINATION "${share}")
install(FILES "${CMAKE_BINARY_DIR}/install/kvmsim" DESTINATION "${CMAKE_INSTALL_BINDIR}")
install(FILES docs/kvmsim.1 DESTINATION "${CMAKE_INSTALL_MANDIR}/man1")
install(FILES sim/completion.bash DESTINATION "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" RENAME kvmsim)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME kvmsim)
set(CPACK_PACKAGE_CONTACT "the kvmsim maintainers")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "runs the memory code of Linux's KVM in a process")
set(CPACK_PACKAGE_DESCRIPTION "kvmsim compiles the KVM and mm code of a kernel tree, unmodified, into a user-mode simulator,
and tests it with scenarios within seconds.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION devel)
# What missing_packages() of the launcher looks for.
set(CPACK_DEBIAN_PACKAGE_DEPENDS "gcc, libc6-dev, cmake (>= 3.25), ninja-build, pkg-config, make, flex, bison, bc, xz-utils, patch, valgrind, liblua5.4-dev, liburcu-dev, libdw-dev, libelf-dev, libedit-dev, libcjson-dev, check")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ccache, lld, linux-source, gcc-s390x-linux-gnu, gcc-aarch64-linux-gnu, git")
include(CPack)
