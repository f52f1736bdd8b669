# SPDX-License-Identifier: BSD-3-Clause
"""
A process without a system: a CPU, memory, threads, and a function of Python behind
each import. It knows nothing of file formats and systems: a loader puts an image
into memory, and a model of a system gives the imports.

    machine = Machine('amd64')
    machine.add_import('malloc', lambda m, size: m.allocate(size))
    thread = machine.new_thread(stack_bytes=65536)
    result = machine.call(thread, address, 1, 2)

The emulated threads take turns: one runs until it ends, or until an import blocks.
An import is a function of (machine, *arguments), and asks for as many words as it
has parameters. Its result, None or a number, goes to the caller. It may raise
Blocked(condition): the thread goes on, behind the import's call, when the condition
is true. A thread that reaches an address of nobody, has the stack misaligned at an
import, or runs for too long ends the test with Crash.
"""

import functools
import inspect
import struct

import unicorn
from unicorn import arm64_const as arm64
from unicorn import x86_const as x86

PAGE = 4096
MOST_INSTRUCTIONS = 5000000  # from one import to the next
MOST_IMPORTS = 20000


class Crash(Exception):
    """The emulated program did what ends a process."""


class Blocked(Exception):
    """Raised by an import: the thread waits until condition() is true."""

    def __init__(self, condition, result=0):
        super().__init__('blocked')
        self.condition = condition
        self.result = result


def _x86(name):
    return getattr(x86, 'UC_X86_REG_' + name.upper())


def _arm64(name):
    return getattr(arm64, 'UC_ARM64_REG_' + name.upper())


class Cpu:
    """What differs from CPU to CPU: the registers, and how C calls."""

    def __init__(self, name):
        self.name = name
        self.word = 4 if name == '386' else 8
        self.stack_alignment = 16  # at a call; for 386 the system's affair
        if name == 'arm64':
            self.register = _arm64
            self.pc, self.sp, self.result = map(_arm64, ('pc', 'sp', 'x0'))
            self.arguments = ['x%d' % i for i in range(8)]
            self.callee_saved = ['x%d' % i for i in range(19, 30)] + \
                ['d%d' % i for i in range(8, 16)]
            self.caller_saved = ['x%d' % i for i in range(18)] + \
                ['d%d' % i for i in range(8)] + ['d%d' % i for i in range(16, 32)]
            self.engine = (unicorn.UC_ARCH_ARM64, unicorn.UC_MODE_ARM)
        elif name == 'amd64':
            self.register = _x86
            self.pc, self.sp, self.result = map(_x86, ('rip', 'rsp', 'rax'))
            self.arguments = ['rdi', 'rsi', 'rdx', 'rcx', 'r8', 'r9']
            self.callee_saved = ['rbx', 'rbp', 'r12', 'r13', 'r14', 'r15']
            self.caller_saved = ['rax', 'rcx', 'rdx', 'rsi', 'rdi', 'r8', 'r9',
                                 'r10', 'r11']
            self.engine = (unicorn.UC_ARCH_X86, unicorn.UC_MODE_64)
        elif name == '386':
            self.register = _x86
            self.pc, self.sp, self.result = map(_x86, ('eip', 'esp', 'eax'))
            self.arguments = []
            self.callee_saved = ['ebx', 'esi', 'edi', 'ebp']
            self.caller_saved = ['eax', 'ecx', 'edx']
            self.engine = (unicorn.UC_ARCH_X86, unicorn.UC_MODE_32)
        else:
            raise ValueError(name)

    @property
    def return_on_stack(self):
        return self.name != 'arm64'


class Thread:
    """A thread that is not running: its registers, and why it does not run."""

    def __init__(self, number, stack_lo, stack_hi):
        self.number = number
        self.stack_lo = stack_lo
        self.stack_hi = stack_hi
        self.context = None
        self.segment = 0  # the base of its thread segment
        self.condition = None  # what it waits for
        self.ended = False
        self.at_end = None  # called when its first function has returned
        self.result = None
        self.keys = {}  # for the model of a system


