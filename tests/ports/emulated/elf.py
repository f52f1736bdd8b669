# SPDX-License-Identifier: BSD-3-Clause
"""
ELF in a machine: linked images of 64 bits, little-endian, as a loader of such a system
maps them (System V ABI, chapters 4 and 5, and the supplements of amd64 and arm64).

The first image that is loaded is the program: its names come before those of others,
and its thread-local segment is the one at a fixed distance from the thread pointer.
"""

import struct

PAGE = 4096
LOAD, DYNAMIC, TLS, RELRO = 1, 2, 7, 0x6474e552
CPUS = {62: 'amd64', 183: 'arm64'}
# Types of relocations: the base and the addend; a symbol and the addend.
RELATIVE = {'amd64': 8, 'arm64': 1027}
ABSOLUTE = {'amd64': 1, 'arm64': 257}
SLOTS = {'amd64': (6, 7), 'arm64': (1025, 1026)}  # GLOB_DAT, JUMP_SLOT
# Tags of the dynamic section.
PLT_BYTES, HASH_TABLE, STRINGS, SYMBOLS, RELA, RELA_BYTES = 2, 4, 5, 6, 7, 8
INIT, PLT, INIT_ARRAY, INIT_ARRAY_BYTES, RELR = 12, 23, 25, 27, 36


def _round(size):
    return (size + PAGE - 1) // PAGE * PAGE


class Image:
    """What is known of a loaded image: sections are (address, bytes)."""

    frame_section = '.eh_frame'

    def __init__(self, path, data):
        self.path = path
        self.data = data
        self.base = 0
        self.size = 0
        self.symbols = {}
        self.functions = {}  # name: address
        self.sizes = {}  # of functions
        self.sections = {}
        self.exported = []
        self.dynamic = {}
        self.dynamic_symbols = []  # (name, whether weak, section, value)
        cpu = struct.unpack_from('<H', data, 18)[0]
        self.header_at, self.section_at = struct.unpack_from('<QQ', data, 32)
        if data[:6] != b'\x7fELF\2\1' or cpu not in CPUS:
            raise ValueError('%s: no ELF image of 64 bits' % path)
        self.cpu = CPUS[cpu]
        _, self.header_count, _, self.section_count, self.names_index = \
            struct.unpack_from('<5H', data, 54)
        # (type, flags, offset, address, address, bytes in the file, bytes, alignment)
        self.headers = [struct.unpack_from('<2I6Q', data, self.header_at + 56 * i)
                        for i in range(self.header_count)]

    def contains(self, address):
        return self.base <= address < self.base + self.size

    def header(self, kind):
        return next((h for h in self.headers if h[0] == kind), None)

    @property
    def headers_address(self):
        """The file begins the first segment."""
        return self.base + self.header_at


