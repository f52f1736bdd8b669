# SPDX-License-Identifier: BSD-3-Clause
#
# Nothing to build or to distribute: the Debian packaging is kept in version
# control only. A release has no debian/ but this file, which automake
# distributes because Makefile.am includes it; a source package of format
# 3.0 (quilt) brings its own debian/ in any case.
