#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
bsd.py CPU SYSTEM LIBRARY CLIENT MAP [CASE]

Runs the libcgo of FreeBSD, NetBSD or OpenBSD, as it was linked, on an emulated CPU.
LIBRARY is libcgo.so, and CLIENT a program linked with it, of tests/ports/emulated/client.c.
MAP is src/libcgo.map.
"""

import sys

import unicorn
import unwind
from bsdlibc import SYSTEMS
from cases import CLASSIC_NAMES, Program, change_all, common, current, \
    kept_before, names_of_map, registers, set_registers
from elf import TLS
from elf import Program as Images
from machine import Machine, Tap, same
from posixlibc import EAGAIN, ENOENT, ENOMEM, EPERM

CPU, SYSTEM, LIBRARY, CLIENT, MAP = sys.argv[1:6]
System = SYSTEMS[SYSTEM]
RTLD_LAZY = 1
tap = Tap()


class Process(Program):
    """Of a BSD."""

    def __init__(self, initialize=True):
        self.m = Machine(CPU, System.THREAD_POINTER[CPU])
        self.system = System(self.m)
        self.program = Images(self.m, System.EXECUTE_ONLY)
        self.program.load(CLIENT, LIBRARY)
        self.system.start(self.program)
        self.initial = self.m.threads[0]
        self.errno = self.system.state[self.initial]['errno']
        for initializer in self.program.initializers if initialize else []:
            self.m.call(self.initial, initializer)

    @property
    def library(self):
        return self.program.images[1]

    def bounds_at(self, sp):
        """What client_bounds returns and finds, called with that stack pointer."""
        found = self.m.allocate(24)
        result = self.m.signed(self.call('client_bounds', found, 1, sp=sp), 32)
        return result, [self.m.read_word(found + 8 * i) for i in range(3)]


def on(*systems):
    """A case for some of the systems."""
    return tap.case if SYSTEM in systems else lambda case: case


# ---- unwinding ----

class EachInstruction:
    """Unwinds a crossing before each of its instructions, from where the CPU is: at its
    first. `values` is what its caller has in the registers that it keeps."""

    def __init__(self, p, name, values):
        m, self.name = p.m, name
        self.entry, size = p.address(name), p.library.sizes[name]
        sp_name = unwind.STACK_POINTER[CPU]
        wanted = dict(zip(m.cpu.callee_saved, values))
        self.seen, self.wrong = set(), []

        def caller(pc):
            known = registers(m)
            known[sp_name] = m.sp
            if CPU == 'arm64':
                known['x30'] = m.get('x30')
            return unwind.by_dwarf(m, p.library, known, pc)

        def look(uc, pc, *_):
            if not self.seen:
                wanted['pc'] = m.read_word(m.sp) if m.cpu.return_on_stack else m.get('x30')
                wanted[sp_name] = m.sp + (8 if m.cpu.return_on_stack else 0)
            self.seen.add(pc)
            try:
                found = caller(pc)
                self.wrong.extend((hex(pc - self.entry), r, hex(found[r]))
                                  for r in wanted if found[r] != wanted[r])
            except unwind.NoFrame as e:
                self.wrong.append((hex(pc - self.entry), str(e)))
        m.uc.hook_add(unicorn.UC_HOOK_CODE, look, begin=self.entry,
                      end=self.entry + size - 1)

    def check(self):
        same(self.wrong, [], 'what the tables of %s have wrong' % self.name)
        assert len(self.seen) > 5, self.seen


def caller_at_every_instruction(p, name, *arguments):
    p.m.switch_to(p.initial)
    each = EachInstruction(p, name, kept_before(p))
    p.call(name, *arguments)
    each.check()


@tap.case
def the_unwinder_finds_the_caller_of_crosscall2_at_every_instruction():
    p = Process()
    caller_at_every_instruction(p, 'crosscall2', p.function(change_all), 1, 2)


@tap.case
def the_unwinder_finds_the_caller_of_crosscall_at_every_instruction():
    p = Process()
    caller_at_every_instruction(p, 'libcgo_crosscall', p.function(change_all), 1, 2)


@tap.case
def the_unwinder_finds_the_caller_of_call_on_stack_at_every_instruction():
    p = Process().begin()
    record, _, _ = p.map_stack()
    same(p.result('client_attach'), 0)
    caller_at_every_instruction(p, 'libcgo_call_on_stack', current(p), record,
                                p.function(lambda m, a: a), 5)


@tap.case
def the_unwinder_finds_the_caller_of_call_on_system_at_every_instruction():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    caller_at_every_instruction(p, 'libcgo_call_on_system', current(p),
                                p.function(lambda m, a: a), 5)


@tap.case
def the_unwinder_leaves_a_small_stack_at_every_instruction_of_call_on_system():
    p = Process().begin()
    record, _, _ = p.map_stack()
    same(p.result('client_attach'), 0)
    thread, nothing = current(p), p.function(lambda m, a: a)
    watched = []

    def on_stack(m, _):
        own = registers(m)
        watched.append(EachInstruction(p, 'libcgo_call_on_system', kept_before(p)))
        m.call_within(p.address('libcgo_call_on_system'), [thread, nothing, 0],
                      lambda m, result: set_registers(m, own))
    p.call('client_on_stack', record, p.function(on_stack), 0)
    watched[0].check()


@tap.case
def every_function_of_the_library_has_a_frame_description():
    image = Process().library
    described = [d[:2] for d in unwind.frame_descriptions(image, 8)]
    same([n for n, at in image.functions.items()
          if not any(lo <= at < hi for lo, hi in described)], [])


# ---- stacks ----

@on('freebsd', 'netbsd')
def a_memory_map_that_grows_meanwhile_is_read_again():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    other = p.system.map_stack(65536)
    p.system.tables_grow = 1
    same(p.bounds_at(other + 32768), (0, [other, other + 65536, 3]))
    same(p.m.calls.count('sysctl'), 4)


@on('freebsd', 'netbsd')
def a_memory_map_that_always_grows_is_given_up():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    other = p.system.map_stack(65536)
    p.system.tables_grow = 1000
    same(p.bounds_at(other + 32768)[0], ENOMEM)
    grown = 1000 - p.system.tables_grow
    assert 1 < grown < 20, grown


@tap.case
def a_memory_map_that_was_read_is_given_back():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    other = p.system.map_stack(65536)
    before = list(p.m.mapped)
    same(p.bounds_at(other + 32768)[0], 0)
    same([r for r in p.m.mapped if r not in before and r[1] - r[0] != 1 << 20], [])


@on('openbsd')
def a_mapped_stack_may_be_that_of_a_system_call():
    p = Process().begin()
    _, lo, hi = p.map_stack()
    assert any(a <= lo and hi <= b for a, b in p.system.stacks), p.system.stacks


# ---- threads ----

@on('freebsd', 'netbsd')
def a_thread_gets_the_cpus_that_were_asked_for():
    p = Process().begin()
    cpus = p.m.allocate(8)
    p.m.write_word(cpus, 0x5)
    seen = []
    fn = p.function(lambda m, t, a: seen.append(p.system.own['cpus']))
    same(p.result('client_create', fn, 0, 0, 0, cpus), 0)
    same(seen, [(5).to_bytes(8, 'little')])


@on('freebsd', 'netbsd')
def a_thread_that_is_refused_its_cpus_is_none_and_its_creator_hears_why():
    p = Process().begin()
    p.system.refuses_cpus = EPERM
    seen = []
    fn = p.function(lambda m, t, a: seen.append(a))
    same(p.result('client_create', fn, 0, 0, 0, p.m.allocate(8)), EPERM)
    same((seen, p.variable('client_enters')), ([], 0))
    same(p.system.allocated, {}, 'what is not freed')


def limit_after_a_second():
    p = Process().begin()
    p.system.refused_threads = 10000
    text = p.m.allocate(512)

    def limit():
        same(p.result('client_limit', p.function(lambda m, t, a: None), text, 512),
             EAGAIN)
        assert 900 <= p.system.slept_ms <= 1300, p.system.slept_ms
        return p.m.read_string(text)
    return p, limit


@on('freebsd')
def the_limit_of_threads_is_named_after_one_second():
    p, limit = limit_after_a_second()
    p.system.thread_count = 1499
    same(limit(), 'max_threads_per_proc is 1500, in use are 1499 threads of the process: '
         'raise it (sysctl kern.threads.max_threads_per_proc)')


@on('openbsd')
def the_limit_of_threads_is_named_after_one_second():
    p, limit = limit_after_a_second()
    p.system.thread_count = 2529
    same(limit(), 'kern.maxthread is 2530, in use are 2529 threads of the system: raise '
         'it (sysctl kern.maxthread)')


@tap.case
def no_limit_is_named_that_was_not_reached():
    _, limit = limit_after_a_second()
    text = limit()
    assert 'threads' not in text, text


@on('freebsd', 'netbsd')
def the_executables_pair_is_at_one_distance_from_each_thread_pointer():
    p = Process().begin()
    same(p.result('client_claim'), 0)
    offset = p.m.signed(p.m.read_word(p.address('client_offset')))
    for thread in (p.initial, p.system.foreign_thread()):
        pair = p.call('client_pair', thread=thread)
        same(pair, thread.segment + offset)
        same(p.call('libcgo_slots_at', offset, thread=thread), pair)
        same((p.m.read_word(pair), p.m.read_word(pair + 8)), (0, 0))


@on('freebsd', 'netbsd')
def a_pair_beside_the_executables_variables_is_refused():
    for place in (lambda lo, size: lo - 16, lambda lo, size: lo + size, None):
        p = Process(initialize=False).begin()
        lo, size = p.system.own['tls'], p.program.images[0].header(TLS)[6]
        p.call('client_define_slots', place(lo, size) if place else p.m.allocate(16))
        same(p.result('client_claim'), System.ENOTSUP)


# ---- the loader ----

@tap.case
def the_library_is_kept_mapped_and_the_program_is_not_opened():
    p = Process().begin()
    same(p.result('client_attach'), 0)
    same(p.system.opened, [(LIBRARY, RTLD_LAZY | System.RTLD_NOLOAD_NODELETE)])


@tap.case
def hooks_find_the_unwinder_of_the_system():
    p = Process().begin()
    found = ENOENT if System.UNWINDER is None else 0
    same(p.result('libcgo_traceback_set', p.address('client_runtime'), 0), found)


@tap.case
def an_address_of_the_library_has_its_names():
    p = Process().begin()
    symbol = p.m.allocate(120)
    p.m.write(symbol, bytes(120))
    p.m.write(symbol, (120).to_bytes(4, 'little') + (1).to_bytes(4, 'little'))
    entry = p.address('crosscall2')
    p.m.write_word(symbol + 8, entry + 8)
    same(p.result('libcgo_symbolize', p.address('client_runtime'), symbol), 0)
    function, found, object_ = (p.m.read_word(symbol + 8 * i) for i in (2, 3, 4))
    same((p.m.read_string(object_), p.m.read_string(function), found),
         (LIBRARY, 'crosscall2', entry))


# ---- the image ----

@tap.case
def the_library_exports_what_the_map_says_and_nothing_else():
    same(sorted(Process().library.exported), names_of_map(MAP, CLASSIC_NAMES))


@tap.case
def the_model_has_all_that_the_library_needs():
    p = Process()
    same([name for image, name in p.program.missing if image is p.library], [])


@tap.case
def the_library_has_no_function_that_runs_when_it_is_loaded():
    p = Process()
    same([f for f in p.program.initializers if p.library.contains(f)], [])


if __name__ == '__main__':
    # A routine of the Go face, which is Linux's: linkers leave it out.
    images = Images(Machine(CPU, System.THREAD_POINTER[CPU]))
    images.load(CLIENT, LIBRARY)
    absent = () if 'libcgo_crosscall_g' in images.names else ('crosscall_g',)
    tap.add(common, Process, without=absent + System.WITHOUT)
    sys.exit(tap.run(only=sys.argv[6] if len(sys.argv) > 6 else None) != 0)
