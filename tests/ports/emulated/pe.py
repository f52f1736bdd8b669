# SPDX-License-Identifier: BSD-3-Clause
"""
PE images for the machine: what its loader does, as far as libcgo-0.dll needs it.
"""

import struct


class Image:
    """A DLL of 32 bits, loaded where it wants to be."""

    frame_section = '.eh_frame'

    def __init__(self, machine, path, imports):
        with open(path, 'rb') as f:
            data = f.read()
        m = self.m = machine
        pe = struct.unpack_from('<I', data, 0x3c)[0]
        assert data[pe:pe + 4] == b'PE\0\0', path
        sections, optional = struct.unpack_from('<H12xH', data, pe + 6)
        header = pe + 24
        assert struct.unpack_from('<H', data, header)[0] == 0x10b, 'not of 32 bits'
        self.base, = struct.unpack_from('<I', data, header + 28)
        size, header_size = struct.unpack_from('<II', data, header + 56)
        image = bytearray((size + 4095) & ~4095)
        image[:header_size] = data[:header_size]
        symbols, symbol_count = struct.unpack_from('<II', data, pe + 12)
        self.sections = {}  # name: (address, data)
        for i in range(sections):
            at = header + optional + 40 * i
            length, place, raw_size, raw = struct.unpack_from('<IIII', data, at + 8)
            n = min(length, raw_size)
            image[place:place + n] = data[raw:raw + n]
            name = data[at:at + 8].rstrip(b'\0')
            if name[:1] == b'/':  # a long one is behind the symbols
                begin = symbols + 18 * symbol_count + int(name[1:])
                name = data[begin:data.index(b'\0', begin)]
            name = name.decode()
            self.sections[name] = (self.base + place, data[raw:raw + n])
        m.map(self.base, len(image), 'rwx', image)
        self.end = self.base + len(image)
        self.directories = [struct.unpack_from('<II', data, header + 96 + 8 * i)
                            for i in range(16)]
        self.exports = self._read_exports()
        self._bind(imports)

    def holds(self, address):
        return self.base <= address < self.end

    def word(self, place):
        return self.m.read_word(self.base + place)

    def _read_exports(self):
        at = self.directories[0][0]
        count = self.word(at + 24)
        functions, names, numbers = (self.word(at + 28 + 4 * i) for i in range(3))
        found = {}
        for i in range(count):
            name = self.m.read_string(self.base + self.word(names + 4 * i))
            number = self.word(numbers + 2 * i) & 0xffff
            found[name] = self.base + self.word(functions + 4 * number)
        return found

    def _bind(self, imports):
        at = self.directories[1][0]
        self.libraries = []
        while self.word(at + 12) != 0:
            self.libraries.append(self.m.read_string(self.base + self.word(at + 12)))
            names, places = self.word(at), self.word(at + 16)
            while (name := self.word(names)) != 0:
                text = self.m.read_string(self.base + name + 2)
                self.m.write_word(self.base + places, imports(text))
                names, places = names + 4, places + 4
            at += 20

    def notices(self):
        """What the loader calls at the end of a thread: the TLS directory's list."""
        at = self.word(self.directories[9][0] + 12)
        found = []
        while (function := self.m.read_word(at)) != 0:
            found.append(function)
            at += 4
        return found
