# SPDX-License-Identifier: BSD-3-Clause
"""
Unwinds one frame of an image, as the unwinder of its system does: by the compact entry
of __unwind_info where Darwin has it, else by the frame description in .eh_frame (DWARF,
section 6.4; Linux Standard Base, "Exception Frames").
"""

import struct

# DWARF numbers. On 386 those of Darwin's __eh_frame, which has ebp and esp the other way
# round.
NUMBERS = {
    'amd64': dict(enumerate(['rax', 'rdx', 'rcx', 'rbx', 'rsi', 'rdi', 'rbp', 'rsp',
                             'r8', 'r9', 'r10', 'r11', 'r12', 'r13', 'r14', 'r15',
                             'pc'])),
    '386': dict(enumerate(['eax', 'ecx', 'edx', 'ebx', 'ebp', 'esp', 'esi', 'edi',
                           'pc'])),
    'arm64': {**{i: 'x%d' % i for i in range(31)}, 31: 'sp',
              **{64 + i: 'd%d' % i for i in range(32)}},
}
# As ELF and PE have them.
NUMBERS_386 = {**NUMBERS['386'], 4: 'esp', 5: 'ebp'}
STACK_POINTER = {'amd64': 'rsp', '386': 'esp', 'arm64': 'sp'}


class NoFrame(AssertionError):
    pass


