#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
darwin.py CPU LIBRARY CLIENT MAP [CASE]

Runs Darwin's libcgo, as it was linked, on an emulated CPU. LIBRARY is libcgo.dylib,
and CLIENT a program linked with it, of tests/emulated/client.c; for 386, to which
nothing here links, libcgo.a and an object. MAP is src/libcgo.map.
"""

import re
import sys

import unwind
from libsystem import EINVAL, ENOTSUP, FIRST_KEY, SEGMENT_BYTES, Abort, LibSystem
from machine import Machine, Tap, same
from macho import load_program

CPU, LIBRARY, CLIENT, MAP = sys.argv[1:5]
CLASSIC = CPU in ('amd64', '386')
WORD = 4 if CPU == '386' else 8
G_PLACE, M_PLACE = (0x468, 0x46c) if WORD == 4 else (0x8a0, 0x8a8)
OLD_ARRAY = 0x48 if WORD == 4 else 0x60  # 10.5 and 10.6
NEW_ARRAY = 0
EPERM, ESRCH, EALREADY, EAGAIN, EBUSY = 1, 3, 37, 35, 16
tap = Tap()


def classic(case):
    return tap.case(case) if CLASSIC else case


class Process:
    """A program that is about to run main()."""

    def __init__(self, array=NEW_ARRAY, **how):
        self.m = Machine(CPU)
        self.system = LibSystem(self.m, array, **how)
        self.program = load_program(self.m, LIBRARY, CLIENT)
        self.system.program = self.program
        self.initial = self.m.threads[0]
        self.errno = self.system.state[self.initial]['errno']

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
        record = self.m.allocate(8 * WORD)
        same(self.result('client_map_stack', record, size), 0)
        return record, self.m.read_word(record + 8), self.m.read_word(record + 8 + WORD)


PATTERN = 0x5a5a1234 if WORD == 4 else 0x5a5a12345678a5a5


def kept_values(p):
    return [PATTERN + i for i in range(len(p.m.cpu.callee_saved))]


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
    words = max(0, len(arguments) - len(p.m.cpu.arguments)) * WORD
    same(p.m.sp, sp - (words + 15 & ~15), 'the stack pointer')


# ---- crossings ----

def stack_argument(m, i):
    """The word above the return address, or where that would be."""
    return m.read_word(m.sp + WORD + i * WORD)


@tap.case
def crosscall2_passes_both_arguments_on_the_stack_and_in_registers():
    p = Process()
    seen = []

    def fn(m, a, b):
        same(stack_argument(m, 0), 0x1234, 'the word of arg')
        same(m.signed(stack_argument(m, 1)), -5, 'the word of argsize')
        seen.append((a, m.signed(b)))
    p.call('crosscall2', p.function(fn), 0x1234, 0xfffffffb)
    same(seen, [(0x1234, -5)])


@tap.case
def crosscall2_keeps_every_callee_saved_register():
    p = Process()
    crossing_keeps(p, 'crosscall2', p.function(change_all), 1, 2)


@tap.case
def crosscall_passes_two_words_and_the_result():
    p = Process()

    def fn(m, arg, word):
        same((stack_argument(m, 0), stack_argument(m, 1)), (77, 88))
        change_all(m)
        return arg + word
    fn = p.function(fn)
    same(p.call('libcgo_crosscall', fn, 77, 88), 165)
    crossing_keeps(p, 'libcgo_crosscall', fn, 77, 88)


@tap.case
def crosscall_g_sets_g_and_then_calls_fn():
    p = Process()
    order = []

    def setg(m, g):
        order.append(('setg', g))
        # It may leave g in a register that C keeps, and fn is to find it there.
        change_all(m)
        if CPU == 'arm64':
            m.set('x28', 0x6789)

    def fn(m):
        order.append(('fn', m.get('x28') if CPU == 'arm64' else 0))
        change_all(m)

    def setg_for_386(m, g):  # which keeps what a C function keeps
        order.append(('setg', g))
    # On x86 fn waits in rbx, or ebx, which setg keeps.
    setg = p.function(setg if CPU == 'arm64' else setg_for_386)
    crossing_keeps(p, 'libcgo_crosscall_g', p.function(fn), setg, 0x4321)
    same(order, [('setg', 0x4321), ('fn', 0x6789 if CPU == 'arm64' else 0)])


@classic
def classic_crosscall_keeps_every_callee_saved_register():
    p = Process()
    crossing_keeps(p, 'crosscall_' + CPU, p.function(change_all))


def registers_of_caller(m):
    """What an unwinder starts from, at the entry of a function."""
    known = registers(m)
    known['pc'] = m.read_word(m.sp) if m.cpu.return_on_stack else m.get('x30')
    known[unwind.STACK_POINTER[CPU]] = m.sp + (WORD if m.cpu.return_on_stack else 0)
    return known


def caller_by_unwinding(p, name, *arguments):
    """Calls a crossing, and from the function that it calls unwinds it: the
    registers of the crossing's caller as the unwind tables have them."""
    p.m.switch_to(p.initial)
    values = kept_before(p)
    sp = p.initial.stack_hi - 4096
    found = []

    def fn(m, *_):
        found.append(unwind.step(m, p.program, registers_of_caller(m)))
        return 0
    p.call(name, *[p.function(lambda m: fn(m)) if a is None else a for a in arguments],
           sp=sp)
    same(len(found), 1, 'the number of calls')
    caller = found[0]
    for register, value in zip(p.m.cpu.callee_saved, values):
        same(caller[register], value, register)
    same(caller['pc'], p.m.end_of_thread, 'the return address')
    words = max(0, len(arguments) - len(p.m.cpu.arguments)) * WORD
    same(caller[unwind.STACK_POINTER[CPU]], sp - (words + 15 & ~15),
         'the stack pointer')


