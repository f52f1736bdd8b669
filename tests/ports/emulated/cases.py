# SPDX-License-Identifier: BSD-3-Clause
"""
The cases of tests/ports/emulated that hold on every system of POSIX. Each takes the class
of a process, which its system has made of Program.
"""

import re

import unicorn

import unwind
from machine import Tap, same
from posixlibc import EALREADY, ENOENT, ESRCH

common = Tap()
CLASSIC_NAMES = {'crosscall_386', 'crosscall_amd64', 'initcgo', 'libcgo_thread_start',
                 '_cgo_malloc', 'libcgo_sys_thread_start', '_cgo_free',
                 'runtime·iscgo', 'runtime.iscgo', 'libcgo_slots_reserved'}


class Program:
    """A process that is about to run main(), of tests/ports/emulated/client.c: m is the
    machine, system the model, program what the loader made of the images, initial the
    first thread, and errno the address of its."""

    def address(self, name):
        return self.program.address(name)

    def call(self, name, *arguments, thread=None, sp=None):
        return self.m.call(thread or self.initial, self.address(name), *arguments,
                           sp=sp)

    def result(self, name, *arguments, thread=None):
        """An int."""
        return self.m.signed(self.call(name, *arguments, thread=thread), 32)

    def function(self, body, parameters=None):
        """The address of a function that is in Python."""
        return self.m.add_import('function', body, parameters)

    def variable(self, name):
        return int.from_bytes(self.m.read(self.address(name), 4), 'little')

    def string(self, text):
        data = text.encode() + b'\0'
        at = self.m.allocate(len(data))
        self.m.write(at, data)
        return at

    def begin(self, signal_stack_size=0):
        same(self.result('client_begin', signal_stack_size), 0)
        same(self.result('client_done'), 0)
        return self

    def map_stack(self, size=65536):
        """(record, lo, hi) of a stack for the runtime."""
        record = self.m.allocate(8 * self.m.word)
        same(self.result('client_map_stack', record, size), 0)
        return record, self.m.read_word(record + 8), self.m.read_word(record + 8 + self.m.word)


def names_of_map(path, absent):
    """What src/libcgo.map exports, but for the Go face and what is absent."""
    with open(path, encoding='utf-8') as f:
        names = re.findall(r'^\t"*([^;"\n]*?)"*;', f.read(), re.M)
    return sorted(n for n in names if n != '*' and n not in absent and
                  not n.startswith('libcgo_go_'))


def watch(p, name, look):
    """Calls look with the arguments of each call of an import, before it."""
    at = p.m.imports[name]
    _, body, parameters = p.m.bodies[at]

    def watched(m, *arguments):
        look(*arguments)
        return body(m, *arguments)
    p.m.bodies[at] = name, watched, parameters


def kept_values(p):
    pattern = 0x5a5a1234 if p.m.word == 4 else 0x5a5a12345678a5a5
    return [pattern + i for i in range(len(p.m.cpu.callee_saved))]


def kept_before(p):
    """Gives each register that a C callee keeps a value of its own."""
    values = kept_values(p)
    for name, value in zip(p.m.cpu.callee_saved, values):
        p.m.set(name, value)
    return values


def check_kept(p, values):
    for name, value in zip(p.m.cpu.callee_saved, values):
        same(p.m.get(name), value, name)


def registers(m):
    return {name: m.get(name) for name in m.cpu.callee_saved}


def set_registers(m, values):
    for name, value in values.items():
        m.set(name, value)


def change_all(m):
    """What a function of the runtime does to the registers."""
    for i, name in enumerate(m.cpu.callee_saved + m.cpu.caller_saved):
        if name != 'rax' and name != 'eax' and name != 'x0':
            m.set(name, 0x1111 * (i + 1))


def crossing_keeps(p, name, *arguments):
    p.m.switch_to(p.initial)
    values = kept_before(p)
    sp = p.initial.stack_hi - 4096
    p.call(name, *arguments, sp=sp)
    check_kept(p, values)
    # And the stack pointer: back where it was, the return address taken off.
    words = max(0, len(arguments) - len(p.m.cpu.arguments)) * p.m.word
    same(p.m.sp, sp - (words + 15 & ~15), 'the stack pointer')


# ---- crossings ----

def stack_argument(m, i):
    """The word above the return address, or where that would be."""
    return m.read_word(m.sp + m.word + i * m.word)


