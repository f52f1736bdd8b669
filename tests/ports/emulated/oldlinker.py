# SPDX-License-Identifier: BSD-3-Clause
"""
6l and 8l of December 2010, as far as they read Mach-O objects: they load the sections
of __TEXT and __DATA, know a symbol by its name (a local one by its name within the
object), and these relocations. amd64: X86_64_RELOC_UNSIGNED, SIGNED and BRANCH, and with
a symbol SIGNED_1, SIGNED_2, SIGNED_4, GOT_LOAD and GOT. 386: GENERIC_RELOC_VANILLA. The
scattered pair SECTDIFF and PAIR, which 8l knows too, has a sum that 8l ignores: it is
refused here.
"""

import struct

N_STAB, N_TYPE, N_EXT, N_SECT = 0xe0, 0x0e, 1, 0x0e
KINDS = {8: {0: 'UNSIGNED', 1: 'SIGNED', 2: 'BRANCH', 3: 'GOT_LOAD', 4: 'GOT',
             6: 'SIGNED_1', 7: 'SIGNED_2', 8: 'SIGNED_4'},
         4: {0: 'VANILLA'}}
ZEROFILL = 1
IMAGE_BYTES = 1 << 20


class Refused(AssertionError):
    """What such a linker does not know."""


class Section:
    def __init__(self, data, at, word):
        self.name, self.segment = (data[at + i:at + i + 16].rstrip(b'\0').decode()
                                   for i in (0, 16))
        self.addr, self.size, self.offset, self.align, reloff, count, flags = \
            struct.unpack_from('<2Q5I' if word == 8 else '<7I', data, at + 32)
        self.kind = flags & 0xff
        self.loaded = self.segment in ('__TEXT', '__DATA') and self.name != '__eh_frame'
        self.address = None
        self.relocations = [struct.unpack_from('<2I', data, reloff + 8 * i)
                            for i in range(count)]


class Object:
    def __init__(self, name, data, word):
        self.name, self.data, self.word = name, data, word
        magic, _, _, kind, commands = struct.unpack_from('<5I', data)
        if magic != (0xfeedfacf if word == 8 else 0xfeedface) or kind != 1:
            raise Refused('%s is no object' % name)
        self.sections, self.symbols = [], []
        at = 32 if word == 8 else 28
        for _ in range(commands):
            command, size = struct.unpack_from('<2I', data, at)
            if command == (25 if word == 8 else 1):  # LC_SEGMENT_64, LC_SEGMENT
                first, each = (72, 80) if word == 8 else (56, 68)
                count, = struct.unpack_from('<I', data, at + first - 8)
                self.vmaddr, = struct.unpack_from('<Q' if word == 8 else '<I', data, at + 24)
                self.fileoff, = struct.unpack_from('<Q' if word == 8 else '<I', data,
                                                   at + (40 if word == 8 else 32))
                self.sections = [Section(data, at + first + each * i, word)
                                 for i in range(count)]
            elif command == 2:  # LC_SYMTAB
                self.table, count, strings, _ = struct.unpack_from('<4I', data, at + 8)
                for i in range(count):
                    text, kind, section, _, value = struct.unpack_from(
                        '<IBBHQ' if word == 8 else '<IBBHI', data, self.table + (8 + word) * i)
                    end = data.index(b'\0', strings + text)
                    self.symbols.append((data[strings + text:end].decode(), kind, section,
                                         value))
            at += size

    def locals(self):
        return [name for name, kind, section, _ in self.symbols
                if not kind & N_STAB and not kind & N_EXT and section]


def c_name(name):
    return name[1:] if name[:1] == '_' and len(name) > 1 else name