@tap.case
def the_unwinder_finds_the_caller_of_crosscall2():
    caller_by_unwinding(Process(), 'crosscall2', None, 1, 2)


@tap.case
def the_unwinder_finds_the_caller_of_crosscall():
    caller_by_unwinding(Process(), 'libcgo_crosscall', None, 1, 2)


@tap.case
def the_unwinder_finds_the_caller_of_crosscall_g_from_setg():
    p = Process()
    nothing = p.function(lambda m: None)
    caller_by_unwinding(p, 'libcgo_crosscall_g', nothing, None, 0)


@tap.case
def the_unwinder_finds_the_caller_of_crosscall_g_from_fn():
    p = Process()
    nothing = p.function(lambda m: None)
    caller_by_unwinding(p, 'libcgo_crosscall_g', None, nothing, 0)


@classic
def the_unwinder_finds_the_caller_of_the_classic_crosscall():
    caller_by_unwinding(Process(), 'crosscall_' + CPU, None)


@tap.case
def the_unwinder_finds_the_caller_of_call_on_stack():
    p = Process().begin()
    record, _, _ = p.map_stack()
    same(p.result('client_attach'), 0)
    thread = current(p)
    caller_by_unwinding(p, 'libcgo_call_on_stack', thread, record, None, 0)


@tap.case
def the_unwinder_finds_the_caller_of_call_on_system():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    caller_by_unwinding(p, 'libcgo_call_on_system', current(p), None, 0)


@tap.case
def the_unwinder_passes_from_the_system_stack_to_a_small_one():
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
    assert lo < callers[0][unwind.STACK_POINTER[CPU]] <= hi, callers
    for register, value in zip(p.m.cpu.callee_saved, kept_values(p)):
        same(callers[0][register], value, register)


def current(p):
    key = FIRST_KEY
    while p.m.read_word(p.system.place(p.initial, key)) == 0:
        key += 1
    record = p.m.read_word(p.system.place(p.initial, key))
    return record


# ---- stacks ----

@tap.case
def call_on_stack_runs_fn_at_the_stacks_end_and_comes_back():
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


@tap.case
def call_on_system_comes_back_to_the_system_stack_and_returns():
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


@tap.case
def call_on_system_stays_where_it_is_on_the_system_stack():
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


@tap.case
def the_bounds_of_a_threads_stack_are_the_systems():
    p = Process().begin()
    found = p.m.allocate(3 * WORD)
    same(p.result('client_bounds', found, 0), 0)
    same([p.m.read_word(found + i * WORD) for i in range(3)],
         [p.initial.stack_lo, p.initial.stack_hi, 0])


@tap.case
def a_stack_of_others_is_the_mapping_in_which_it_lies():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    other = p.m.map_new(65536)
    found = p.m.allocate(3 * WORD)
    p.m.write(p.errno, b'\x11\0\0\0')
    same(p.m.signed(p.call('client_bounds', found, 1, sp=other + 32768), 32), 0)
    same([p.m.read_word(found + i * WORD) for i in range(3)],
         [other, other + 65536, 3])
    same(p.m.read(p.errno, 1), b'\x11', 'errno')


# ---- the classic face ----

def slots(p, thread):
    segment = p.system.segment(thread)
    return p.m.read_word(segment + G_PLACE), p.m.read_word(segment + M_PLACE)