@common.case
def crosscall2_passes_both_arguments_on_the_stack_and_in_registers(Process):
    p = Process()
    seen = []

    def fn(m, a, b):
        same(stack_argument(m, 0), 0x1234, 'the word of arg')
        same(m.signed(stack_argument(m, 1)), -5, 'the word of argsize')
        seen.append((a, m.signed(b)))
    p.call('crosscall2', p.function(fn), 0x1234, 0xfffffffb)
    same(seen, [(0x1234, -5)])


@common.case
def crosscall2_keeps_every_callee_saved_register(Process):
    p = Process()
    crossing_keeps(p, 'crosscall2', p.function(change_all), 1, 2)


@common.case
def crosscall_passes_two_words_and_the_result(Process):
    p = Process()

    def fn(m, arg, word):
        same((stack_argument(m, 0), stack_argument(m, 1)), (77, 88))
        change_all(m)
        return arg + word
    fn = p.function(fn)
    same(p.call('libcgo_crosscall', fn, 77, 88), 165)
    crossing_keeps(p, 'libcgo_crosscall', fn, 77, 88)


@common.case
def crosscall_g_sets_g_and_then_calls_fn(Process):
    p = Process()
    order = []

    def setg(m, g):
        order.append(('setg', g))
        # It may leave g in a register that C keeps, and fn is to find it there.
        change_all(m)
        if p.m.cpu.name == 'arm64':
            m.set('x28', 0x6789)

    def fn(m):
        order.append(('fn', m.get('x28') if p.m.cpu.name == 'arm64' else 0))
        change_all(m)

    def setg_for_386(m, g):  # which keeps what a C function keeps
        order.append(('setg', g))
    # On x86 fn waits in rbx, or ebx, which setg keeps.
    setg = p.function(setg if p.m.cpu.name == 'arm64' else setg_for_386)
    crossing_keeps(p, 'libcgo_crosscall_g', p.function(fn), setg, 0x4321)
    same(order, [('setg', 0x4321), ('fn', 0x6789 if p.m.cpu.name == 'arm64' else 0)])


def registers_of_caller(m):
    """What an unwinder starts from, at the entry of a function."""
    known = registers(m)
    known['pc'] = m.read_word(m.sp) if m.cpu.return_on_stack else m.get('x30')
    known[unwind.STACK_POINTER[m.cpu.name]] = m.sp + (m.word if m.cpu.return_on_stack else 0)
    return known


def caller_by_unwinding(p, name, *arguments):
    """Calls a crossing, and from the function that it calls unwinds it: the
    registers of the crossing's caller as the unwind tables have them."""
    p.m.switch_to(p.initial)
    values = kept_before(p)
    sp = p.initial.stack_hi - 4096
    found = []

    def fn(m, *_):
        known = registers_of_caller(m)
        if 'crosscall' in name:  # fn keeps none: all must come from the stack
            known.update((r, 0xdead) for r in m.cpu.callee_saved)
        found.append(unwind.step(m, p.program, known))
        return 0
    p.call(name, *[p.function(lambda m: fn(m)) if a is None else a for a in arguments],
           sp=sp)
    same(len(found), 1, 'the number of calls')
    caller = found[0]
    for register, value in zip(p.m.cpu.callee_saved, values):
        same(caller[register], value, register)
    same(caller['pc'], p.m.end_of_thread, 'the return address')
    words = max(0, len(arguments) - len(p.m.cpu.arguments)) * p.m.word
    same(caller[unwind.STACK_POINTER[p.m.cpu.name]], sp - (words + 15 & ~15),
         'the stack pointer')


@common.case
def the_unwinder_finds_the_caller_of_crosscall2(Process):
    caller_by_unwinding(Process(), 'crosscall2', None, 1, 2)


@common.case
def the_unwinder_finds_the_caller_of_crosscall(Process):
    caller_by_unwinding(Process(), 'libcgo_crosscall', None, 1, 2)


@common.case
def the_unwinder_finds_the_caller_of_crosscall_g_from_setg(Process):
    p = Process()
    nothing = p.function(lambda m: None)
    caller_by_unwinding(p, 'libcgo_crosscall_g', nothing, None, 0)


@common.case
def the_unwinder_finds_the_caller_of_crosscall_g_from_fn(Process):
    p = Process()
    nothing = p.function(lambda m: None)
    caller_by_unwinding(p, 'libcgo_crosscall_g', None, nothing, 0)


