# SPDX-License-Identifier: BSD-3-Clause
#
# parse-cffi.py abi|api DECLARATIONS LIBCGO PARSE [CPPFLAGS]: the first two are files with C
# declarations, for cffi; then the paths of the libraries.
import os
import sys

import cffi

mode, declarations, cgo, parse, *flags = sys.argv[1:]
ffi = cffi.FFI()
ffi.cdef(open(declarations).read())
if mode == 'abi':
    lib, helper = ffi.dlopen(cgo), ffi.dlopen(parse)
else:
    directory = os.path.dirname(parse)
    ffi.set_source('_parse_api', '#include <libcgo.h>\n#include "parse.h"\n',
                   include_dirs=[flag[2:] for flag in flags],
                   extra_link_args=[parse, cgo, '-Wl,-rpath,' + directory,
                                    '-Wl,-rpath,' + os.path.dirname(cgo)])
    ffi.compile(tmpdir=directory)
    sys.path.insert(0, directory)
    import _parse_api
    ffi, lib = _parse_api.ffi, _parse_api.lib
    helper = lib

runtime = ffi.new('struct libcgo_runtime *')
assert lib.libcgo_runtime_init(runtime, ffi.sizeof(runtime[0]), lib.libcgo_ready_ops()) == 0
assert lib.libcgo_init_begin(ffi.addressof(runtime, 'init')) == 0
assert lib.libcgo_init_done(ffi.addressof(runtime, 'init')) == 0

calls = 0


@ffi.callback('void (struct libcgo_thread *, void *)')
def called(thread, arg):
    global calls
    assert thread.runtime == runtime and ffi.from_handle(arg) is runtime
    calls += 1


own = ffi.new_handle(runtime)
for _ in range(3):
    assert helper.parse_call(runtime, called, own) == 0
print(calls, lib.LIBCGO_NO_GUARD, lib.LIBCGO_FOR_EVER, lib.LIBCGO_THREAD_POLL_OFFSET,
      lib.LIBCGO_STACK_MIN, lib.LIBCGO_STACK_OTHER, ffi.sizeof('struct libcgo_thread'))