def initcgo_holds(p, g_key, m_key):
    """initcgo holds these two keys and has given all others back."""
    p.call('client_initcgo')
    same(sorted(p.system.keys), [g_key, m_key], 'the keys')
    same(slots(p, p.initial), (0, 0), 'the slots')


@classic
def initcgo_takes_the_keys_of_old_systems():
    initcgo_holds(Process(OLD_ARRAY), 0x108, 0x109)


@classic
def initcgo_searches_the_keys_of_newer_systems_by_place():
    initcgo_holds(Process(NEW_ARRAY), G_PLACE // WORD, M_PLACE // WORD)


@classic
def initcgo_may_be_entered_with_any_stack_alignment():
    for off in range(WORD, 16, WORD):
        p = Process()
        p.m.switch_to(p.initial)
        p.m.prepare_call(p.address('libcgo_initcgo'))
        p.m.sp -= off
        p.m.write_word(p.m.sp, p.m.end_of_thread)
        sp = p.m.sp
        p.m.run(p.initial)
        same(p.m.sp, sp + WORD, 'the stack pointer')
        same(len(p.system.keys), 2)


@classic
def a_wanted_key_that_is_taken_stops_with_a_message():
    p = Process(OLD_ARRAY)
    p.system.taken.add(0x109)
    try:
        p.call('client_initcgo')
    except Abort as e:
        text = str(e)
    else:
        text = 'nothing'
    assert text.startswith('libcgo: initcgo: ') and text.endswith('\n') and \
        'had are 0x108 for g and none for m' in text, text
    same(sorted(p.system.keys), [0x108], 'the keys that are left')


def start_classic(array):
    p = Process(array)
    p.call('client_initcgo')
    g = p.m.allocate(16 * WORD)
    started = []

    def fn(m):
        thread = m.thread
        seen = dict(slots=slots(p, thread), base=m.read_word(g + WORD),
                    guard=m.read_word(g), mask=p.system.own['mask'], thread=thread,
                    sp=m.sp)
        # The rest of the segment is as it was.
        segment = p.system.segment(thread)
        at = segment + array
        others = [o for o in range(0, SEGMENT_BYTES, WORD)
                  if m.read_word(segment + o) != 0 and segment + o != at]
        seen['words'] = others
        started.append(seen)
        change_all(m)
    p.system.state[p.initial]['mask'] = 0x1234
    record = p.m.allocate(4 * WORD)
    for i, word in enumerate((0x600d, g, p.function(fn))):
        p.m.write_word(record + i * WORD, word)
    p.call('client_thread_start', record)
    same(len(started), 1, 'the number of threads')
    return p, g, started[0]


@classic
def a_thread_finds_g_and_m_on_an_old_system():
    _, g, seen = start_classic(OLD_ARRAY)
    same(seen['slots'], (g, 0x600d))
    same(seen['words'], [G_PLACE, M_PLACE], 'the words of the segment')


@classic
def a_thread_finds_g_and_m_on_a_newer_system():
    _, g, seen = start_classic(NEW_ARRAY)
    same(seen['slots'], (g, 0x600d))
    same(seen['words'], [G_PLACE, M_PLACE], 'the words of the segment')


@classic
def a_threads_g_has_the_bounds_of_its_stack():
    _, _, seen = start_classic(NEW_ARRAY)
    thread = seen['thread']
    same(seen['guard'], thread.stack_lo + 4096, 'stackguard')
    assert seen['sp'] < seen['base'] <= thread.stack_hi, hex(seen['base'])


@classic
def a_thread_has_its_creators_signal_mask_and_ends_with_all_blocked():
    p, _, seen = start_classic(NEW_ARRAY)
    same(seen['mask'], 0x1234, 'the mask in fn')
    same(p.system.state[seen['thread']]['mask'], 0xffffffff, 'the mask at the end')
    same(p.system.state[p.initial]['mask'], 0x1234, "the creator's mask")


@classic
def a_thread_is_detached_and_its_record_freed():
    p, _, _ = start_classic(NEW_ARRAY)
    same([s['detached'] for s in p.system.created_shapes], [True])
    same(p.system.allocated, {}, 'what is not freed')
    same(p.system.attributes, {}, 'attributes that are not destroyed')


@classic
def sys_thread_start_frees_its_argument():
    p = Process()
    p.call('client_initcgo')
    ran = []
    p.call('client_sys_thread_start', 7, p.m.allocate(64),
           p.function(lambda m: ran.append(1)))
    same((ran, p.system.allocated), ([1], {}))


@classic
def malloc_refuses_a_negative_size():
    p = Process()
    n = [-1] if WORD == 8 else [0xffffffff, 0xffffffff]
    same(p.call('client_malloc', *n), 0)
    n = [48] if WORD == 8 else [48, 0]
    same(p.system.allocated[p.call('client_malloc', *n)], 48)


# ---- the kit ----

@tap.case
def a_created_thread_gets_its_argument_and_leaves():
    p = Process().begin()
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 31,
                  0, 0, 0), 0)
    same(seen, [31])
    same((p.variable('client_enters'), p.variable('client_leaves'),
          p.variable('client_releases')), (1, 1, 0))
    same(p.system.allocated, {}, 'what is not freed')


