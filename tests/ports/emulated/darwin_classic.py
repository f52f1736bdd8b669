#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
darwin_classic.py CPU OBJECT CLIENT MAP [CASE]

Links libcgo-classic.o for Darwin as linkers of 2010 did, beside tests/classic/foreign-client.c,
and runs both on an emulated CPU.
"""

import re
import sys

from cases import CLASSIC_NAMES, Program
from libsystem import LibSystem
from machine import Machine, Tap, same
from oldlinker import N_EXT, N_STAB, Object, OldLinker, Refused

CPU, OBJECT, CLIENT = sys.argv[1:4]
WORD = 4 if CPU == '386' else 8
tap = Tap()


def read(path):
    with open(path, 'rb') as f:
        return f.read()


def library():
    return Object('libcgo-classic.o', read(OBJECT), WORD)


def client():
    return Object('the client', read(CLIENT), WORD)


class Process(Program):
    def __init__(self, array, objects):
        self.m = Machine(CPU, 'gs')
        self.system = LibSystem(self.m, array)
        self.program = OldLinker(self.m, objects)
        self.system.start(self.program)
        self.initial = self.m.threads[0]


@tap.case
def no_local_name_of_the_object_occurs_twice():
    names = library().locals()
    same(sorted(n for n in set(names) if names.count(n) > 1), [])


@tap.case
def the_old_linker_refuses_a_local_name_that_occurs_twice():
    # The second local symbol of __text gets the name of the first.
    o = library()
    each = 8 + WORD
    local = [i for i, (_, kind, section, _) in enumerate(o.symbols)
             if section == 1 and not kind & (N_EXT | N_STAB)]
    assert len(local) > 1
    data = bytearray(o.data)
    data[o.table + each * local[1]:o.table + each * local[1] + 4] = \
        data[o.table + each * local[0]:o.table + each * local[0] + 4]
    try:
        OldLinker(Machine(CPU, 'gs'), [Object('changed', bytes(data), WORD)])
    except Refused as e:
        assert 'is entered twice' in str(e), e
    else:
        raise AssertionError('it is taken')


@tap.case
def only_public_names_of_the_object_are_global():
    crosscalls = {'crosscall_386', 'crosscall_amd64'} - {'crosscall_' + CPU}
    wanted = CLASSIC_NAMES - crosscalls | {'crosscall2', 'libcgo_version'}
    found = [name[1:] for name, kind, section, _ in library().symbols
             if kind & N_EXT and section]
    same(sorted(found), sorted(wanted))


@tap.case
def every_symbol_of_the_object_is_in_a_section_that_is_loaded():
    o = library()
    same([name for name, _, section, _ in o.symbols
          if section and not o.sections[section - 1].loaded], [])


@tap.case
def no_section_of_the_object_is_aligned_to_more_than_8():
    same([s.name for s in library().sections if s.align > 3], [])


@tap.case
def the_object_needs_no_library_of_the_compiler():
    same([name for name, _, section, _ in library().symbols
          if not section and re.match(r'___\w+[sdt]i\d?$', name)], [])


@tap.case
def the_object_calls_its_own_functions_without_stubs():
    p = Process(0x48 if WORD == 4 else 0x60, [client(), library()])
    same([key[0] for key in p.program.stubs if key in p.program.ours], [])


def run_client(array):
    p = Process(array, [client(), library()])
    p.call('client_main')
    same(p.variable('client_done'), 1, 'client_done')
    same(p.variable('client_result'), 0, 'client_result')


@tap.case
def the_object_runs_beside_a_client_of_2010_on_an_old_system():
    run_client(0x48 if WORD == 4 else 0x60)


@tap.case
def the_object_runs_beside_a_client_of_2010_on_a_newer_system():
    run_client(0)


if __name__ == '__main__':
    sys.exit(tap.run(only=sys.argv[5] if len(sys.argv) > 5 else None) != 0)
