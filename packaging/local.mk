# SPDX-License-Identifier: BSD-3-Clause
#
# Beyond Debian: CMake's package files, which are installed; and what other
# distributions and build systems take from the tarball.
cmakedir = $(libdir)/cmake/libcgo
nodist_cmake_DATA = packaging/libcgo-config.cmake packaging/libcgo-config-version.cmake
EXTRA_DIST += abi/libcgo.so.0.abi packaging/APKBUILD packaging/libcgo.spec packaging/libcgo.wrap.in \
	packaging/meson/meson.build packaging/consumers/program.c \
	packaging/consumers/cmake/CMakeLists.txt packaging/consumers/meson/meson.build \
	scripts/consumers.sh