@tap.case
def a_stack_size_that_is_no_multiple_of_a_page_will_do():
    p = Process().begin()
    same(p.result('client_create', p.function(lambda m, t, a: None), 0, 100001, 0, 0),
         0)
    size = p.system.created_shapes[0]['stack']
    assert 100001 <= size < 100001 + p.system.page, size


@tap.case
def a_name_that_is_too_long_is_cut():
    p = Process().begin()
    seen = []
    fn = p.function(lambda m, t, a: seen.append(p.system.own['name']))
    same(p.result('client_create', fn, 0, 0, p.string('n' * 100), 0), 0)
    same(seen, ['n' * 63])


@tap.case
def a_set_of_cpus_is_not_to_be_had():
    p = Process().begin()
    cpus = p.m.allocate(WORD)
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 0, 0, 0,
                  cpus), ENOTSUP)
    same((seen, p.variable('client_enters')), ([], 0))
    same(p.system.allocated, {}, 'what is not freed')


@tap.case
def a_thread_that_is_refused_at_first_comes_later():
    p = Process().begin()
    p.system.refused_threads = 3
    p.m.write(p.errno, b'\x11\0\0\0')
    seen = []
    same(p.result('client_create', p.function(lambda m, t, a: seen.append(a)), 1,
                  0, 0, 0), 0)
    same((seen, p.system.slept_ms), ([1], 1 + 2 + 4))
    same(p.m.read(p.errno, 1), b'\x11', 'errno')


@tap.case
def the_limit_of_threads_is_named_after_one_second():
    p = Process().begin()
    p.system.refused_threads = 10000
    p.system.thread_count = 4096
    text = p.m.allocate(512)
    same(p.result('client_limit', p.function(lambda m, t, a: None), text, 512),
         EAGAIN)
    same(p.m.read_string(text), 'kern.num_taskthreads is 4096, in use are 4096 threads '
         'of the process: the kernel fixes it, end threads')
    assert 900 <= p.system.slept_ms <= 1300, p.system.slept_ms


@tap.case
def no_limit_is_named_that_was_not_reached():
    p = Process().begin()
    p.system.refused_threads = 10000
    p.system.thread_count = 3000
    text = p.m.allocate(512)
    same(p.result('client_limit', p.function(lambda m, t, a: None), text, 512),
         EAGAIN)
    assert 'kern' not in p.m.read_string(text), p.m.read_string(text)


@tap.case
def a_callback_attaches_the_thread_and_its_end_detaches_it():
    p = Process().begin()
    callback = p.address('client_callback')
    seen = []
    fn = p.function(lambda m, t, a: seen.append((t != 0, a)))
    foreign = p.system.begin_thread(p.m.new_thread())
    foreign.at_end = lambda: p.system._run_destructors(foreign)
    p.m.call(foreign, callback, fn, 55)
    same(seen, [(True, 55)])
    same([p.variable('client_' + n) for n in ('acquires', 'enters', 'leaves',
                                              'releases')], [1, 1, 1, 1])
    same(p.system.allocated, {}, 'what is not freed')


@tap.case
def a_thread_attaches_once_and_detaches():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    same(p.result('client_attach'), EALREADY)
    same(p.result('client_detach'), 0)
    same(p.result('client_detach'), ESRCH)
    same(p.variable('client_releases'), 1)


@tap.case
def the_runtimes_image_is_kept_mapped():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    modes = {path: mode for path, mode in p.system.opened}
    if CPU != '386':  # where all is in one program
        # RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE; never the main program.
        same(modes, {LIBRARY: 0x1 | 0x10 | 0x80})


@tap.case
def a_thread_has_a_signal_stack_of_at_least_what_the_system_takes():
    p = Process().begin(signal_stack_size=1000)
    seen = []
    fn = p.function(lambda m, t, a: seen.append(p.system.own['signal_stack']))
    same(p.result('client_create', fn, 0, 0, 0, 0), 0)
    assert seen[0] is not None and seen[0][1] >= 32768, seen
    assert not any(lo <= seen[0][0] < hi for lo, hi, _ in p.m.mapped), 'still mapped'