@common.case
def the_unwinder_finds_the_caller_of_call_on_stack(Process):
    p = Process().begin()
    record, _, _ = p.map_stack()
    same(p.result('client_attach'), 0)
    thread = current(p)
    caller_by_unwinding(p, 'libcgo_call_on_stack', thread, record, None, 0)


@common.case
def the_unwinder_finds_the_caller_of_call_on_system(Process):
    p = Process().begin()
    same(p.result('client_attach'), 0)
    caller_by_unwinding(p, 'libcgo_call_on_system', current(p), None, 0)


@common.case
def the_unwinder_passes_from_the_system_stack_to_a_small_one(Process):
    p = Process().begin()
    record, lo, hi = p.map_stack()
    same(p.result('client_attach'), 0)
    thread = current(p)
    callers = []

    def on_system(m, _):
        callers.append(unwind.step(m, p.program, registers_of_caller(m)))

    on_system = p.function(on_system)

    def on_stack(m, _):
        own, _ = registers(m), kept_before(p)
        m.call_within(p.address('libcgo_call_on_system'), [thread, on_system, 0],
                      lambda m, result: set_registers(m, own))
    p.call('client_on_stack', record, p.function(on_stack), 0)
    assert lo < callers[0][unwind.STACK_POINTER[p.m.cpu.name]] <= hi, callers
    for register, value in zip(p.m.cpu.callee_saved, kept_values(p)):
        same(callers[0][register], value, register)


def current(p):
    """The record that the client keeps by its key."""
    values = (p.system.value(p.initial, key) for key in sorted(p.system.keys))
    return next(v for v in values if v != 0)


# ---- stacks ----

@common.case
def call_on_stack_runs_fn_at_the_stacks_end_and_comes_back(Process):
    p = Process().begin()
    record, lo, hi = p.map_stack()
    same(p.result('client_attach'), 0)
    seen = []

    def fn(m, arg):
        change_caller_saved(m)
        seen.append((arg, lo < m.sp <= hi, hi - m.sp < 64))
        return 4242
    fn = p.function(fn)
    same(p.call('client_on_stack', record, fn, 17), 4242)
    same(seen, [(17, True, True)])
    crossing_keeps(p, 'libcgo_call_on_stack', current(p), record, fn, 17)


# What a handler may rely on between any two instructions: src/kit/calls.cc. On amd64, programs
# see it by the CPU's trap flag; on 386, assembly does none of the stores.
@common.case
def call_on_stack_changes_the_record_as_handlers_need_it(Process):
    p = Process().begin()
    m, word = p.m, p.m.word
    if m.cpu.name != 'arm64':
        return
    stack, lo, hi = p.map_stack()
    same(p.result('client_attach'), 0)
    thread = current(p)
    first = thread + 8 + 23 * word  # the place of the first call
    start = (hi & ~15) - 16
    seen, ended = [], []

    def at(words):
        return m.read_word(thread + 8 + words * word)

    def of(words):
        return m.read_word(first + words * word)

    def look(uc, pc, size, data):
        span, top, running = at(4), at(7), at(44)
        serial, flags = of(0), of(19)
        here = '%#x: ' % (pc - begin)
        seen.append(flags)
        assert top in (0, first) and running in (0, first), here + 'another place'
        if span != 0:
            assert (at(3), span) == (lo, hi - lo), here + 'a range that never was'
            assert top != 0, here + 'a range, and no call'
            same(at(5), of(8), here + 'the system stack')
        if top != 0:
            assert serial != 0, here + 'a call that does not count'
            assert flags in (0x1a0, 0x1f0), here + 'flags %#x' % flags
            same((of(6), of(7)), (lo, start), here + 'the stack of the call')
            same(m.read_word(of(4)), serial, here + 'the mark')
        if running != 0:
            assert top != 0, here + 'it runs, and is not in the list'
        if lo < m.sp <= hi:
            assert span != 0 and running != 0, here + 'sp is on an unknown stack'
        if ended:
            assert running != 0 or span == 0, here + 'a range, and nothing runs'
        elif top != 0 and flags == 0x1f0:
            assert running != 0 and m.read_word(start + 8) == serial, \
                here + 'the change of the record is over too early'

    def fn(m, arg):
        ended.append(arg)
        return 5
    begin, fn = p.address('libcgo_call_on_stack'), p.function(fn)
    for i in range(2):  # the place is made, and used again
        same(p.call('libcgo_call_on_stack', thread, stack, fn, i), 5)
    ended.clear()
    m.uc.hook_add(unicorn.UC_HOOK_CODE, look, begin=begin, end=begin + 0x3ff)
    same(p.call('libcgo_call_on_stack', thread, stack, fn, 2), 5)
    same(ended, [2])
    assert 0x1a0 in seen, 'the call was begun by C'


