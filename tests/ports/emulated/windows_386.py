#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
windows_386.py LIBRARY [CASE]

Runs libcgo-0.dll for 386, as it was linked, on an emulated CPU, with a model of the
system's functions that it imports. The runtime and its hooks are in Python.
"""

import sys

import unicorn

from machine import PAGE, Crash, Machine, Tap, same
from pe import Image
from unwind import by_dwarf, frame_descriptions

LIBRARY = sys.argv[1]
FREE, RESERVED, COMMITTED = 0x10000, 0x2000, 0x1000
NOACCESS, READWRITE, GUARD = 1, 4, 0x100
LIST, BASE, LIMIT, SELF, DEALLOCATION, SLOTS = 0, 4, 8, 0x18, 0xe0c, 0xe10
NOWHERE = 0xffffffff  # the end of a list of handlers
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
        self.last_handler = self.m.door()  # the system's own, in each thread's list
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
        entry = t.stack_hi - 16
        self.m.write_word(entry, NOWHERE)
        self.m.write_word(entry + 4, self.last_handler)
        for place, value in ((LIST, entry), (BASE, t.stack_hi),
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
    def SetLastError(self, error): return 0
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

    def GetCurrentProcess(self): return NOWHERE

    def ReadProcessMemory(self, process, at, to, size, copied):
        try:
            data = self.m.read(at, size)
        except unicorn.UcError:
            return 0
        self.m.write(to, data)
        self.m.write_word(copied, size)
        return 1

    # ---- exceptions ----

    filter_result = 0
    filtered = None  # what the filter was called with

    def UnhandledExceptionFilter(self, both):
        self.filtered = (self.filtered or []) + [(self.m.read_word(both),
                                                  self.m.read_word(both + 4))]
        return self.filter_result

    def TerminateProcess(self, process, code):
        raise Crash('the process ends with %#x' % code)

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

    def attached(self, thread=None):
        at = self.m.allocate(4)
        same(self.call('libcgo_attach', self.runtime, at, thread=thread), 0)
        return self.m.read_word(at)

    def context(self, stack=None, fn=None):
        """A context's record; or a new context, whose fn is Python's."""
        at = self.record(8 + 22 * 4)
        if fn is not None:
            same(self.call('libcgo_context_make', at, stack, self.function(fn), 5), 0)
        return at

    def switch(self, thread, own, to, word=0, then=None):
        """For functions of contexts: the last that they do, or the last but `then`."""
        self.m.call_within(self.image.exports['libcgo_switch'],
                           [thread, own, to, word], then and (lambda m, r: then(r)))

    def list(self, thread=None):
        """The entries of a thread's list of handlers: (address, handler)."""
        at = self.m.read_word((thread or self.m.thread).block + LIST)
        found = []
        while at != NOWHERE:
            if len(found) > 9 or not any(lo <= at < hi for lo, hi, _ in self.m.mapped):
                raise Crash('the list of handlers goes on at %#x' % at)
            found.append((at, self.m.read_word(at + 4)))
            at = self.m.read_word(at)
        return found

    def registers(self):
        return {name: self.m.get(name) for name in KEPT + ['esp', 'eax', 'ecx', 'edx']}


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


# ---- contexts ----

def there_and_back(p, thread, stack, task=None, on=None, word=7):
    """Two switches: to a new context, and back. Returns what the second one passed."""
    own = p.context()

    def fn(arg, got):
        if task is not None:
            task(arg, got)
        p.switch(thread, new, own, got + 1)
    new = p.context(stack, fn)
    return p.call('libcgo_switch', thread, own, new, word, thread=on)


def stacks_around(p):
    """A thread between two stacks: (thread, record, below, above)."""
    below = p.stack()
    t = p.thread()
    above = p.stack()
    return t, p.attached(t), below, above


@tap.case
def a_new_context_has_its_word_and_an_aligned_stack():
    p = Process()
    thread = p.attached()
    stack, lo, hi = p.stack()
    seen = []

    def task(arg, word): seen.append((arg, word, (p.m.sp + 4) % 16, lo < p.m.sp < hi))
    same(there_and_back(p, thread, stack, task), 8)
    same(seen, [(5, 7, 0, True)])