def waits_until_done(ulock):
    p = Process(ulock=ulock)
    same(p.result('client_begin', 0), 0)
    # Another thread waits for the start-up; this one ends it.
    other = p.system.begin_thread(p.m.new_thread())
    p.m.start(other, p.address('client_wait'))
    p.m.switch_to(p.initial)
    for _ in range(3):
        p.m.run_turn(other)
    same(other.ended, False, 'whether the wait has ended')
    same(p.result('client_done'), 0)
    same((other.ended, p.m.signed(other.result, 32)), (True, 0))
    return p


@tap.case
def a_wait_sleeps_until_it_is_woken():
    p = waits_until_done(ulock=True)
    same(p.system.slept_ms, 0, 'milliseconds slept')


@tap.case
def a_wait_polls_where_the_system_has_none():
    p = waits_until_done(ulock=False)
    assert p.system.slept_ms > 0
    for state in p.system.state.values():
        same(state['cancel'], 0, "the thread's cancellation")


@tap.case
def the_registers_of_stopped_code_are_read():
    p = Process().begin()
    p.m.switch_to(p.initial)
    # Two frames on the stack: each begins with the caller's frame pointer.
    inner, outer = p.initial.stack_hi - 16384, p.initial.stack_hi - 8192
    p.m.write_word(inner, outer)
    p.m.write_word(inner + WORD, 0x5550)
    p.m.write_word(outer, 0)
    p.m.write_word(outer + WORD, 0x6660)
    pcs = p.m.allocate(8 * WORD)
    sp = inner - 256
    count = p.call('client_traceback', 0x4440, sp, inner, pcs, 8,
                   sp=p.initial.stack_hi - 32768)
    same(count, 3)
    same([p.m.read_word(pcs + i * WORD) for i in range(3)], [0x4440, 0x5550, 0x6660])


@tap.case
def there_are_no_slots_of_an_executable():
    p = Process().begin()
    same(p.result('client_claim'), 2)  # ENOENT
    p.call('client_define_slots', p.m.allocate(2 * WORD))
    same(p.result('client_claim'), ENOTSUP)


@tap.case
def the_thread_pointer_is_the_systems():
    p = Process()
    same(p.call('libcgo_thread_pointer'), p.system.segment(p.initial))


@tap.case
def handles_lead_to_their_objects_until_they_are_given_back():
    same(Process().result('client_handles', 1000), 0)


# ---- the image ----

def names_of_map():
    with open(MAP, encoding='utf-8') as f:
        names = re.findall(r'^\t"*([^;"\n]*?)"*;', f.read(), re.M)
    absent = {'crosscall_386' if CPU == 'amd64' else 'crosscall_amd64'}
    if CPU == 'arm64':
        absent |= {'crosscall_386', 'initcgo', 'libcgo_thread_start', '_cgo_malloc',
                   'libcgo_sys_thread_start', '_cgo_free', 'runtime·iscgo',
                   'libcgo_slots_reserved'}
    return sorted(n for n in names if n != '*' and n not in absent and
                  not n.startswith('libcgo_go_'))


if CPU != '386':
    @tap.case
    def the_image_exports_what_the_map_says_and_nothing_else():
        image = Process().program.images[0]
        own = {'__dso_handle', '_mh_dylib_header'}  # the linker's
        same(sorted(set(image.exported) - own), names_of_map())

    @tap.case
    def the_image_needs_no_cxx_library():
        image = Process().program.images[0]
        same([n for n in image.imported if n.startswith(('_Z', '__cxa', '__gxx'))], [])

    @tap.case
    def every_function_of_the_image_has_an_unwind_entry():
        p = Process()
        image = p.program.images[0]
        described = [d[:2] for d in unwind.frame_descriptions(image, WORD)]

        def is_described(at):
            encoding = unwind.compact_encoding(image, at + 1)
            return encoding != 0 and (
                encoding >> 24 & 15 != unwind.MODE_DWARF[CPU] or
                any(lo <= at < hi for lo, hi in described))
        same([n for n, at in image.functions.items() if not is_described(at)
              and not n.endswith('__thunk')], [])  # the linker's
else:
    @tap.case
    def every_routine_of_the_objects_has_a_frame_description():
        p = Process()
        missing = []
        for image in p.program.images:
            described = [d[:2] for d in unwind.frame_descriptions(image, WORD)] \
                if '__eh_frame' in image.sections else []
            missing += [name for name, at in image.functions.items()
                        if not any(lo <= at < hi for lo, hi in described)]
        same(missing, [])


if __name__ == '__main__':
    sys.exit(tap.run(only=sys.argv[5] if len(sys.argv) > 5 else None) != 0)
