#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
darwin.py CPU LIBRARY CLIENT MAP [CASE]

Runs Darwin's libcgo, as it was linked, on an emulated CPU. LIBRARY is libcgo.dylib,
and CLIENT a program linked with it, of tests/ports/emulated/client.c; for 386, to which
nothing here links, libcgo.a and an object. MAP is src/libcgo.map.
"""

import sys

import unwind
from cases import CLASSIC_NAMES, Program, caller_by_unwinding, change_all, common, \
    crossing_keeps, names_of_map, waits_until_done
from libsystem import SEGMENT_BYTES, LibSystem
from machine import Machine, Tap, same
from macho import load_program
from posixlibc import EAGAIN, Abort

CPU, LIBRARY, CLIENT, MAP = sys.argv[1:5]
CLASSIC = CPU in ('amd64', '386')
WORD = 4 if CPU == '386' else 8
G_PLACE, M_PLACE = (0x468, 0x46c) if WORD == 4 else (0x8a0, 0x8a8)
OLD_ARRAY = 0x48 if WORD == 4 else 0x60  # 10.5 and 10.6
NEW_ARRAY = 0
tap = Tap()


def classic(case):
    return tap.case(case) if CLASSIC else case


class Process(Program):
    """Of Darwin."""

    def __init__(self, array=NEW_ARRAY, **how):
        self.m = Machine(CPU, 'tpidrro_el0' if CPU == 'arm64' else 'gs')
        self.system = LibSystem(self.m, array, **how)
        self.program = load_program(self.m, LIBRARY, CLIENT)
        self.system.start(self.program)
        self.initial = self.m.threads[0]
        self.errno = self.system.state[self.initial]['errno']


@classic
def classic_crosscall_keeps_every_callee_saved_register():
    p = Process()
    crossing_keeps(p, 'crosscall_' + CPU, p.function(change_all))


@classic
def the_top_word_of_the_frame_of_classic_crosscall_is_zero():
    p = Process()
    seen = []

    def fn(m):
        seen.append(m.read_word(m.sp + m.word))
    # What was there before is another word.
    for sp in range(p.initial.stack_hi - 8192, p.initial.stack_hi - 4096, p.m.word):
        p.m.write_word(sp, sp)
    p.call('crosscall_' + CPU, p.function(fn), sp=p.initial.stack_hi - 4096)
    same(seen, [0])


@classic
def the_unwinder_finds_the_caller_of_the_classic_crosscall():
    caller_by_unwinding(Process(), 'crosscall_' + CPU, None)


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
def a_thread_has_its_creators_signal_mask_and_ends_with_signals_held():
    p, _, seen = start_classic(NEW_ARRAY)
    same(seen['mask'], 0x1234, 'the mask in fn')
    same(p.system.state[seen['thread']]['mask'], 0x1234 | p.system.held_signals(),
         'the mask at the end')
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
def the_bounds_of_the_initial_stack_are_true_though_another_size_is_told():
    """By OS X 10.9 and 10.10: 512 KiB."""
    p = Process().begin()
    p.system.half_stack = True
    found = p.m.allocate(3 * p.m.word)
    same(p.result('client_bounds', found, 0), 0)
    same([p.m.read_word(found + i * p.m.word) for i in range(3)],
         [p.initial.stack_lo, p.initial.stack_hi, 0])


@tap.case
def the_runtimes_image_is_kept_mapped():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    modes = {path: mode for path, mode in p.system.opened}
    if CPU != '386':  # where all is in one program
        # RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE; never the main program.
        same(modes, {LIBRARY: 0x1 | 0x10 | 0x80})


@tap.case
def a_first_call_does_not_wait_for_the_loaders_lock():
    """A thread that has it may wait for the call."""
    p = Process().begin()
    p.system.has_loader = p.initial
    thread = p.system.foreign_thread()
    p.m.start(thread, p.address('client_attach'))
    for _ in range(200):
        p.m.run_turn(thread)
    same((thread.ended, thread.result), (True, 0))
    p.system.has_loader = None
    p.m.run_others()
    if CPU != '386':  # where all is in one program
        same([path for path, _ in p.system.opened], [LIBRARY])


@tap.case
def the_loader_is_asked_once_by_who_waits():
    """It has a lock, which a thread may have that waits."""
    def asked(p):
        return sorted(n for n in p.system.asked if n.startswith('__ulock'))
    p = Process()
    same(p.result('client_begin', 0), 0)
    waiting = [p.system.foreign_thread() for _ in range(2)]
    for thread in waiting:
        p.m.start(thread, p.address('client_wait'))
        p.m.switch_to(p.initial)
        for _ in range(3):
            p.m.run_turn(thread)
    same(asked(p), ['__ulock_wait', '__ulock_wake'])
    same(p.result('client_done'), 0)
    same([thread.ended for thread in waiting], [True, True])
    same(asked(p), ['__ulock_wait', '__ulock_wake'])


@tap.case
def a_wait_polls_where_the_system_has_none():
    p = Process(ulock=False)
    waits_until_done(p)
    assert p.system.slept_ms > 0
    for state in p.system.state.values():
        same(state['cancel'], 0, "the thread's cancellation")


# ---- the image ----

def absent():
    """The map's names that this library does not have."""
    if CPU == 'arm64':
        return CLASSIC_NAMES
    return {'crosscall_386' if CPU == 'amd64' else 'crosscall_amd64'}


if CPU != '386':
    @tap.case
    def the_image_exports_what_the_map_says_and_nothing_else():
        image = Process().program.images[0]
        own = {'__dso_handle', '_mh_dylib_header'}  # the linker's
        same(sorted(set(image.exported) - own), names_of_map(MAP, absent()))

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
    tap.add(common, Process)
    sys.exit(tap.run(only=sys.argv[5] if len(sys.argv) > 5 else None) != 0)
