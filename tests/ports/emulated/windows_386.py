#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
windows_386.py LIBRARY [CASE]

Runs libcgo-0.dll for 386, as it was linked, on an emulated CPU, with a model of the
system's functions that it imports. The runtime and its hooks are in Python.
"""

import sys

from machine import PAGE, Crash, Machine, Tap, same
from pe import Image

LIBRARY = sys.argv[1]
FREE, RESERVED, COMMITTED = 0x10000, 0x2000, 0x1000
NOACCESS, READWRITE, GUARD = 1, 4, 0x100
BASE, LIMIT, SELF, DEALLOCATION, SLOTS = 4, 8, 0x18, 0xe0c, 0xe10
EPERM, ESRCH, EALREADY, ENOTSUP, ESTALE = 1, 3, 103, 129, 10070
KEPT = ['ebx', 'esi', 'edi', 'ebp']
tap = Tap()


class Windows:
    """The functions that the library imports. Memory is a list of allocations, each
    a list of pages with their state; the emulated CPU may use all of it."""

    def __init__(self):
        self.m = Machine('386', segment='fs', stack_alignment=4)
        self.memory = {}  # start: [(state, protection) of each page]
        self.indexes = set()
        self.fiber_index = None
        self.fiber_values = {}
        self.names = {}
        self.image = Image(self.m, LIBRARY, self.bind)
        self.initial = self.thread()
        self.m.switch_to(self.initial)

    def bind(self, name):
        if name not in self.names:
            body = getattr(self, 'c_' + name, None)
            if body is not None:  # cdecl
                self.names[name] = self.m.add_import(
                    name, lambda m, *a: body(*a), body.__code__.co_argcount - 1)
            else:
                self.names[name] = self.standard(name)
        return self.names[name]

    def standard(self, name):
        """A function that takes its arguments off the stack."""
        body = getattr(self, name, None)
        if body is None:
            def missing(m):
                raise Crash('%s is not modelled' % name)
            return self.m.add_import(name, missing)
        count = body.__code__.co_argcount - 1

        def call(m, *arguments):
            result = body(*arguments)
            if isinstance(result, tuple):  # 64 bits
                m.set('edx', result[1])
                result = result[0]
            m.return_from(result)
            m.sp = m.sp + 4 * count
        return self.m.add_import(name, call, count)

    # ---- threads ----

    def thread(self, pages=64):
        t = self.m.new_thread(pages * PAGE)
        low = t.stack_lo
        # The lowest page is never had; the lower half is not committed.
        self.memory[low] = [(RESERVED, 0)] * (pages // 2 - 1) + \
            [(COMMITTED, READWRITE | GUARD)] + \
            [(COMMITTED, READWRITE)] * (pages // 2)
        block = t.block = self.m.map_new(PAGE)
        for place, value in ((0, 0xffffffff), (BASE, t.stack_hi),
                             (LIMIT, low + pages // 2 * PAGE), (SELF, block),
                             (DEALLOCATION, low)):
            self.m.write_word(block + place, value)
        t.segment = block
        self.fiber_values[t] = 0
        t.at_end = lambda: self.thread_ends(t)
        t.closing = None
        return t

    def thread_ends(self, t):
        """True while functions at its end are to be called, one at a time."""
        if not getattr(t, 'ends', False):
            return False
        if t.closing is None:
            t.closing = []
            if self.fiber_index is not None and self.fiber_values[t]:
                t.closing.append((self.fiber_index, [self.fiber_values[t]]))
            for notice in self.image.notices():
                if notice == self.image_notice:
                    t.closing.append((notice, [self.image.base, 3, 0]))
        if not t.closing:
            return False
        function, arguments = t.closing.pop(0)
        self.m.prepare_call(function, arguments)
        return True

    @property
    def image_notice(self):
        return self.image.notices()[0]  # the library's: its section is the first

    def CreateThread(self, security, stack_size, function, argument, flags, number):
        t = self.thread(max(stack_size // PAGE, 64))
        t.ends = True
        self.m.start(t, function, argument)
        return 0x1000 + t.number

    def CloseHandle(self, handle): return 1
    def GetLastError(self): return 0
    def GetCurrentProcessId(self): return 400
    def Sleep(self, ms): return 0
    def IsThreadAFiber(self): return 0
    def GetTickCount64(self): return (1, 0)

    def QueryPerformanceCounter(self, at):
        self.m.write(at, (12345678).to_bytes(8, 'little'))
        return 1

    def QueryPerformanceFrequency(self, at):
        self.m.write(at, (10000000).to_bytes(8, 'little'))
        return 1

    # ---- memory ----

    def find(self, address):
        for start, pages in self.memory.items():
            if start <= address < start + len(pages) * PAGE:
                return start, pages, (address - start) // PAGE
        return None

    def GetSystemInfo(self, info):
        self.m.write_word(info + 4, PAGE)

    def VirtualAlloc(self, address, size, kind, protection):
        if address == 0:
            pages = (size + PAGE - 1) // PAGE
            at = self.m.map_new(pages * PAGE)
            self.memory[at] = [(COMMITTED, protection)] * pages
            return at
        start, pages, i = self.find(address)
        for k in range(i, i + (size + PAGE - 1) // PAGE):
            pages[k] = (COMMITTED, protection)
        return address

    def VirtualFree(self, address, size, kind):
        pages = self.memory.pop(address)
        self.m.unmap(address, len(pages) * PAGE)
        return 1

    def VirtualProtect(self, address, size, protection, before):
        start, pages, i = self.find(address)
        for k in range(i, i + (size + PAGE - 1) // PAGE):
            pages[k] = (COMMITTED, protection)
        return 1

    def VirtualQuery(self, address, region, size):
        found = self.find(address)
        if found is None:
            self.m.write(region, b''.join(self.m.to_bytes(w) for w in (
                address & ~(PAGE - 1), 0, 0, PAGE, FREE, NOACCESS, 0)))
            return 28
        start, pages, i = found
        n = 1
        while i + n < len(pages) and pages[i + n] == pages[i]:
            n += 1
        self.m.write(region, b''.join(self.m.to_bytes(w) for w in (
            start + i * PAGE, start, READWRITE, n * PAGE, pages[i][0], pages[i][1],
            0x20000)))
        return 28

    # ---- indexes ----

    def TlsAlloc(self):
        index = next(i for i in range(64) if i not in self.indexes)
        self.indexes.add(index)
        for t in self.m.threads:
            self.m.write_word(t.block + SLOTS + 4 * index, 0)
        return index

    def TlsFree(self, index):
        self.indexes.discard(index)
        return 1

    def TlsGetValue(self, index):
        return self.m.read_word(self.m.thread.block + SLOTS + 4 * index)

    def TlsSetValue(self, index, value):
        self.m.write_word(self.m.thread.block + SLOTS + 4 * index, value)
        return 1

    def FlsAlloc(self, function):
        self.fiber_index = function
        return 1

    def FlsSetValue(self, index, value):
        self.fiber_values[self.m.thread] = value
        return 1

    # ---- modules ----

    def GetModuleHandleA(self, name): return 0 if name else self.image.base

    def GetModuleHandleExA(self, flags, address, result):
        self.m.write_word(result, self.image.base)
        return 1

    def GetProcAddress(self, module, name): return 0

    # ---- C ----

    def c_malloc(self, size): return self.m.allocate(size)
    def c_calloc(self, n, size): return self.m.allocate(n * size)
    def c_free(self, at): return 0

    def c__errno(self):
        if not hasattr(self, 'errno'):
            self.errno = self.m.allocate(4)
        return self.errno

    def c_memset(self, at, byte, size):
        self.m.write(at, bytes([byte & 255]) * size)
        return at

    def c_abort(self): raise Crash('abort()')


class Process(Windows):
    """A runtime, whose hooks are in Python."""

    def __init__(self):
        super().__init__()
        m = self.m
        self.events = []
        self.current = {}
        hooks = [self.function(f) for f in (self.enter, self.leave, self.acquire,
                                            self.release, self.get_current)]
        self.ops = self.record(64, hooks)
        self.runtime = self.record(116, [self.ops])
        m.write(self.runtime + 12, (32).to_bytes(4, 'little') + bytes(28))
        same(self.call('libcgo_init_begin', self.runtime + 12), 0)
        same(self.call('libcgo_init_done', self.runtime + 12), 0)

    def record(self, size, words=()):
        at = self.m.allocate(size)
        self.m.write(at, bytes(size))
        for i, word in enumerate((size, 1) + tuple(words)):
            self.m.write_word(at + 4 * i, word)
        return at

    def function(self, body):
        return self.m.add_import(body.__name__, lambda m, *a: body(*a),
                                 body.__code__.co_argcount -
                                 (1 if hasattr(body, '__self__') else 0))

    def enter(self, thread):
        self.events.append('enter')
        self.current[self.m.thread] = thread
        return 0

    def leave(self, thread):
        self.events.append('leave')
        same(self.current.pop(self.m.thread), thread)
        return 0

    def acquire(self, runtime):
        self.events.append('acquire')
        return self.record(204)

    def release(self, thread):
        self.events.append('release')
        return 0

    def get_current(self, runtime): return self.current.get(self.m.thread, 0)

    def call(self, name, *arguments, thread=None):
        return self.m.call(thread or self.initial, self.image.exports[name],
                           *arguments)

    def stack(self, bytes_=65536):
        at = self.record(32)
        same(self.call('libcgo_stack_map', at, bytes_), 0)
        return at, self.m.read_word(at + 8), self.m.read_word(at + 12)

    def bounds(self, thread=None):
        block = (thread or self.m.thread).block
        return self.m.read_word(block + BASE), self.m.read_word(block + LIMIT)

    def attached(self):
        at = self.m.allocate(4)
        same(self.call('libcgo_attach', self.runtime, at), 0)
        return self.m.read_word(at)


@tap.case
def the_library_needs_the_system_and_the_c_library_only():
    same(sorted(Process().image.libraries), ['KERNEL32.dll', 'msvcrt.dll'])


@tap.case
def a_crossing_keeps_every_callee_saved_register():
    p = Process()

    def change():
        for i, name in enumerate(KEPT + ['ecx', 'edx']):
            p.m.set(name, 0xbad0000 + i)
        return 77
    p.m.switch_to(p.initial)
    p.m.prepare_call(p.image.exports['libcgo_crosscall'], [p.function(change), 1, 2])
    for i, name in enumerate(KEPT):
        p.m.set(name, 0x11111111 * (i + 1))
    p.m.run(p.initial)
    same(p.initial.result, 77)
    for i, name in enumerate(KEPT):
        same(p.m.get(name), 0x11111111 * (i + 1), name)


@tap.case
def a_crossing_aligns_the_stack_and_passes_arguments_on_it():
    p = Process()
    seen = []

    def note(arg, size): seen.append(((p.m.sp + 4) % 16, arg, size))
    p.call('crosscall2', p.function(note), 1234, -3)
    same(seen, [(0, 1234, 0xfffffffd)])


@tap.case
def a_thread_of_others_calls_back_and_leaves_at_its_end():
    p = Process()
    seen = []

    def body(thread, arg): seen.append(arg)
    t = p.thread()
    t.ends = True
    p.call('libcgo_callback', p.runtime, p.function(body), 5, thread=t)
    same(seen, [5])
    same(p.events, ['acquire', 'enter', 'leave', 'release'])


@tap.case
def a_thread_of_the_runtime_runs_fn_and_leaves_at_its_end():
    p = Process()
    seen = []

    def body(thread, arg): seen.append((thread, arg, (p.m.sp + 4) % 16))
    record = p.record(204)
    same(p.call('libcgo_thread_create', p.runtime, record, 0, p.function(body), 9, 0), 0)
    same(seen, [(record, 9, 0)])
    same(p.events, ['enter', 'leave'])


@tap.case
def a_call_on_a_stack_above_and_back_has_both_stacks_in_the_thread_block():
    p = Process()
    thread = p.attached()
    stack, lo, hi = p.stack()
    before = p.bounds(p.initial)
    seen = {}

    def on_system(arg):
        seen['system'] = p.m.sp
        seen['aligned'] = (p.m.sp + 4) % 16
        return arg + 1

    def on_small(arg):
        seen['small'] = p.m.sp
        seen['bounds'] = p.bounds()
        seen['small aligned'] = (p.m.sp + 4) % 16
        p.m.call_within(p.image.exports['libcgo_call_on_system'],
                        [thread, p.function(on_system), arg])
    same(p.call('libcgo_call_on_stack', thread, stack, p.function(on_small), 40), 41)
    assert lo < seen['small'] < hi
    assert p.initial.stack_lo < seen['system'] < p.initial.stack_hi
    same(seen['aligned'], 0)
    same(seen['small aligned'], 0)
    base, limit = seen['bounds']
    assert base >= hi and limit <= p.initial.stack_lo + 64 * PAGE, seen
    same(p.bounds(p.initial), before)


@tap.case
def registers_are_kept_by_a_call_on_a_stack():
    p = Process()
    thread = p.attached()
    stack, lo, hi = p.stack()

    def six(arg): return 6
    p.m.prepare_call(p.image.exports['libcgo_call_on_stack'],
                     [thread, stack, p.function(six), 0])
    for i, name in enumerate(KEPT):
        p.m.set(name, 0x22222222 * (i + 1))
    p.m.run(p.initial)
    same(p.initial.result, 6)
    for i, name in enumerate(KEPT):
        same(p.m.get(name), 0x22222222 * (i + 1), name)


@tap.case
def for_a_stack_below_the_threads_own_is_committed():
    p = Process()
    stack, lo, hi = p.stack()
    t = p.thread()  # above
    thread = p.m.allocate(4)
    same(p.call('libcgo_attach', p.runtime, thread, thread=t), 0)
    thread = p.m.read_word(thread)
    seen = []

    def look(arg):
        seen.append((p.bounds()[1], [s for s, _ in p.memory[t.stack_lo]]))
        return 0
    p.call('libcgo_call_on_stack', thread, stack, p.function(look), 0, thread=t)
    limit, states = seen[0]
    same(limit, lo)
    same(states.count(RESERVED), 1)
    same(p.bounds(t), (t.stack_hi, t.stack_lo + 2 * PAGE))


@tap.case
def bounds_are_those_of_the_threads_own_stack():
    p = Process()
    at = p.m.allocate(12)
    same(p.call('libcgo_stack_bounds', 0, at), 0)
    same(p.m.read_word(at), p.initial.stack_lo + 2 * PAGE)
    same(p.m.read_word(at + 4), p.initial.stack_hi)


@tap.case
def a_pair_of_slots_is_at_one_offset_of_every_thread_block():
    p = Process()
    slots = p.record(36)
    offset = p.m.allocate(4)
    p.call('libcgo_slots_defined', slots, 0)
    same(p.call('libcgo_slots_claim', p.runtime, offset), 0)
    offset = p.m.read_word(offset)
    assert SLOTS <= offset < SLOTS + 63 * 4, offset
    index = (offset - SLOTS) // 4
    assert {index, index + 1} <= p.indexes
    same(p.call('libcgo_slots_at', offset), p.initial.block + offset)
    other = p.thread()
    same(p.call('libcgo_slots_at', offset, thread=other), other.block + offset)


@tap.case
def handles_come_and_go():
    p = Process()
    size = 8 + (13 + 8 + 5 + 3) * 4
    table = p.record(size)
    p.m.write_word(table + 4, 0)
    at = p.m.allocate(4)
    same(p.call('libcgo_handle_new', table, 0x1234, at), 0)
    handle = p.m.read_word(at)
    same(p.call('libcgo_handle_get', table, handle), 0x1234)
    same(p.call('libcgo_handle_free', table, handle), 0)
    same(p.call('libcgo_handle_get', table, handle), 0)
    same(p.call('libcgo_handle_free', table, handle), ESTALE)


if __name__ == '__main__':
    sys.exit(1 if tap.run(only=sys.argv[2] if len(sys.argv) > 2 else None) else 0)