class Cursor:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def unsigned(self, size):
        self.at += size
        return int.from_bytes(self.data[self.at - size:self.at], 'little')

    def signed(self, size):
        value = self.unsigned(size)
        return value - (1 << 8 * size) if value >> (8 * size - 1) else value

    def uleb(self):
        value = shift = 0
        while True:
            byte = self.unsigned(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    def sleb(self):
        start = self.at
        value = self.uleb()
        bits = 7 * (self.at - start)
        return value - (1 << bits) if value >> (bits - 1) else value


def frame_descriptions(image, word):
    """(begin, end, cie, instructions) of each function."""
    address, data = image.sections[image.frame_section]
    found = []
    at = 0
    while at + 4 <= len(data):
        length = int.from_bytes(data[at:at + 4], 'little')
        if length == 0:
            break
        end = at + 4 + length
        c = Cursor(data, at + 4)
        back = c.unsigned(4)
        if back != 0:
            cie = _parse_cie(data, at + 4 - back, word)
            pc_at = address + c.at
            # DW_EH_PE_pcrel | absptr, or sdata4
            bytes_ = {0x10: word, 0x1b: 4}[cie['pointers']]
            begin = pc_at + c.signed(bytes_)
            size = c.unsigned(bytes_)
            if cie['augmented']:
                c.at += c.uleb()
            mask = (1 << 8 * word) - 1
            found.append((begin & mask, (begin + size) & mask, cie, data[c.at:end],
                          at))
        at = end
    return found


def _parse_cie(data, at, word):
    end = at + 4 + int.from_bytes(data[at:at + 4], 'little')
    c = Cursor(data, at + 9)
    augmentation = data[c.at:data.index(b'\0', c.at)].decode()
    c.at += len(augmentation) + 1
    cie = {'code': c.uleb(), 'data': c.sleb(), 'return': c.uleb(),
           'augmented': augmentation.startswith('z'), 'pointers': 0x10}
    if cie['augmented']:
        size = c.uleb()
        after = c.at + size
        for letter in augmentation[1:]:
            encoding = c.unsigned(1)
            if letter == 'R':
                cie['pointers'] = encoding
            elif letter == 'P':  # DW_EH_PE_sdata4, or a word
                c.at += 4 if encoding & 0xf == 0xb else word
        c.at = after
    cie['instructions'] = data[c.at:end]
    return cie


class Rules:
    def __init__(self):
        self.cfa = None  # (register, offset)
        self.saved = {}  # register: ('at', offset from the CFA) or ('in', register)

    def copy(self):
        other = Rules()
        other.cfa, other.saved = self.cfa, dict(self.saved)
        return other


def _run(instructions, cie, rules, initial, location, pc):
    """Runs the rules up to the row of pc."""
    c = Cursor(instructions)
    stack = []
    while c.at < len(instructions):
        op = c.unsigned(1)
        high, low = op & 0xc0, op & 0x3f
        if high == 0x40 or op in (2, 3, 4):  # DW_CFA_advance_loc
            delta = low if high else c.unsigned({2: 1, 3: 2, 4: 4}[op])
            location += delta * cie['code']
            if location > pc:
                return
        elif high == 0x80:
            rules.saved[low] = ('at', c.uleb() * cie['data'])
        elif high == 0xc0 or op == 0x06:
            register = low if high else c.uleb()
            if register in initial.saved:
                rules.saved[register] = initial.saved[register]
            else:
                rules.saved.pop(register, None)
        elif op == 0x00:
            pass
        elif op == 0x05:  # DW_CFA_offset_extended
            register = c.uleb()
            rules.saved[register] = ('at', c.uleb() * cie['data'])
        elif op == 0x09:  # DW_CFA_register
            register = c.uleb()
            rules.saved[register] = ('in', c.uleb())
        elif op == 0x0a:
            stack.append(rules.copy())
        elif op == 0x0b:
            old = stack.pop()
            rules.cfa, rules.saved = old.cfa, old.saved
        elif op == 0x0c:
            register = c.uleb()
            rules.cfa = (register, c.uleb())
        elif op == 0x0d:
            rules.cfa = (c.uleb(), rules.cfa[1])
        elif op == 0x0e:
            rules.cfa = (rules.cfa[0], c.uleb())
        elif op == 0x2d:  # DW_CFA_AARCH64_negate_ra_state
            pass
        else:
            raise NoFrame('frame instruction %#x' % op)


def by_dwarf(machine, image, registers, pc):
    """pc: an address in the instruction whose row it is."""
    cpu = machine.cpu.name
    names = NUMBERS_386 if cpu == '386' and image.frame_section == '.eh_frame' \
        else NUMBERS[cpu]
    word = machine.word
    for begin, end, cie, instructions, _ in frame_descriptions(image, word):
        if begin <= pc < end:
            break
    else:
        raise NoFrame('no frame description at %#x' % pc)
    initial = Rules()
    _run(cie['instructions'], cie, initial, Rules(), 0, 0)
    rules = initial.copy()
    _run(instructions, cie, rules, initial, begin, pc)
    cfa = registers[names[rules.cfa[0]]] + rules.cfa[1]
    caller = dict(registers)
    for number, (kind, where) in rules.saved.items():
        if kind == 'at':
            size = 8 if cpu == 'arm64' else word
            caller[names[number]] = int.from_bytes(
                machine.read(cfa + where, size), 'little')
        else:
            caller[names[number]] = registers[names[where]]
    caller[STACK_POINTER[cpu]] = cfa
    caller['pc'] = caller[names[cie['return']]]
    return caller


# ---- __unwind_info, <mach-o/compact_unwind_encoding.h> ----

MODE_DWARF = {'amd64': 4, 'arm64': 3}


def compact_encoding(image, pc):
    """The encoding of the function that has pc, or 0."""
    address, data = image.sections['__unwind_info']
    offset = pc - 1 - image.base
    words = struct.unpack_from('<7I', data)
    version, common_at, common_count, _, _, index_at, index_count = words
    if version != 1:
        raise NoFrame('__unwind_info: version %d' % version)
    index = [struct.unpack_from('<3I', data, index_at + 12 * i)
             for i in range(index_count)]
    for i, (first, page, _) in enumerate(index[:-1]):
        if not first <= offset < index[i + 1][0] or page == 0:
            continue
        kind, at, count = struct.unpack_from('<IHH', data, page)
        best = 0
        if kind == 2:  # regular: (function, encoding)
            for k in range(count):
                function, encoding = struct.unpack_from('<2I', data, page + at + 8 * k)
                if function <= offset:
                    best = encoding
        else:  # compressed: the encoding's number, and the function from the page's first
            own_at, own_count = struct.unpack_from('<2H', data, page + 8)
            for k in range(count):
                entry = struct.unpack_from('<I', data, page + at + 4 * k)[0]
                if first + (entry & 0xffffff) <= offset:
                    number = entry >> 24
                    at_ = common_at + 4 * number if number < common_count else \
                        page + own_at + 4 * (number - common_count)
                    best = struct.unpack_from('<I', data, at_)[0]
        return best
    return 0


def by_compact(machine, encoding, registers, entry=None):
    cpu = machine.cpu.name
    mode = encoding >> 24 & 15
    caller = dict(registers)

    def at(address):
        return machine.read_word(address)
    if cpu == 'amd64' and mode == 1:  # a frame of rbp
        fp = registers['rbp']
        place = fp - 8 * (encoding >> 16 & 255)
        for i in range(5):
            register = encoding >> 3 * i & 7
            if register:
                name = [None, 'rbx', 'r12', 'r13', 'r14', 'r15'][register]
                caller[name] = at(place + 8 * i)
        caller['rbp'], caller['pc'], caller['rsp'] = at(fp), at(fp + 8), fp + 16
    elif cpu == 'amd64' and mode in (2, 3):  # none; the size in words, or in the code
        size = 8 * (encoding >> 16 & 255)
        if mode == 3:
            size = int.from_bytes(machine.read(entry + (encoding >> 16 & 255), 4),
                                  'little') + 8 * (encoding >> 13 & 7)
        count = encoding >> 10 & 7
        order = _permutation(encoding & 0x3ff, count)
        cfa = registers['rsp'] + size
        for i, register in enumerate(order):
            name = [None, 'rbx', 'r12', 'r13', 'r14', 'r15', 'rbp'][register]
            caller[name] = at(cfa - 8 - 8 * (count - i))
        caller['pc'], caller['rsp'] = at(cfa - 8), cfa
    elif cpu == 'arm64' and mode == 4:  # a frame of x29, pairs below it
        fp = place = registers['x29']
        pairs = [('x19', 'x20'), ('x21', 'x22'), ('x23', 'x24'), ('x25', 'x26'),
                 ('x27', 'x28'), None, None, None, ('d8', 'd9'), ('d10', 'd11'),
                 ('d12', 'd13'), ('d14', 'd15')]
        bits = [0, 1, 2, 3, 4, None, None, None, 8, 9, 10, 11]
        for bit, pair in zip(bits, pairs):
            if bit is not None and encoding >> bit & 1:
                for name in pair:
                    place -= 8
                    caller[name] = at(place)
        caller['x29'], caller['pc'], caller['sp'] = at(fp), at(fp + 8), fp + 16
    elif cpu == 'arm64' and mode == 2:  # none: the return address is in x30
        caller['pc'] = registers['x30']
        caller['sp'] = registers['sp'] + 16 * (encoding >> 12 & 0xfff)
    else:
        raise NoFrame('compact encoding %#x' % encoding)
    return caller


def _permutation(code, count):
    """The registers that a frameless function has pushed, as numbers from 1."""
    divisors = {6: [120, 24, 6, 2, 1], 5: [120, 24, 6, 2, 1], 4: [60, 12, 3, 1],
                3: [20, 4, 1], 2: [5, 1], 1: [1], 0: []}[count]
    digits = []
    for d in divisors:
        digits.append(code // d)
        code %= d
    if count == 6:
        digits.append(0)
    unused = [1, 2, 3, 4, 5, 6]
    return [unused.pop(d) for d in digits[:count]]


def step(machine, program, registers):
    """The caller's registers, of a frame whose registers and return address ('pc')
    are given. Raises NoFrame where nothing describes it."""
    # The row of the call, whose last byte is before the address it returns to.
    pc = registers['pc']
    image = program.image_of(pc)
    if image is None:
        raise NoFrame('%#x is in no image' % pc)
    if '__unwind_info' not in image.sections:
        return by_dwarf(machine, image, registers, pc - 1)
    encoding = compact_encoding(image, pc)
    mode = encoding >> 24 & 15
    if mode == MODE_DWARF[machine.cpu.name]:
        return by_dwarf(machine, image, registers, pc - 1)
    if mode == 0:
        raise NoFrame('no unwind entry at %#x' % pc)
    return by_compact(machine, encoding, registers, program.symbol_of(pc - 1)[1])
