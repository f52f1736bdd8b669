# SPDX-License-Identifier: BSD-3-Clause
"""
A model of Darwin's libSystem for machine.py: what libcgo imports. Where systems
differ, the model is told which one it is: where thread segments have the array of
thread-specific values, and whether there are __ulock_wait and __ulock_wake.
"""

from machine import Blocked, Crash
from posixlibc import EINVAL, ENAMETOOLONG, ENOENT, ENOMEM, Posix

SEGMENT_BYTES = 0x4000


class LibSystem(Posix):
    PAGESIZE_NAME, STACK_MIN_NAME = 29, 93
    LEAST_SIGNAL_STACK = 32768
    DETACHED = 2
    ENOTSUP = 45
    MOST_NAME = 63
    FIRST_KEY = 0x100

    def __init__(self, machine, array=0, ulock=True, keys=256):
        self.array = array  # of thread-specific values, in the thread segment
        self.ulock = ulock
        self.asked = []  # the loader, for what names
        self.has_loader = None  # the thread that has its lock
        self.header = None
        self.half_stack = False  # of the initial thread too small a size is told
        self.timebase = (125, 3) if machine.cpu.name == 'arm64' else (1, 1)
        self.thread_count = 1
        self.most_threads = 4096
        page = 16384 if machine.cpu.name == 'arm64' else 4096
        super().__init__(machine, page, keys)

    def new_segment(self):
        segment = self.m.map_new(SEGMENT_BYTES)
        self.m.write_word(segment + self.array, segment)  # pthread_self()
        # On Arm the low bits once were the number of the CPU.
        return segment | 5 if self.m.cpu.name == 'arm64' else segment

    def segment(self, thread):
        return thread.segment & ~7

    def place(self, thread, key):
        return self.segment(thread) + self.array + key * self.m.word

    def value(self, thread, key):
        return self.m.read_word(self.place(thread, key))

    def set_value(self, thread, key, value):
        self.m.write_word(self.place(thread, key), value)

    def write_key(self, at, number):
        self.m.write_word(at, number)

    c___error = Posix.errno_place
    c_nanosleep = Posix.nanosleep
    c_sigaltstack = Posix.sigaltstack

    def result_64(self, value):
        if self.m.word == 4:
            self.m.set('edx', value >> 32 & 0xffffffff)
        return value & ((1 << 8 * self.m.word) - 1)

    # ---- memory and strings ----

    def c___bzero(self, address, size):
        self.m.write(address, bytes(size))

    c_bzero = c___bzero

    # ---- the process ----

    def c_sysctlbyname(self, name, old, old_size, new, new_size):
        values = {'kern.num_taskthreads': self.most_threads}
        value = values.get(self.m.read_string(name))
        if value is None:
            return self.fail(ENOENT)
        self.m.write(old, value.to_bytes(4, 'little'))
        return 0

    def c_proc_pidinfo(self, pid, flavor, a, b, c, d):
        # 64 bits of argument: two words on 386.
        if self.m.word == 4:
            argument, buffer, size = a | b << 32, c, d
        else:
            argument, buffer, size = a, b, c
        if flavor == 4:  # PROC_PIDTASKINFO
            # struct proc_taskinfo: six of 64 bits, then pti_threadnum is the tenth
            # of twelve of 32.
            info = bytearray(96)
            info[84:88] = self.thread_count.to_bytes(4, 'little')
        elif flavor == 7:  # PROC_PIDREGIONINFO
            # struct proc_regioninfo: pri_protection is its first, pri_address and
            # pri_size are its last two.
            found = min((r for r in self.m.mapped if argument < r[1]), default=None)
            if found is None:
                self.fail(EINVAL)
                return 0
            info = bytearray(96)
            protection = sum({'r': 1, 'w': 2, 'x': 4}[c] for c in found[2])
            info[0:4] = protection.to_bytes(4, 'little')
            info[80:88] = found[0].to_bytes(8, 'little')
            info[88:96] = (found[1] - found[0]).to_bytes(8, 'little')
        else:
            raise Crash('proc_pidinfo: flavor %d' % flavor)
        if size < len(info):
            self.fail(ENOMEM)
            return 0
        self.m.write(buffer, info)
        return len(info)

    # ---- time ----

    def c_mach_absolute_time(self):
        self.ns += 1000
        return self.result_64(self.ns * self.timebase[1] // self.timebase[0])

    def c_mach_timebase_info(self, info):
        numerator, denominator = self.timebase
        self.m.write(info, numerator.to_bytes(4, 'little') +
                     denominator.to_bytes(4, 'little'))
        return 0

    # ---- threads ----

    def c_pthread_get_stackaddr_np(self, thread):
        return self.m.thread.stack_hi

    def c_pthread_get_stacksize_np(self, thread):
        size = self.m.thread.stack_hi - self.m.thread.stack_lo
        return size // 2 if self.half_stack and self.c_pthread_main_np() else size

    def c_pthread_main_np(self):
        return int(self.m.thread is self.m.threads[0])

    def c_pthread_setname_np(self, name):
        text = self.m.read_string(name)
        if len(text.encode()) > self.MOST_NAME:
            return ENAMETOOLONG
        self.own['name'] = text
        return 0

    # ---- waiting ----

    def _ulock_wait(self, operation, word, value, c, d):
        if operation & 0xff != 1 or not operation & 0x1000000:
            raise Crash('__ulock_wait: operation %#x' % operation)
        timeout = d if self.m.word == 4 else c
        if timeout & 0xffffffff:
            raise Crash('__ulock_wait: with a timeout')
        self.wait_at(word, value)
        return 0

    def _ulock_wake(self, operation, word):
        if operation != 0x1000101:
            raise Crash('__ulock_wake: operation %#x' % operation)
        self.wake_at(word)
        return 0

    # ---- the loader ----

    def c_dlsym(self, handle, name):
        name = self.m.read_string(name)
        self.asked.append(name)
        if name in ('__ulock_wait', '__ulock_wake') and self.ulock:
            if name not in self.m.imports:
                method = self._ulock_wait if name.endswith('wait') else self._ulock_wake
                self.add(name, method)
            return self.m.imports[name]
        return 0

    def c__NSGetMachExecuteHeader(self):
        if self.m.word == 8:
            return self.program.images[-1].base
        if self.header is None:  # where nothing is linked: one without commands
            self.header = self.m.map_new(self.page)
        return self.header

    def with_loader(self, result):
        """What a function of the loader returns, once no other thread has its lock."""
        if self.has_loader not in (None, self.m.thread):
            raise Blocked(lambda: self.has_loader is None, result)
        return result

    def c_dladdr(self, address, info):
        return self.with_loader(Posix.c_dladdr(self, address, info))

    def c_dlopen(self, path, mode):
        self.opened.append((self.m.read_string(path), mode))
        return self.with_loader(self.m.allocate(16))

    def c__Unwind_Backtrace(self, function, argument):
        return 5  # _URC_END_OF_STACK

    def c__Unwind_GetIP(self, context):
        return 0