@common.case
def call_on_system_comes_back_to_the_system_stack_and_returns(Process):
    p = Process().begin()
    record, lo, hi = p.map_stack()
    same(p.result('client_attach'), 0)
    thread = current(p)
    seen = []

    def on_system(m, arg):
        change_caller_saved(m)
        seen.append((arg, p.initial.stack_lo < m.sp < p.initial.stack_hi))
        return 99

    on_system = p.function(on_system)
    kept = []

    def on_stack(m, arg):
        own = registers(m)
        values = kept_before(p)

        def back(m, result):
            kept.append(result)
            check_kept(p, values)
            set_registers(m, own)
            return result + 1
        m.call_within(p.address('libcgo_call_on_system'), [thread, on_system, 23], back)
    same(p.call('client_on_stack', record, p.function(on_stack), 0), 100)
    same(seen, [(23, True)])
    same(kept, [99])


@common.case
def call_on_system_stays_where_it_is_on_the_system_stack(Process):
    p = Process().begin()
    same(p.result('client_attach'), 0)
    seen = []

    def fn(m, arg):
        seen.append(p.initial.stack_lo < m.sp < p.initial.stack_hi)
        change_caller_saved(m)
        return arg
    fn = p.function(fn)
    same(p.call('client_on_system', fn, 5), 5)
    same(seen, [True])
    crossing_keeps(p, 'libcgo_call_on_system', current(p), fn, 6)


def change_caller_saved(m):
    for name in m.cpu.caller_saved:
        m.set(name, 0x7777)


@common.case
def the_bounds_of_a_threads_stack_are_the_systems(Process):
    p = Process().begin()
    found = p.m.allocate(3 * p.m.word)
    same(p.result('client_bounds', found, 0), 0)
    same([p.m.read_word(found + i * p.m.word) for i in range(3)],
         [p.initial.stack_lo, p.initial.stack_hi, 0])


@common.case
def a_stack_of_others_is_the_mapping_in_which_it_lies(Process):
    p = Process().begin()
    same(p.result('client_attach'), 0)
    other = p.system.map_stack(65536)
    found = p.m.allocate(3 * p.m.word)
    p.m.write(p.errno, b'\x11\0\0\0')
    same(p.m.signed(p.call('client_bounds', found, 1, sp=other + 32768), 32), 0)
    same([p.m.read_word(found + i * p.m.word) for i in range(3)],
         [other, other + 65536, 3])
    same(p.m.read(p.errno, 1), b'\x11', 'errno')


# ---- the kit ----

@common.case
def a_created_thread_gets_its_argument_and_leaves(Process):
    p = Process().begin()
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 31,
                  0, 0, 0), 0)
    same(seen, [31])
    same((p.variable('client_enters'), p.variable('client_leaves'),
          p.variable('client_releases')), (1, 1, 0))
    same(p.system.allocated, {}, 'what is not freed')
    same({shape['detached'] for shape in p.system.created_shapes}, {True})


@common.case
def a_stack_size_that_is_no_multiple_of_a_page_will_do(Process):
    p = Process().begin()
    same(p.result('client_create', p.function(lambda m, t, a: None), 0, 100001, 0, 0),
         0)
    size = p.system.created_shapes[-1]['stack']
    assert 100001 <= size < 100001 + p.system.page, size


@common.case
def a_thread_that_is_refused_at_first_comes_later(Process):
    p = Process().begin()
    same(p.result('client_attach'), 0)  # may ask the loader in a thread
    p.system.slept_ms = 0
    p.system.refused_threads = 3
    p.m.write(p.errno, b'\x11\0\0\0')
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 1,
                  0, 0, 0), 0)
    same((seen, p.system.slept_ms), ([1], 1 + 2 + 4))
    same(p.m.read(p.errno, 1), b'\x11', 'errno')


@common.case
def a_callback_attaches_the_thread_and_its_end_detaches_it(Process):
    p = Process().begin()
    callback = p.address('client_callback')
    seen = []
    fn = p.function(lambda m, t, a: seen.append((t != 0, a)))
    foreign = p.system.foreign_thread()
    p.m.call(foreign, callback, fn, 55)
    same(seen, [(True, 55)])
    same([p.variable('client_' + n) for n in ('acquires', 'enters', 'leaves',
                                              'releases')], [1, 1, 1, 1])
    same(p.system.allocated, {}, 'what is not freed')


