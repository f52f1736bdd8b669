# SPDX-License-Identifier: BSD-3-Clause
require 'mkmf'

abort 'libcgo is missing (Debian: libcgo-dev)' unless pkg_config('libcgo')
$CFLAGS << ' -std=gnu11'
create_makefile 'asker'
