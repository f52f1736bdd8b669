# SPDX-License-Identifier: BSD-3-Clause
"""
Mach-O in a machine: linked images, which lief reads, and, where no linker is to be
had, relocatable objects of 386 and archives of them.

A program is a list of images and one table of names. Names are those of C: without
the underscore, and without what 32-bit Darwin appends to some ("$UNIX2003").
"""

import os
import struct

import lief

PAGE = 4096


def c_name(symbol):
    return symbol[1:].split('$')[0] if symbol.startswith('_') else symbol


def _round(size):
    return (size + PAGE - 1) // PAGE * PAGE


class Image:
    """What is known of a loaded image: sections are (address, bytes)."""

    frame_section = '__eh_frame'

    def __init__(self, path):
        self.path = path
        self.symbols = {}
        self.functions = {}  # of the text section alone
        self.sections = {}
        self.base = 0
        self.size = 0
        self.exported = []
        self.imported = []

    def contains(self, address):
        return self.base <= address < self.base + self.size


class Program:
    """Loads images into a machine, those first that others import from. What none
    has, the machine's imports do."""

    def __init__(self, machine, base):
        self.machine = machine
        self.images = []
        self.names = {}
        self._next = base

    def address(self, name):
        return self.names[name]

    def image_of(self, address):
        for image in self.images:
            if image.contains(address):
                return image
        return None

    def symbol_of(self, address):
        """(name, entry) of the function that has the address."""
        image = self.image_of(address)
        best = None
        for name, at in (image.functions if image else {}).items():
            if at <= address and (best is None or at > best[1]):
                best = (name, at)
        return best

    def resolve(self, symbol):
        name = c_name(symbol)
        if name in self.names:
            return self.names[name]
        if name in self.machine.imports:
            return self.machine.imports[name]
        # The program stops where it calls it.
        def missing(machine):
            raise AssertionError('%s is called, and the model has none' % name)
        return self.machine.add_import(name, missing)

    # ---- linked images ----

    def load(self, path):
        binary = lief.MachO.parse(path).at(0)
        image = Image(path)
        segments = [s for s in binary.segments
                    if s.name not in ('__PAGEZERO', '__LINKEDIT')]
        lowest = min(s.virtual_address for s in segments)
        highest = max(s.virtual_address + s.virtual_size for s in segments)
        slide = self._place(image, highest - lowest) - lowest
        for segment in segments:
            size = _round(segment.virtual_size)
            protection = 'rx' if segment.name == '__TEXT' else 'rw'
            self.machine.map(segment.virtual_address + slide, size, protection,
                             bytes(segment.content))
        for section in binary.sections:
            image.sections[section.name] = (section.virtual_address + slide,
                                            bytes(section.content))
        text = binary.get_section('__text')
        for symbol in binary.symbols:
            kind = symbol.raw_type
            if kind & 0xe0 or kind & 0x0e != 0x0e:  # N_STAB; N_SECT
                continue
            at = symbol.value + slide
            image.symbols[c_name(symbol.name)] = at
            if 0 <= symbol.value - text.virtual_address < text.size:
                image.functions[c_name(symbol.name)] = at
        for symbol in binary.exported_symbols:
            image.exported.append(c_name(symbol.name))
        word = self.machine.word
        for relocation in binary.relocations:
            at = relocation.address + slide
            self.machine.write_word(at, self.machine.read_word(at) + slide)
        for binding in binary.bindings:
            if not binding.has_symbol:
                continue
            image.imported.append(c_name(binding.symbol.name))
            to = self.resolve(binding.symbol.name) + binding.addend
            self.machine.write(binding.address + slide,
                               self.machine.to_bytes(to, word))
        self._add(image)
        return image

    def _place(self, image, size):
        image.base, image.size = self._next, _round(size)
        self._next += image.size + PAGE
        return image.base

    def _add(self, image):
        self.images.append(image)
        for name, at in image.symbols.items():
            self.names.setdefault(name, at)

    # ---- objects ----

    def load_objects(self, objects):
        """A list of (name, bytes): all names first, then what refers to them."""
        placed = [self._place_object(*o) for o in objects]
        for image, data, slide in placed:
            self._relocate(image, data, slide)
        for image, _, _ in placed:
            for segment, address, size in image.pages:
                self.machine.uc.mem_protect(address, size, segment)

    def _place_object(self, name, data):
        image = Image(name)
        image.parts = parse_object(data)
        parts = image.parts
        size = max([s['addr'] + s['size'] for s in parts['sections']] + [1])
        slide = self._place(image, size)
        memory = bytearray(_round(size))
        for section in parts['sections']:
            content = section['content']
            memory[section['addr']:section['addr'] + len(content)] = content
            image.sections[section['name']] = (section['addr'] + slide, content)
        # An object's sections share pages.
        self.machine.map(slide, len(memory), 'rwx', memory)
        image.pages = []
        for kind, n_sect, value, symbol in parts['symbols']:
            if kind & 0xe0 or kind & 0x0e != 0x0e:
                continue
            image.symbols[c_name(symbol)] = value + slide
            if parts['sections'][n_sect - 1]['name'] == '__text':
                image.functions[c_name(symbol)] = value + slide
        self._add(image)
        return image, data, slide

    def _relocate(self, image, data, slide):
        machine = self.machine
        parts = image.parts
        names = [s[3] for s in parts['symbols']]
        for section in parts['sections']:
            for scattered, at, kind, relative, external, symbol in section['relocations']:
                at += section['addr'] + slide
                # A difference of two sections of one object is not changed, and so
                # is what counts from the place itself to the object's own.
                if kind != 0 or (relative and not external):
                    continue
                value = machine.read_word(at)
                if external and not scattered:
                    value += self.resolve(names[symbol])
                    if relative:
                        value -= slide
                else:
                    value += slide
                machine.write_word(at, value)
            if section['type'] == 6:  # S_NON_LAZY_SYMBOL_POINTERS
                for i in range(section['size'] // 4):
                    index = parts['indirect'][section['reserved1'] + i]
                    at = section['addr'] + slide + 4 * i
                    if index & 0x80000000:  # INDIRECT_SYMBOL_LOCAL
                        machine.write_word(at, machine.read_word(at) + slide)
                    else:
                        machine.write_word(at, self.resolve(names[index]))


def parse_object(data):
    """A relocatable object of 32 bits, as <mach-o/loader.h>, <mach-o/nlist.h> and
    <mach-o/reloc.h> have it."""
    magic, _, _, kind, commands, _, _ = struct.unpack_from('<7I', data)
    if magic != 0xfeedface or kind != 1:
        raise ValueError('no 32-bit Mach-O object')
    parts = {'sections': [], 'symbols': [], 'indirect': []}
    at = 28
    for _ in range(commands):
        command, size = struct.unpack_from('<2I', data, at)
        if command == 1:  # LC_SEGMENT
            count = struct.unpack_from('<I', data, at + 48)[0]
            for i in range(count):
                parts['sections'].append(_section(data, at + 56 + 68 * i))
        elif command == 2:  # LC_SYMTAB
            symbols, count, strings, _ = struct.unpack_from('<4I', data, at + 8)
            for i in range(count):
                name, kind, section, _, value = struct.unpack_from(
                    '<IBBHI', data, symbols + 12 * i)
                text = data[strings + name:data.index(b'\0', strings + name)]
                parts['symbols'].append((kind, section, value,
                                         text.decode('utf-8')))
        elif command == 11:  # LC_DYSYMTAB
            table, count = struct.unpack_from('<2I', data, at + 56)
            parts['indirect'] = list(struct.unpack_from('<%dI' % count, data, table))
        at += size
    return parts


def _section(data, at):
    name = data[at:at + 16].rstrip(b'\0').decode()
    addr, size, offset, _, reloff, count, flags, reserved1 = struct.unpack_from(
        '<8I', data, at + 32)
    relocations = []
    for i in range(count):
        first, second = struct.unpack_from('<2I', data, reloff + 8 * i)
        if first & 0x80000000:
            # pad, relative, length, type and 24 bits of address
            relocations.append((True, first & 0xffffff, first >> 24 & 15,
                                first >> 30 & 1, 0, second))
        else:
            relocations.append((False, first, second >> 28, second >> 24 & 1,
                                second >> 27 & 1, second & 0xffffff))
    zeros = flags & 0xff == 1  # S_ZEROFILL
    return {'name': name, 'addr': addr, 'size': size, 'type': flags & 0xff,
            'reserved1': reserved1, 'relocations': relocations,
            'content': b'' if zeros else data[offset:offset + size]}


def read_archive(path):
    """The members of an archive of objects: (name, bytes)."""
    with open(path, 'rb') as f:
        data = f.read()
    members = []
    at = 8
    while at < len(data):
        name = data[at:at + 16].decode().rstrip()
        size = int(data[at + 48:at + 58])
        body = data[at + 60:at + 60 + size]
        if name.startswith('#1/'):  # the name stands before the content
            length = int(name[3:])
            name = body[:length].rstrip(b'\0').decode()
            body = body[length:]
        if not name.startswith('__.SYMDEF') and name not in ('/', '//'):
            members.append((name.rstrip('/'), body))
        at += 60 + size + size % 2
    return members


def load_program(machine, library, client):
    """The library, and a program that was linked with it or, where there is no
    linker, an object of it."""
    program = Program(machine, 0x1000000 if machine.word == 4 else 0x100000000)
    if machine.word == 4:
        with open(client, 'rb') as f:
            body = f.read()
        program.load_objects(read_archive(library) +
                             [(os.path.basename(client), body)])
    else:
        program.load(library)
        program.load(client)
    return program