@common.case
def a_thread_attaches_once_and_detaches(Process):
    p = Process().begin()
    same(p.result('client_attach'), 0)
    same(p.result('client_attach'), EALREADY)
    same(p.result('client_detach'), 0)
    same(p.result('client_detach'), ESRCH)
    same(p.variable('client_releases'), 1)


def waits_until_done(p):
    same(p.result('client_begin', 0), 0)
    # Another thread waits for the start-up; this one ends it.
    other = p.system.foreign_thread()
    p.m.start(other, p.address('client_wait'))
    p.m.switch_to(p.initial)
    for _ in range(3):
        p.m.run_turn(other)
    same(other.ended, False, 'whether the wait has ended')
    same(p.result('client_done'), 0)
    same((other.ended, p.m.signed(other.result, 32)), (True, 0))


@common.case
def a_wait_sleeps_until_it_is_woken(Process):
    p = Process()
    waits_until_done(p)
    same(p.system.slept_ms, 0, 'milliseconds slept')


@common.case
def the_registers_of_stopped_code_are_read(Process):
    p = Process().begin()
    p.m.switch_to(p.initial)
    # Two frames on the stack: each begins with the caller's frame pointer.
    inner, outer = p.initial.stack_hi - 16384, p.initial.stack_hi - 8192
    p.m.write_word(inner, outer)
    p.m.write_word(inner + p.m.word, 0x5550)
    p.m.write_word(outer, 0)
    p.m.write_word(outer + p.m.word, 0x6660)
    pcs = p.m.allocate(8 * p.m.word)
    sp = inner - 256
    count = p.call('client_traceback', 0x4440, sp, inner, pcs, 8,
                   sp=p.initial.stack_hi - 32768)
    same(count, 3)
    same([p.m.read_word(pcs + i * p.m.word) for i in range(3)], [0x4440, 0x5550, 0x6660])


@common.case
def the_thread_pointer_is_the_systems(Process):
    p = Process()
    same(p.call('libcgo_thread_pointer'), p.system.segment(p.initial))


@common.case
def handles_lead_to_their_objects_until_they_are_given_back(Process):
    same(Process().result('client_handles', 1000), 0)


@common.case
def a_name_that_is_too_long_is_cut(Process):
    p = Process().begin()
    seen = []
    fn = p.function(lambda m, t, a: seen.append(p.system.own['name']))
    same(p.result('client_create', fn, 0, 0, p.string('n' * 100), 0), 0)
    same(seen, ['n' * min(63, p.system.MOST_NAME)])


@common.case
def a_set_of_cpus_is_not_to_be_had(Process):
    p = Process().begin()
    cpus = p.m.allocate(p.m.word)
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 0, 0, 0,
                  cpus), p.system.ENOTSUP)
    same((seen, p.variable('client_enters')), ([], 0))
    same(p.system.allocated, {}, 'what is not freed')


@common.case
def a_thread_has_a_signal_stack_of_at_least_what_the_system_takes(Process):
    p = Process().begin(signal_stack_size=1000)
    seen = []
    fn = p.function(lambda m, t, a: seen.append(p.system.own['signal_stack']))
    same(p.result('client_create', fn, 0, 0, 0, 0), 0)
    assert seen[0] is not None and seen[0][1] >= p.system.LEAST_SIGNAL_STACK, seen
    assert not any(lo <= seen[0][0] < hi for lo, hi, _ in p.m.mapped), 'still mapped'


@common.case
def there_are_no_slots_of_an_executable(Process):
    p = Process().begin()
    same(p.result('client_claim'), ENOENT)
    p.call('client_define_slots', p.m.allocate(2 * p.m.word))
    same(p.result('client_claim'), p.system.ENOTSUP)


@common.case
def calls_on_stacks_and_back_nest_four_deep(Process):
    p = Process().begin()
    stacks = [p.map_stack() for _ in range(4)]
    same(p.result('client_attach'), 0)
    thread = current(p)
    seen = []

    def nested(m, name, arguments, result):
        """An import's body calls a crossing, which is to keep the registers."""
        own, values = registers(m), kept_before(p)

        def back(m, got):
            check_kept(p, values)
            same(got, result, 'the result')
            set_registers(m, own)
            return result + 1
        m.call_within(p.address(name), [thread] + arguments, back)

    def on_stack(m, level):
        _, lo, hi = stacks[level]
        seen.append(lo < m.sp <= hi)
        nested(m, 'libcgo_call_on_system', [on_system, level], 100 - 2 * level)

    def on_system(m, level):
        seen.append(p.initial.stack_lo < m.sp <= p.initial.stack_hi)
        if level == 3:
            return 94
        nested(m, 'libcgo_call_on_stack', [stacks[level + 1][0], on_stack, level + 1],
               99 - 2 * level)
        return None
    on_stack, on_system = p.function(on_stack), p.function(on_system)
    same(p.call('client_on_stack', stacks[0][0], on_stack, 0), 101)
    same(seen, [True] * 8)