class Machine:
    def __init__(self, cpu, segment, stack_alignment=16):
        self.cpu = Cpu(cpu)
        self.cpu.stack_alignment = stack_alignment
        self.word = self.cpu.word
        self.uc = unicorn.Uc(*self.cpu.engine)
        if cpu == 'arm64':  # with atomic instructions and signed return addresses
            self.uc.ctl_set_cpu_model(arm64.UC_CPU_ARM64_MAX)
        self.threads = []
        self.thread = None  # the one that runs
        self.imports = {}  # name: address
        self.bodies = {}  # address: (name, function, parameters)
        self.calls = []  # the names of the imports that were called
        self.at_call = lambda name: None  # a model may look at each
        self.segment = segment
        self.mapped = []  # (lo, hi, protection), for models that ask
        self._free = 0x20000000 if self.word == 4 else 0x300000000
        # An import is an address in here; so is the return address of a first
        # function. Nothing of it is ever executed.
        self._doors = self.map_new(16 * PAGE, 'rx')
        self._next_door = self._doors
        self.uc.hook_add(unicorn.UC_HOOK_CODE, self._at_door,
                         begin=self._doors, end=self._doors + 16 * PAGE - 1)
        self.end_of_thread = self.door()
        self._start_fpu()

    # ---- memory ----

    def map(self, address, size, protection='rw', data=b''):
        """Whole pages. The protection is the CPU's: a wrong access is a Crash."""
        flags = sum({'r': 1, 'w': 2, 'x': 4}[c] for c in protection)
        self.uc.mem_map(address, size, flags)
        self.mapped.append((address, address + size, protection))
        if data:
            self.uc.mem_write(address, bytes(data))
        return address

    def unmap(self, address, size):
        self.uc.mem_unmap(address, size)
        self.mapped = [(lo, hi, p) for lo, hi, p in self.mapped
                       if not (address <= lo and hi <= address + size)]

    def protect(self, address, size, flags):
        """Of whole pages: 1 to read, 2 to write, 4 to execute."""
        size = (size + PAGE - 1) // PAGE * PAGE
        self.uc.mem_protect(address, size, flags)
        protection = ''.join(c for bit, c in ((1, 'r'), (2, 'w'), (4, 'x')) if flags & bit)
        end, parts = address + size, []
        for lo, hi, old in self.mapped:
            inside = max(lo, address), min(hi, end)
            if inside[0] >= inside[1]:
                parts.append((lo, hi, old))
                continue
            parts += [(lo, inside[0], old), (*inside, protection), (inside[1], hi, old)]
        self.mapped = [part for part in parts if part[0] < part[1]]

    def forbid_reading(self, address, size):
        """Of code that is there to be executed only: Unicorn's protection allows it."""
        def look(uc, access, at, *_):
            raise Crash('%s: %#x is read, which is code' % (self.where(), at))
        self.uc.hook_add(unicorn.UC_HOOK_MEM_READ, look, begin=address,
                         end=address + size - 1)

    def map_new(self, size, protection='rw'):
        """Pages at an address of the machine's choice, with a gap around them."""
        size = (size + PAGE - 1) // PAGE * PAGE
        address = self._free
        self._free += size + 4 * PAGE
        return self.map(address, size, protection)

    def allocate(self, size):
        """Like malloc; nothing is given back, so that stale uses show."""
        if not hasattr(self, '_heap') or self._heap[1] < size + 32:
            room = max(size + 32, 1 << 20)
            self._heap = [self.map_new(room), room]
        address = (self._heap[0] + 15) & ~15
        used = address - self._heap[0] + max(size, 1)
        self._heap[0] += used
        self._heap[1] -= used
        return address

    def read(self, address, size):
        return bytes(self.uc.mem_read(address, size))

    def write(self, address, data):
        self.uc.mem_write(address, bytes(data))

    def read_word(self, address):
        return int.from_bytes(self.read(address, self.word), 'little')

    def write_word(self, address, value):
        self.write(address, self.to_bytes(value))

    def read_string(self, address):
        text = bytearray()
        while (byte := self.read(address + len(text), 1)) != b'\0':
            text += byte
        return text.decode('utf-8', 'replace')

    def to_bytes(self, value, size=None):
        size = size or self.word
        return (value & ((1 << 8 * size) - 1)).to_bytes(size, 'little')

    def signed(self, value, bits=None):
        bits = bits or 8 * self.word
        value &= (1 << bits) - 1
        return value - (1 << bits) if value >> (bits - 1) else value

    # ---- registers of the thread that runs ----

    def get(self, name):
        return self.uc.reg_read(self.cpu.register(name))

    def set(self, name, value):
        self.uc.reg_write(self.cpu.register(name), value)

    @property
    def sp(self):
        return self.uc.reg_read(self.cpu.sp)

    @sp.setter
    def sp(self, value):
        self.uc.reg_write(self.cpu.sp, value)

    @property
    def pc(self):
        return self.uc.reg_read(self.cpu.pc)

    def set_segment(self, base):
        """Where the running thread's segment begins: %gs or %fs; on arm64 what a
        register holds, tpidrro_el0 or tpidr_el0."""
        self.thread.segment = base
        if self.cpu.name == 'arm64':
            self.uc.reg_write(_arm64(self.segment), base)
        elif self.cpu.name == 'amd64':
            self.uc.reg_write(_x86(self.segment + '_base'), base)
        else:
            self._set_descriptor(base)

    def _set_descriptor(self, base):
        # 32 bits know segments by a table only: entry 1 is the flat code segment, 2
        # the flat data segment, 3 the thread's.
        def entry(at, access):
            return struct.pack('<HHBBBB', 0xffff, at & 0xffff, at >> 16 & 0xff,
                               access, 0xcf, at >> 24 & 0xff)
        if not hasattr(self, '_table'):
            self._table = self.map_new(PAGE)
        self.write(self._table, bytes(8) + entry(0, 0x9b) + entry(0, 0x93) +
                   entry(base, 0x93))
        self.uc.reg_write(x86.UC_X86_REG_GDTR, (0, self._table, 31, 0))
        self.uc.reg_write(x86.UC_X86_REG_CS, 1 << 3)
        for name in ('ss', 'ds', 'es'):
            self.uc.reg_write(_x86(name), 2 << 3)
        self.uc.reg_write(_x86(self.segment), 3 << 3)

    def _start_fpu(self):
        if self.cpu.name == 'arm64':
            self.uc.reg_write(arm64.UC_ARM64_REG_CPACR_EL1, 3 << 20)

    # ---- imports ----

    def door(self):
        """An address that only the machine knows."""
        self._next_door += 16
        return self._next_door

    def add_import(self, name, function, parameters=None):
        if parameters is None:
            parameters = len(inspect.signature(function).parameters) - 1
        address = self.door()
        self.imports[name] = address
        self.bodies[address] = (name, function, parameters)
        return address

    def argument(self, i):
        """A word that the running function was called with; at its entry."""
        if i < len(self.cpu.arguments):
            return self.get(self.cpu.arguments[i])
        i -= len(self.cpu.arguments)
        above = self.word if self.cpu.return_on_stack else 0
        return self.read_word(self.sp + above + i * self.word)

    def return_from(self, result):
        """Ends the function at whose entry the running thread is."""
        if result is not None:
            self.uc.reg_write(self.cpu.result, result & ((1 << 8 * self.word) - 1))
        if self.cpu.return_on_stack:
            to = self.read_word(self.sp)
            self.sp = self.sp + self.word
        else:
            to = self.get('x30')
        self.uc.reg_write(self.cpu.pc, to)

    def misalignment(self):
        """Bytes by which the stack pointer is off at a function's entry."""
        above = self.word if self.cpu.return_on_stack else 0
        return (self.sp + above) % self.cpu.stack_alignment

    def _at_door(self, uc, address, size, data):
        uc.emu_stop()

    # ---- threads ----

    def new_thread(self, stack_bytes=1 << 18):
        lo = self.map_new(stack_bytes)
        thread = Thread(len(self.threads), lo, lo + stack_bytes)
        self.threads.append(thread)
        return thread

    def switch_to(self, thread):
        if self.thread is thread:
            return
        if self.thread is not None:
            self.thread.context = self.uc.context_save()
        self.thread = thread
        if thread.context is not None:
            self.uc.context_restore(thread.context)
        self.set_segment(thread.segment)

    def prepare_call(self, address, arguments=(), sp=None):
        """The running thread is about to run a function, from its stack's end or
        from sp, and then to be at its end."""
        sp = (self.thread.stack_hi - 256 if sp is None else sp) & ~15
        self._place_arguments(list(arguments), sp, self.end_of_thread)
        self.uc.reg_write(self.cpu.pc, address)

    def _place_arguments(self, arguments, sp, return_address):
        """As a caller whose stack pointer is sp. Returns the bytes that are on the
        stack."""
        registers = self.cpu.arguments
        for name, value in zip(registers, arguments):
            self.set(name, value & ((1 << 8 * self.word) - 1))
        words = arguments[len(registers):]
        room = (len(words) * self.word + 15) & ~15
        for i, value in enumerate(words):
            self.write_word(sp - room + i * self.word, value)
        if self.cpu.return_on_stack:
            self.write_word(sp - room - self.word, return_address)
            self.sp = sp - room - self.word
        else:
            self.set('x30', return_address)
            self.sp = sp - room
        return room

    def start(self, thread, address, *arguments):
        """The thread begins with a function, when it is its turn."""
        running = self.thread
        self.switch_to(thread)
        self.prepare_call(address, arguments)
        thread.ended = False
        if running is not None:
            self.switch_to(running)

    def call(self, thread, address, *arguments, sp=None):
        """Calls a function on a thread, and lets all others run meanwhile and
        after. Returns its result."""
        self.switch_to(thread)
        self.prepare_call(address, arguments, sp)
        thread.ended = False
        self._run(thread)
        result = thread.result
        self.run_others()
        self.switch_to(thread)
        return result

    def run(self, thread):
        """Lets a thread run, that prepare_call has prepared, until it has ended."""
        thread.ended = False
        self._run(thread)

    def run_turn(self, thread):
        """Lets a thread run until it has ended or blocks, once."""
        if thread.ended or thread.condition is not None and not thread.condition():
            return
        running = self.thread
        self.switch_to(thread)
        thread.condition = None
        while not thread.ended and thread.condition is None:
            self._run_to_door()
        if running is not None:
            self.switch_to(running)

    def call_within(self, address, arguments, then=None):
        """For imports, at their end: the import calls a function, and returns when
        that has. `then` is called as (machine, result), and its result is the
        import's."""
        sp = self.sp
        link = None if self.cpu.return_on_stack else self.get('x30')
        frame = (sp if link is not None else sp - self.word) & ~15

        def back(machine):
            result = self.uc.reg_read(self.cpu.result)
            same(self.sp, frame - room, 'the stack pointer of the caller')
            self.sp = sp
            if link is not None:
                self.set('x30', link)
            return result if then is None else then(self, result)
        door = self.door()
        self.bodies[door] = ('back', back, None)
        room = self._place_arguments(arguments, frame, door)
        self.uc.reg_write(self.cpu.pc, address)

    def run_others(self):
        """Until every thread has ended or waits."""
        while (ready := self._ready()) is not None:
            self._run(ready)

    def end_thread(self):
        """For imports: the running thread ends here."""
        thread = self.thread
        thread.result = self.uc.reg_read(self.cpu.result)
        if thread.at_end is not None and thread.at_end():
            return  # it goes on, in a destructor
        thread.ended = True

    def _ready(self):
        for thread in self.threads:
            if thread.ended or thread.context is None and thread is not self.thread:
                continue
            if thread.condition is None or thread.condition():
                return thread
        return None

    def _run(self, target):
        """Until the thread has ended, or nothing can run."""
        self.switch_to(target)
        while not target.ended:
            thread = self._ready() if target.condition is not None and \
                not target.condition() else target
            if thread is None:
                raise Crash('every thread waits')
            self.switch_to(thread)
            thread.condition = None
            while not thread.ended and thread.condition is None:
                self._run_to_door()

    def where(self):
        return 'thread %d, pc %#x, sp %#x' % (self.thread.number, self.pc, self.sp)

    def _run_to_door(self):
        try:
            self.uc.emu_start(self.pc, 0, count=MOST_INSTRUCTIONS)
        except unicorn.UcError as e:
            raise Crash('%s: %s' % (self.where(), e)) from e
        pc = self.pc
        if pc == self.end_of_thread:
            self.end_thread()
            return
        if pc not in self.bodies:
            raise Crash('%s: stopped' % self.where())
        name, function, parameters = self.bodies[pc]
        if parameters is not None:  # else a return, not a call
            self.calls.append(name)
            if len(self.calls) > MOST_IMPORTS:
                raise Crash('%s: no end is in sight' % self.where())
            if self.misalignment() != 0:
                raise Crash('%s: %s is called with the stack %d bytes off' %
                            (self.where(), name, self.misalignment()))
            self.at_call(name)
        try:
            result = function(self, *[self.argument(i) for i in range(parameters or 0)])
        except Blocked as wait:
            self.return_from(wait.result)
            self.thread.condition = wait.condition
            return
        # Unless the import has sent the thread elsewhere.
        if self.pc == pc and not self.thread.ended:
            self.return_from(result)


