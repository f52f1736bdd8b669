// SPDX-License-Identifier: BSD-3-Clause
//
// A runtime of one file: threads that Zig has started call back into it. The records are
// filled by libcgo's init functions, because Zig cannot use the macros of C.
//
//     zig build-exe callback.zig -lc $(pkg-config --cflags --libs libcgo)
//
// This is for Zig 0.14. Later versions have no @cImport: let `zig translate-c` translate
// the header, and write @import("c") in its place. tests/object/zig.sh does that.
const c = @cImport(@cInclude("libcgo.h"));
const std = @import("std");

const Thread = c.struct_libcgo_thread;
const Runtime = c.struct_libcgo_runtime;

// ---- the hooks ----

threadlocal var self: [*c]Thread = null;
var attached = std.atomic.Value(usize).init(0);

fn enter(thread: [*c]Thread) callconv(.c) void {
    self = thread;
}
fn leave(thread: [*c]Thread) callconv(.c) void {
    _ = thread;
    self = null;
}
fn acquire(_: [*c]Runtime) callconv(.c) [*c]Thread {
    const thread: [*c]Thread = @ptrCast(@alignCast(std.c.malloc(@sizeOf(Thread)) orelse return null));
    if (c.libcgo_thread_init(thread, @sizeOf(Thread)) != 0) return null;
    _ = attached.fetchAdd(1, .seq_cst);
    return thread;
}
fn release(thread: [*c]Thread) callconv(.c) void {
    std.c.free(@ptrCast(thread));
    _ = attached.fetchSub(1, .seq_cst);
}
fn current(_: [*c]const Runtime) callconv(.c) [*c]Thread {
    return self;
}

var ops: c.struct_libcgo_ops = undefined;
var runtime: Runtime = undefined;
var small: c.struct_libcgo_stack = undefined;

// ---- to the runtime, and to C again ----

const Call = struct { word: usize, kind: c_int = -1, result: usize = 0 };

/// C, on the system stack.
fn onSystem(arg: ?*anyopaque) callconv(.c) usize {
    const call: *Call = @ptrCast(@alignCast(arg));
    var bounds: c.struct_libcgo_bounds = undefined;
    if (c.libcgo_stack_bounds(self, &bounds) == 0) call.kind = bounds.kind;
    return call.word + 1;
}
/// The runtime's code, on the small stack.
fn onSmall(arg: ?*anyopaque) callconv(.c) usize {
    return 2 * c.libcgo_call_on_system(self, &onSystem, arg);
}
fn calledBack(thread: [*c]Thread, arg: ?*anyopaque) callconv(.c) void {
    const call: *Call = @ptrCast(@alignCast(arg));
    call.result = c.libcgo_call_on_stack(thread, &small, &onSmall, arg);
}

fn foreign(number: usize, sum: *usize) void {
    for (0..1000) |i| {
        var call = Call{ .word = number + i };
        if (c.libcgo_callback(&runtime, &calledBack, &call) != 0) return;
        if (call.kind != c.LIBCGO_STACK_SYSTEM) return;
        sum.* += call.result;
    }
}

pub fn main() u8 {
    if (c.libcgo_ops_init(&ops, @sizeOf(c.struct_libcgo_ops)) != 0) return 1;
    ops.enter = &enter;
    ops.leave = &leave;
    ops.acquire = &acquire;
    ops.release = &release;
    ops.current = &current;
    if (c.libcgo_runtime_init(&runtime, @sizeOf(Runtime), &ops) != 0) return 1;
    if (c.libcgo_init_begin(&runtime.init) != 0) return 1;
    if (c.libcgo_stack_map(&small, 64 << 10) != 0) return 1;
    if (c.libcgo_init_done(&runtime.init) != 0) return 1;

    var sum: usize = 0;
    for (0..4) |number| { // one after another: there is one small stack
        const thread = std.Thread.spawn(.{}, foreign, .{ number, &sum }) catch return 1;
        thread.join();
    }
    const ready: bool = c.LIBCGO_NO_GUARD == std.math.maxInt(usize);
    std.debug.print("{d} {d} {}\n", .{ sum, attached.load(.seq_cst), ready });
    return 0;
}
