# SPDX-License-Identifier: BSD-3-Clause
#
# With the module that SWIG has made of parse.i. SWIG gives no pointers to Python's functions,
# so parse_count is called back, a function of C.
import parse_swig as c

runtime = c.libcgo_runtime()
assert c.libcgo_runtime_init(runtime, c.runtime_size, c.libcgo_ready_ops()) == 0
assert c.libcgo_init_begin(runtime.init) == 0 and c.libcgo_init_done(runtime.init) == 0
count = c.new_int()
for _ in range(3):
    assert c.parse_call(runtime, c.parse_count, count) == 0
print(c.get_int(count), c.LIBCGO_NO_GUARD, c.LIBCGO_FOR_EVER, c.LIBCGO_THREAD_POLL_OFFSET,
      c.LIBCGO_STACK_MIN, c.LIBCGO_STACK_OTHER, c.thread_size)