class OldLinker:
    """Links objects into a machine, whose imports are the C library."""

    def __init__(self, machine, objects):
        self.machine, self.word = machine, machine.word
        self.base = machine.map(0x1000000 if self.word == 4 else 0x100000000, IMAGE_BYTES,
                                'rwx')
        self.end = self.base
        self.names = {}  # (name, object or None): address
        self.ours = set()
        self.stubs, self.words = {}, {}
        self.images = []
        for o in objects:
            self._load(o)
        for o in objects:
            self._define(o)
        for o in objects:
            for section in o.sections:
                if section.loaded:
                    for relocation in section.relocations:
                        self._relocate(o, section, *relocation)

    def address(self, name):
        return self.names[name, None]

    def image_of(self, address):
        return None

    def symbol_of(self, address):
        return None

    def _room(self, size):
        """Deliberately never aligned to 16."""
        self.end = (self.end + 15 & ~15) + 8
        at = self.end
        self.end += size
        assert self.end < self.base + IMAGE_BYTES
        return at

    def _load(self, o):
        for section in o.sections:
            if not section.loaded:
                continue
            if section.kind == ZEROFILL:
                raise Refused('%s: %s has no bytes' % (o.name, section.name))
            section.address = self._room(section.size)
            # The file is taken to have sections where memory has them.
            at = o.fileoff + section.addr - o.vmaddr
            self.machine.write(section.address, o.data[at:at + section.size])

    def _key(self, o, symbol):
        name, kind, _, _ = symbol
        return c_name(name), None if kind & N_EXT else o

    def _define(self, o):
        entered = set()
        for symbol in o.symbols:
            name, kind, number, value = symbol
            if kind & N_STAB:
                continue
            key = self._key(o, symbol)
            if number == 0:
                if value and key not in self.names:  # common, of the client's own objects
                    self.names[key] = self._room(value)
                    self.machine.write(self.names[key], bytes(value))
                    self.ours.add(key)
                continue
            section = o.sections[number - 1]
            if not section.loaded:
                raise Refused('%s: %s is in %s' % (o.name, name, section.name))
            # The list of the section becomes a circle.
            if key in entered:
                raise Refused('%s: %s is entered twice' % (o.name, name))
            entered.add(key)
            self.names[key] = section.address + value - section.addr
            self.ours.add(key)

    def _import(self, key):
        name = key[0].split('$')[0]
        if name not in self.machine.imports:
            def missing(machine):
                raise AssertionError('%s is called, and the model has none' % name)
            self.machine.add_import(name, missing)
        return self.machine.imports[name]

    def _stub(self, key):
        """A jump to what is imported."""
        if key not in self.stubs:
            at = self.stubs[key] = self._room(6 + self.word)
            word = at + 6
            self.machine.write(at, b'\xff\x25' + (bytes(4) if self.word == 8 else
                                                  word.to_bytes(4, 'little')))
            self.machine.write_word(word, self._import(key))
        return self.stubs[key]

    def _word(self, key):
        if key not in self.words:
            self.words[key] = self._room(self.word)
            self.machine.write_word(self.words[key], self._import(key))
        return self.words[key]

    def _relocate(self, o, section, first, second):
        if first & 0x80000000:
            raise Refused('%s: a scattered relocation' % o.name)
        kind = KINDS[self.word].get(second >> 28)
        external, relative = second >> 27 & 1, second >> 24 & 1
        width = 1 << (second >> 25 & 3)
        index = second & 0xffffff
        if kind is None:
            raise Refused('%s: a relocation of type %d' % (o.name, second >> 28))
        if not external and self.word == 8:
            raise Refused('%s: %s without a symbol' % (o.name, kind))
        place = section.address + first
        addend = int.from_bytes(self.machine.read(place, width), 'little', signed=True)
        if relative and self.word == 4:
            # What is subtracted is in the word: the place's end, as the object has it.
            addend += first + width
        if external:
            key = self._key(o, o.symbols[index])
            target = self.names.get(key)
            if kind in ('GOT', 'GOT_LOAD'):
                if target is not None:
                    # What loads the word is made to compute the address.
                    if self.machine.read(place - 2, 1) != b'\x8b':
                        raise Refused('%s: the word of %s is not loaded by mov' %
                                      (o.name, key[0]))
                    self.machine.write(place - 2, b'\x8d')
                else:
                    target = self._word(key)
            elif target is None:
                called = kind == 'BRANCH' or self.word == 4 and relative
                if not called:
                    raise Refused('%s: the address of %s' % (o.name, key[0]))
                target = self._stub(key)
        else:
            target = o.sections[index - 1].address
            if target is None:
                raise Refused('%s: %s is used' % (o.name, o.sections[index - 1].name))
            addend -= o.sections[index - 1].addr
        value = target + addend - (place + width if relative else 0)
        if relative and self.word == 8:
            assert -1 << 31 <= value < 1 << 31
        self.machine.write(place, self.machine.to_bytes(value, width))