@tap.case
def both_sides_of_a_switch_keep_every_callee_saved_register():
    p = Process()
    thread = p.attached()
    own = p.context()
    seen = []

    def change(factor):
        for i, name in enumerate(KEPT):
            p.m.set(name, factor * (i + 1))

    def fn(arg, word):
        change(0x1010101)
        p.switch(thread, new, own, 1, again)

    def again(word):
        seen.extend(p.m.get(name) for name in KEPT)
        change(0x3030303)
        p.switch(thread, new, own, 2)
    new = p.context(p.stack()[0], fn)
    for wanted in (1, 2):
        p.m.prepare_call(p.image.exports['libcgo_switch'], [thread, own, new, 0])
        change(0x11111111)
        p.m.run(p.initial)
        same(p.initial.result, wanted)
        same([p.m.get(name) for name in KEPT], [0x11111111 * i for i in (1, 2, 3, 4)])
    same(seen, [0x1010101 * i for i in (1, 2, 3, 4)])


@tap.case
def a_context_keeps_the_x87_control_word():
    p = Process()
    thread = p.attached()
    own = p.context()
    seen = []

    def fn(arg, word):
        seen.append(p.m.get('fpcw'))
        p.m.set('fpcw', 0xf7f)
        p.switch(thread, new, own, 0, again)

    def again(word):
        seen.append(p.m.get('fpcw'))
        p.switch(thread, new, own, 0)
    p.m.set('fpcw', 0x37f)  # of who makes it
    new = p.context(p.stack()[0], fn)
    for _ in range(2):
        p.m.set('fpcw', 0x27f)
        p.call('libcgo_switch', thread, own, new, 0)
        same(p.m.get('fpcw'), 0x27f)
    same(seen, [0x37f, 0xf7f])


def see_bounds(with_record):
    p = Process()
    t, thread, below, above = stacks_around(p)
    thread = thread if with_record else 0
    own = p.context()
    before, seen = p.bounds(t), []

    def look(name, to):
        def fn(arg, word):
            seen.append((name, p.m.sp, p.bounds()))
            p.switch(thread, contexts[name], to(), word, lambda word: fn(arg, word))
        return fn
    contexts = {}
    contexts['below'] = p.context(below[0], look('below', lambda: own))
    contexts['above'] = p.context(above[0], look('above', lambda: contexts['below']))
    for i in range(2):
        p.call('libcgo_switch', thread, own, contexts['above'], 0, thread=t)
        same(p.bounds(t), (t.stack_hi, t.stack_lo + 2 * PAGE))
    same([name for name, _, _ in seen], ['above', 'below'] * 2)
    for name, sp, (base, limit) in seen:
        assert limit <= sp < base, name
        assert limit <= t.stack_hi - PAGE and base >= t.stack_hi, name
    same([state for state, _ in p.memory[t.stack_lo]].count(RESERVED), 1)
    assert before[1] > t.stack_lo + 2 * PAGE


@tap.case
def contexts_above_and_below_are_in_the_thread_block():
    see_bounds(True)


@tap.case
def so_are_those_of_a_thread_without_a_record():
    see_bounds(False)


@tap.case
def for_a_stack_above_nothing_is_committed():
    p = Process()
    t, thread, _, above = stacks_around(p)
    before, seen = p.bounds(t), []
    there_and_back(p, thread, above[0], lambda arg, word: seen.append(p.bounds()), on=t)
    same(seen, [(above[2], before[1])])
    same(p.bounds(t), before)
    same([state for state, _ in p.memory[t.stack_lo]].count(RESERVED), 31)


@tap.case
def a_stack_that_the_system_has_grown_meanwhile_keeps_its_limit():
    p = Process()
    t, thread, _, above = stacks_around(p)
    base, limit = p.bounds(t)

    def task(arg, word): p.m.write_word(t.block + LIMIT, limit - 3 * PAGE)
    there_and_back(p, thread, above[0], task, on=t)
    same(p.bounds(t), (base, limit - 3 * PAGE))


# Where SEHOP is on, no handler is called in a list that does not end with the system's.
@tap.case
def a_new_contexts_list_of_handlers_ends_with_the_systems():
    p = Process()
    thread = p.attached()
    stack, lo, hi = p.stack()
    entry = p.record(8)  # of C that has made it
    first = p.m.read_word(p.initial.block + LIST)
    p.m.write_word(entry, first)
    p.m.write_word(entry + 4, 0x1234)
    p.m.write_word(p.initial.block + LIST, entry)
    seen = []

    def task(arg, word): seen.append((p.list(), p.m.sp))
    there_and_back(p, thread, stack, task)
    same(len(seen[0][0]), 2)
    (first, own), (last, of_system) = seen[0][0]
    same(of_system, p.last_handler)
    assert p.image.holds(own), hex(own)
    assert seen[0][1] < first < last <= hi - 8 and first % 4 == last % 4 == 0
    same([handler for _, handler in p.list(p.initial)], [0x1234, p.last_handler])