class Program:
    """Loads images into a machine. What none has, the machine's imports do; a weak name
    that nothing has is 0."""

    def __init__(self, machine, execute_only=False, base=0x100000000):
        self.machine = machine
        self.execute_only = execute_only  # code cannot be read
        self.images = []
        self.names = {}  # of all symbols, those of an image alone, too
        self.exports = {}
        self.missing = []  # (image, name) of what nothing has
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
        for name, at in (image.functions if image else {}).items():
            if at <= address < at + max(image.sizes[name], 1):
                return name, at
        return None

    def load(self, *paths):
        """The program, and then its libraries. What their functions before main() are,
        initializers has."""
        for path in paths:
            with open(path, 'rb') as f:
                self._map(Image(path, f.read()))
        for image in reversed(self.images):
            self.names.update(image.symbols)
            self.exports.update((n, image.symbols[n]) for n in image.exported)
        self.initializers = []
        for image in reversed(self.images):
            self._relocate(image)
            self._seal(image)
            self.initializers += self._initializers(image)

    # ---- memory ----

    def _map(self, image):
        machine = self.machine
        loads = [h for h in image.headers if h[0] == LOAD]
        image.base = self._next
        image.size = _round(max(h[3] + h[6] for h in loads))
        self._next += image.size + 16 * PAGE
        pages = set()  # one that two segments share is the first's
        for _, flags, offset, address, _, in_file, size, _ in loads:
            content = image.data[offset:offset + in_file] + bytes(size - in_file)
            protection = ''.join(c for bit, c in ((4, 'r'), (2, 'w'), (1, 'x'))
                                 if flags & bit)
            if self.execute_only and 'x' in protection:
                machine.forbid_reading(image.base + address, size)
            first, end = address // PAGE * PAGE, _round(address + size)
            lo = min((p for p in range(first, end, PAGE) if p not in pages), default=end)
            pages.update(range(lo, end, PAGE))
            if lo < end:
                machine.map(image.base + lo, end - lo, protection)
            machine.write(image.base + address, content)
        self._read_sections(image)
        self._read_dynamic(image)
        self.images.append(image)

    def _seal(self, image):
        """What is read-only after relocation; whole pages of it."""
        relro = image.header(RELRO)
        if relro is not None:
            lo = (image.base + relro[3]) // PAGE * PAGE
            hi = (image.base + relro[3] + relro[6]) // PAGE * PAGE
            self.machine.protect(lo, hi - lo, 1)

    # ---- tables ----

    def _read_sections(self, image):
        data = image.data
        sections = [struct.unpack_from('<2I4Q2I2Q', data, image.section_at + 64 * i)
                    for i in range(image.section_count)]
        strings = sections[image.names_index][4] if sections else 0

        def text(table, at):
            return data[table + at:data.index(b'\0', table + at)].decode()
        for name, kind, _, address, offset, size, link, *_ in sections:
            if address and kind != 8:  # SHT_NOBITS
                image.sections[text(strings, name)] = (image.base + address,
                                                       data[offset:offset + size])
            if kind != 2:  # SHT_SYMTAB
                continue
            for at in range(offset, offset + size, 24):
                symbol, info, _, index, value, length = struct.unpack_from(
                    '<IBBHQQ', data, at)
                if index in (0, 0xfff1) or info & 15 not in (0, 1, 2) or \
                        not (named := text(sections[link][4], symbol)):
                    continue
                image.symbols[named] = image.base + value
                if info & 15 == 2:  # STT_FUNC
                    image.functions[named] = image.base + value
                    image.sizes[named] = length

    def _read_dynamic(self, image):
        machine = self.machine
        header = image.header(DYNAMIC)
        if header is None:
            return
        at = image.base + header[3]
        while True:
            tag, value = machine.read_word(at), machine.read_word(at + 8)
            if tag == 0:
                break
            image.dynamic[tag] = value
            at += 16
        strings = image.base + image.dynamic[STRINGS]
        # DT_HASH says how many symbols there are.
        count = struct.unpack('<2I', machine.read(
            image.base + image.dynamic[HASH_TABLE], 8))[1]
        for i in range(count):
            name, info, _, index, value, _ = struct.unpack('<IBBHQQ', machine.read(
                image.base + image.dynamic[SYMBOLS] + 24 * i, 24))
            name = machine.read_string(strings + name)
            weak = info >> 4 == 2
            image.dynamic_symbols.append((name, weak, index, value))
            if index not in (0, 0xfff1):  # SHN_ABS: the version's own name
                image.exported.append(name)
                image.symbols.setdefault(name, image.base + value)

    # ---- relocation ----

    def _relocate(self, image):
        machine, dynamic = self.machine, image.dynamic
        if RELR in dynamic:
            raise ValueError('%s: packed relocations' % image.path)
        for table, size in ((RELA, RELA_BYTES), (PLT, PLT_BYTES)):
            if table not in dynamic:
                continue
            for at in range(0, dynamic[size], 24):
                place, info, addend = struct.unpack('<QQq', machine.read(
                    image.base + dynamic[table] + at, 24))
                kind, symbol = info & 0xffffffff, info >> 32
                if kind == RELATIVE[image.cpu]:
                    value = image.base + addend
                elif kind == ABSOLUTE[image.cpu] or kind in SLOTS[image.cpu]:
                    value = self._resolve(image, symbol) + addend
                else:
                    raise ValueError('%s: relocation %d' % (image.path, kind))
                machine.write_word(image.base + place, value)

    def _resolve(self, image, number):
        name, weak, index, value = image.dynamic_symbols[number]
        if name in self.exports and (index == 0 or name in image.exported):
            return self.exports[name]
        if index != 0:
            return image.base + value
        if name in self.machine.imports:
            return self.machine.imports[name]
        if weak:
            return 0

        self.missing.append((image, name))

        def missing(machine):  # the program stops where it calls it
            raise AssertionError('%s is called, and the model has none' % name)
        return self.machine.add_import(name, missing)

    def _initializers(self, image):
        machine, dynamic = self.machine, image.dynamic
        found = []
        if INIT in dynamic:
            found.append(image.base + dynamic[INIT])
        for at in range(0, dynamic.get(INIT_ARRAY_BYTES, 0), 8):
            found.append(machine.read_word(image.base + dynamic[INIT_ARRAY] + at))
        return [f for f in found if f not in (0, (1 << 64) - 1)]

    # ---- thread-local variables of the program ----

    def thread_block(self, below):
        """Memory for a thread: its thread pointer, and where its copy of the program's
        thread-local variables begins, below that or 16 bytes above; or 0."""
        tls = self.images[0].header(TLS)
        machine = self.machine
        block = machine.map_new(4 * PAGE)
        pointer = block + 2 * PAGE
        if tls is None:
            return pointer, 0
        _, _, offset, address, _, in_file, size, alignment = tls
        if below:
            start = pointer - size - (-size - address) % alignment
        else:
            start = pointer + 16 + (address - 16) % alignment
        machine.write(start, self.images[0].data[offset:offset + in_file])
        return pointer, start