@common.case
def the_bounds_on_a_small_stack_are_those_of_its_record(Process):
    p = Process().begin()
    record, lo, hi = p.map_stack()
    same(p.result('client_attach'), 0)
    found = p.m.allocate(3 * p.m.word)

    def on_stack(m, _):
        m.call_within(p.address('client_bounds'), [found, 1])
    p.call('client_on_stack', record, p.function(on_stack), 0)
    same([p.m.read_word(found + i * p.m.word) for i in range(3)], [lo, hi, 1])


@common.case
def a_mapped_stack_has_a_guard_page_below(Process):
    p = Process().begin()
    _, lo, hi = p.map_stack(65536)
    protections = [protection for begin, end, protection in p.m.mapped
                   for at in (lo - p.system.page, lo - 1, lo, hi - 1)
                   if begin <= at < end]
    same(protections, ['', '', 'rw', 'rw'])


@common.case
def a_created_thread_has_its_record_and_the_bounds_of_its_stack(Process):
    p = Process().begin()
    found = p.m.allocate(3 * p.m.word)
    seen = []

    def fn(m, thread, _):
        same(thread, p.address('created'), 'the record')
        seen.append((m.thread, m.sp))
        m.call_within(p.address('client_bounds'), [found, 1])
    same(p.result('client_create', p.function(fn), 0, 0, 0, 0), 0)
    (thread, sp), = seen
    lo, hi, kind = (p.m.read_word(found + i * p.m.word) for i in range(3))
    same((lo, kind), (thread.stack_lo, 0))
    assert sp <= hi <= thread.stack_hi, hex(hi)  # nothing is pushed on arm64


@common.case
def a_created_thread_enters_and_leaves_with_signals_held(Process):
    p = Process().begin()
    p.system.state[p.initial]['mask'] = 0x1234
    masks = []

    def look(key, value):
        if p.m.thread is not p.initial and key == min(p.system.keys):
            masks.append((value != 0, p.system.own['mask']))
    watch(p, p.system.SETSPECIFIC, look)
    fn = p.function(lambda m, t, a: masks.append(p.system.own['mask']))
    same(p.result('client_create', fn, 0, 0, 0, 0), 0)
    held = 0x1234 | p.system.held_signals()
    same(masks, [(True, held), 0x1234, (False, held)])
    same(p.system.state[p.initial]['mask'], 0x1234, "the creator's mask")


@common.case
def a_second_callback_finds_the_thread_attached(Process):
    p = Process().begin()
    seen = []
    fn = p.function(lambda m, t, a: seen.append(t))
    for _ in range(2):
        same(p.result('client_callback', fn, 0), 0)
    same(seen, [current(p)] * 2)
    same(p.variable('client_acquires'), 1)


@common.case
def every_thread_that_waits_is_woken(Process):
    p = Process()
    same(p.result('client_begin', 0), 0)
    others = [p.system.foreign_thread() for _ in range(3)]
    for other in others:
        p.m.start(other, p.address('client_wait'))
        p.m.run_turn(other)
    same(p.result('client_done'), 0)
    same([(o.ended, p.m.signed(o.result or 0, 32)) for o in others], [(True, 0)] * 3)


@common.case
def a_thread_leaves_when_destructors_of_others_have_had_two_rounds(Process):
    p = Process().begin()
    key = p.m.allocate(8)
    p.m.write(key, bytes(8))
    left = []

    def destructor(m, value):
        left.append(p.variable('client_leaves'))
        p.system.set_value(m.thread, other, value)  # and so in each round
    same(p.system.c_pthread_key_create(key, p.function(destructor)), 0)
    other = p.m.read_word(key)
    fn = p.function(lambda m, t, a: p.system.set_value(m.thread, other, 7))
    same(p.result('client_create', fn, 0, 0, 0, 0), 0)
    same((left[:2], p.variable('client_leaves')), ([0, 0], 1))