@tap.case
def an_exception_that_no_function_of_a_context_takes_comes_to_the_filter():
    p = Process()
    thread = p.attached()
    seen = []
    there_and_back(p, thread, p.stack()[0], lambda arg, word: seen.append(p.list()[0][1]))
    record, context = p.record(80), p.record(716)
    p.m.write(record, bytes(80))
    disposition = {-1: 0, 0: 1}  # ExceptionContinueExecution, ExceptionContinueSearch
    for p.filter_result in (-1, 0):
        same(p.m.call(p.initial, seen[0], record, 0, context, 0),
             disposition[p.filter_result])
    same(p.filtered, [(record, context)] * 2)
    p.m.write_word(record + 4, 2)  # it unwinds
    same(p.m.call(p.initial, seen[0], record, 0, context, 0), 1)
    same(len(p.filtered), 2)
    p.filter_result = 1
    p.m.write_word(record, 0xe0001234)
    p.m.write_word(record + 4, 0)
    try:
        p.m.call(p.initial, seen[0], record, 0, context, 0)
    except Crash as e:
        same(str(e), 'the process ends with 0xe0001234')
    else:
        raise AssertionError('the process has not ended')


@tap.case
def of_an_empty_list_a_new_context_has_an_empty_one():
    p = Process()
    thread = p.attached()
    p.m.write_word(p.initial.block + LIST, NOWHERE)
    seen = []
    there_and_back(p, thread, p.stack()[0], lambda arg, word: seen.append(p.list()))
    same(seen, [[]])


@tap.case
def each_context_has_a_list_of_its_own():
    p = Process()
    thread = p.attached()
    own = p.context()
    seen = {}

    def fn_of(name):
        def fn(arg, word):
            at = p.m.sp - 64
            p.m.write_word(at, p.m.read_word(p.m.thread.block + LIST))
            p.m.write_word(at + 4, name)
            p.m.write_word(p.m.thread.block + LIST, at)
            p.m.sp = p.m.sp - 128

            def again(word):
                seen[name] = [handler for _, handler in p.list()]
                p.switch(thread, contexts[name], own)
            p.switch(thread, contexts[name], own, 0, again)
        return fn
    contexts = {name: p.context(p.stack()[0], fn_of(name)) for name in (1, 2)}
    for name in (1, 2, 2, 1):
        p.call('libcgo_switch', thread, own, contexts[name], 0)
        same([handler for _, handler in p.list(p.initial)], [p.last_handler])
    for name in (1, 2):
        same((seen[name][0], seen[name][2:]), (name, [p.last_handler]))


@tap.case
def a_context_that_moves_leaves_each_thread_its_bounds():
    p = Process()
    t, other, _, above = stacks_around(p)
    thread = p.attached()
    first, second = p.context(), p.context()
    before, seen = (p.bounds(p.initial), p.bounds(t)), []

    def fn(arg, word):
        p.switch(thread, new, first, 0, again)

    def again(word):
        seen.append((p.m.thread, p.bounds()))
        p.switch(other, new, second)
    new = p.context(above[0], fn)
    p.call('libcgo_switch', thread, first, new, 0)
    same(p.bounds(p.initial), before[0])
    p.call('libcgo_switch', other, second, new, 0, thread=t)
    same(seen, [(t, (above[2], before[1][1]))])
    same((p.bounds(p.initial), p.bounds(t)), before)


@tap.case
def a_call_that_ends_in_another_thread_leaves_its_bounds():
    p = Process()
    thread = p.attached()
    stack, small = p.stack()[0], p.stack()[0]
    t = p.thread()  # above both
    other = p.attached(t)
    first, second, inner = p.context(), p.context(), p.context()
    seen = []

    def on_small(arg):
        p.switch(thread, inner, first)

    def fn(arg, word):
        p.m.call_within(p.image.exports['libcgo_call_on_stack'],
                        [thread, small, p.function(on_small), 0], ended)

    def ended(m, result):
        seen.append((m.thread, p.bounds()))
        p.switch(other, new, second)
    new = p.context(stack, fn)
    p.call('libcgo_switch', thread, first, new, 0)
    p.call('libcgo_switch', other, second, inner, 0, thread=t)
    same([thread for thread, _ in seen], [t])
    same(seen[0][1][0], t.stack_hi)
    same(p.bounds(t), (t.stack_hi, t.stack_lo + 2 * PAGE))


