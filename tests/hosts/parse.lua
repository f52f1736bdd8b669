-- SPDX-License-Identifier: BSD-3-Clause
--
-- parse.lua DECLARATIONS LIBCGO PARSE, with LuaJIT. Lua must not be called by a thread of C:
-- C functions are called back on the thread itself, Lua's by way of a mailbox.
local ffi = require 'ffi'
local declarations, cgo, parse = ...
-- LuaJIT has no constants of C with more than 32 bits: they are 0xffffffffffffffffULL in Lua.
ffi.cdef((io.open(declarations):read '*a':gsub('[^\n]*0xffffffffffffffffu;', '')))
local lib, helper = ffi.load(cgo), ffi.load(parse)

local runtime = ffi.new 'struct libcgo_runtime'
assert(lib.libcgo_runtime_init(runtime, ffi.sizeof(runtime), lib.libcgo_ready_ops()) == 0)
assert(lib.libcgo_init_begin(runtime.init) == 0 and lib.libcgo_init_done(runtime.init) == 0)

local count = ffi.new 'int[1]'
for _ = 1, 2 do
  assert(helper.parse_call(runtime, helper.parse_count, count) == 0)
end

local box = ffi.new 'struct libcgo_mailbox'
assert(lib.libcgo_mailbox_init(box, ffi.sizeof(box)) == 0 and lib.libcgo_mailbox_open(box, 8) == 0)
local called = ffi.cast('libcgo_mailbox_fn', function(arg)
  local n = ffi.cast('int *', arg)
  n[0] = n[0] + 1
end)
-- A C function that calls Lua must not be called by compiled code.
jit.off()
assert(helper.parse_post(runtime, box, called, count) == 0)
assert(lib.libcgo_mailbox_wait(box, 0xffffffffffffffffULL) == 0)
assert(lib.libcgo_mailbox_serve(box, 1) == 1)
assert(helper.parse_post_end() == 0 and lib.libcgo_mailbox_end(box) == 0)
print(count[0], '-', '-', tonumber(lib.LIBCGO_THREAD_POLL_OFFSET), tonumber(lib.LIBCGO_STACK_MIN),
  tonumber(lib.LIBCGO_STACK_OTHER), ffi.sizeof 'struct libcgo_thread')