class Tap:
    """Results in the Test Anything Protocol. A case is a function; its name is the
    claim."""

    def __init__(self, prefix=''):
        self.prefix = prefix
        self.cases = []

    def case(self, function):
        self.cases.append(function)
        return function

    def add(self, other, *arguments, without=()):
        """The cases of others, which are called with arguments."""
        for case in other.cases:
            if any(part in case.__name__ for part in without):
                continue
            bound = functools.partial(case, *arguments)
            bound.__name__ = case.__name__
            self.cases.append(bound)

    def run(self, *arguments, only=None):
        cases = [c for c in self.cases if only is None or c.__name__ == only]
        print('1..%d' % len(cases))
        failed = 0
        for n, case in enumerate(cases, 1):
            name = self.prefix + case.__name__
            try:
                case(*arguments)
            except (AssertionError, Crash) as e:
                failed += 1
                print('not ok %d - %s' % (n, name))
                print('# %s: %s' % (type(e).__name__, e))
                line = e.__traceback__.tb_next.tb_lineno
                print('# line %d of the case' % line)
            else:
                print('ok %d - %s' % (n, name), flush=True)
        return failed


def same(got, wanted, what=''):
    if got != wanted:
        def text(v):
            return hex(v) if isinstance(v, int) else repr(v)
        raise AssertionError('%s is %s, and is to be %s' %
                             (what or 'it', text(got), text(wanted)))