@tap.case
def a_context_that_ends_goes_on_in_the_one_that_its_function_returns():
    p = Process()
    thread = p.attached()
    own = p.context()
    stack, lo, hi = p.stack()
    new = p.context(stack, lambda arg, word: own)
    before = p.bounds(p.initial), p.list(p.initial)
    same(p.call('libcgo_switch', thread, own, new, 9), 0)
    same(p.m.read_word(new + 8), 1)  # over
    same((p.bounds(p.initial), p.list(p.initial)), before)


# The frame description has both sides' registers, the thread block has the stack pointer and
# the list, and the record tells of the small stack or of the next context.
@tap.case
def a_switch_is_right_at_every_instruction():
    p = Process()
    m = p.m
    t, thread, below, above = stacks_around(p)
    own, known, seen = p.context(), {}, []
    entry = p.image.exports['libcgo_switch']
    begin, end = next((b, e) for b, e, *_ in frame_descriptions(p.image, 4)
                      if b <= entry < e)

    def side(sp):
        return next(name for name, lo, hi in (
            ('below', *below[1:]), ('above', *above[1:]), ('own', t.stack_lo, t.stack_hi))
            if lo <= sp <= hi)

    def holds(at, sp, span):
        lo = m.read_word(at)
        return sp - lo >= 0 and sp - lo < m.read_word(at + span)

    def look(uc, pc, size, data):
        sp = m.sp
        on = side(sp)
        base, limit = p.bounds()
        if not limit <= sp < base:
            raise Crash('%#x is outside of the bounds at %#x' % (sp, pc - begin))
        for at, _ in p.list():
            if not limit <= at <= base - 8:
                raise Crash('%#x is outside of the bounds at %#x' % (at, pc - begin))
        switching = m.read_word(thread + 0xc8)
        small = holds(thread + 0x14, sp, 4) or (
            switching != 0 and holds(switching + 0xc, sp, 4))
        same(small, on != 'own', 'a small stack at %#x' % (pc - begin))
        registers = p.registers()
        if pc == entry:
            known[on] = {**registers, 'pc': m.read_word(sp), 'esp': sp + 4}
        caller = by_dwarf(m, p.image, {**registers, 'pc': pc}, pc)
        if on in known:
            for name in KEPT + ['pc', 'esp']:
                same(caller[name], known[on][name], '%s at %#x' % (name, pc - begin))
        seen.append((pc, on))

    def fn_of(name, to):
        def fn(arg, word):
            p.switch(thread, contexts[name], to(), 0, lambda word: fn(arg, word))
        return fn
    contexts = {}
    contexts['below'] = p.context(below[0], fn_of('below', lambda: own))
    contexts['above'] = p.context(above[0], fn_of('above', lambda: contexts['below']))
    m.uc.hook_add(unicorn.UC_HOOK_CODE, look, begin=begin, end=end - 1)
    for i in range(3):
        m.switch_to(t)
        p.m.prepare_call(entry, [thread, own, contexts['above'], 0])
        for k, name in enumerate(KEPT):
            m.set(name, 0x1111111 * (k + 1 + i))
        m.run(t)
    same({on for _, on in seen}, {'own', 'above', 'below'})
    assert len(seen) > 500, len(seen)


@tap.case
def a_suspended_context_has_a_traceback():
    p = Process()
    thread = p.attached()
    stack, lo, hi = p.stack()
    own = p.context()
    new = p.context(stack, lambda arg, word: p.switch(thread, new, own))
    p.call('libcgo_switch', thread, own, new, 0)
    at = p.m.allocate(64)
    count = p.call('libcgo_context_traceback', p.runtime, new, at, 16)
    assert count >= 1, count
    assert p.m.read_word(at) in p.m.bodies, hex(p.m.read_word(at))


if __name__ == '__main__':
    sys.exit(1 if tap.run(only=sys.argv[2] if len(sys.argv) > 2 else None) else 0)
