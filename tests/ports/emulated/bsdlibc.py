# SPDX-License-Identifier: BSD-3-Clause
"""
Models of what libcgo imports on FreeBSD, NetBSD and OpenBSD, for machine.py: the
numbers and the layouts of records are those of the systems' headers. A model refuses
what its system refuses.
"""

import struct

from elf import TLS
from machine import Crash
from posixlibc import EAGAIN, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM, Posix

PROT_NONE, PROT_RW = 0, 3
MAP_PRIVATE, MAP_ANON = 0x2, 0x1000
CTL_KERN, CTL_VM = 1, 2


class Bsd(Posix):
    NAME = None
    THREAD_POINTER = {'amd64': 'fs', 'arm64': 'tpidr_el0'}
    MAP_STACK = 0
    ENOTSUP = None
    MOST_NAME = 1000  # of threads: the kernel cuts
    RTLD_NOLOAD_NODELETE = None
    UNWINDER = None  # the name of its library
    WITHOUT = ()  # cases of others that do not hold
    EXECUTE_ONLY = False  # code

    def __init__(self, machine):
        self.stacks = []  # (lo, hi) of memory that was mapped to be a stack
        self.tables_grow = 0  # so often a table is larger when it is read
        self.refuses_cpus = 0  # with this error
        super().__init__(machine)
        machine.imports['__stack_chk_guard_local'] = machine.imports['__stack_chk_guard']

    # ---- threads ----

    def begin_thread(self, thread, mask=0):
        super().begin_thread(thread, mask)
        # The thread pointer and the program's thread-local variables: variant I of
        # arm64, II of amd64, where %fs:0 has the thread pointer.
        amd64 = self.m.cpu.name == 'amd64'
        thread.segment, self.state[thread]['tls'] = self.program.thread_block(amd64)
        if amd64:
            self.m.write_word(thread.segment, thread.segment)
        return thread

    def new_segment(self):
        return 0  # begin_thread knows more

    def new_thread(self, shape):
        """With its guard below the stack."""
        thread = self.m.new_thread(shape['stack'] + shape['guard'])
        self.stacks.append((thread.stack_lo, thread.stack_hi))
        if shape['guard'] != 0:
            self.m.protect(thread.stack_lo, shape['guard'], PROT_NONE)
        thread.stack_lo += shape['guard']
        return thread

    def initial_thread(self):
        return self.new_thread({'stack': 1 << 20, 'guard': 0})

    def c_pthread_attr_getstack(self, attr, lo, size):
        thread = self.attributes[attr]['thread']
        self.m.write_word(lo, thread.stack_lo)
        self.m.write_word(size, thread.stack_hi - thread.stack_lo)
        return 0

    def thread_of(self, pointer):
        for thread in self.state:
            if thread.segment == pointer:
                return thread
        raise Crash('no thread is %#x' % pointer)

    def set_cpus(self, thread, size, cpus):
        if self.refuses_cpus == 0:
            self.state[self.thread_of(thread)]['cpus'] = self.m.read(cpus, size)
        return self.refuses_cpus

    # ---- memory ----

    def c_mmap(self, address, size, protection, flags, fd, offset):
        if flags & ~self.MAP_STACK != MAP_PRIVATE | MAP_ANON or self.signed(fd) != -1 \
                or address != 0 or protection != PROT_RW or offset != 0 or size == 0:
            self.fail(EINVAL)
            return -1
        at = super().c_mmap(address, size, protection, flags, fd)
        if flags & self.MAP_STACK:
            self.stacks.append((at, at + self.whole_pages(size)))
        return at

    def c_munmap(self, address, size):
        if address % self.page != 0:
            return self.fail(EINVAL)
        end = address + self.whole_pages(size)
        self.stacks = [s for s in self.stacks if not address <= s[0] < end]
        return super().c_munmap(address, size)

    # ---- time ----

    def clock_gettime(self, clock, at):
        if clock != self.CLOCK_MONOTONIC:
            raise Crash('clock_gettime(%d)' % clock)
        self.ns += 1000
        self.m.write(at, struct.pack('<qq', *divmod(self.ns, 10**9)))
        return 0

    # ---- tables ----

    def c_sysctl(self, name, length, old, size, new, new_size):
        name = struct.unpack('<%di' % (length & 0xffffffff),
                             self.m.read(name, 4 * (length & 0xffffffff)))
        if new != 0 or new_size != 0:
            return self.fail(EPERM)
        return self.table(name, old, size)

    def table(self, name, old, size):
        """Answers sysctl(3)."""
        raise NotImplementedError

    def give(self, data, old, size, full):
        """A whole table, or `full` where it does not fit."""
        if old != 0:
            room = self.m.read_word(size)
            self.m.write(old, data[:room])
            if len(data) > room:
                return self.fail(full)
        self.m.write_word(size, len(data))
        return 0

    def give_map(self, old, size, full, entry):
        """The process's memory map, of which an entry(lo, hi) is a part."""
        def table():
            return b''.join(entry(lo, hi) for lo, hi in self.regions())
        data = table()
        if old != 0 and self.tables_grow > 0:
            self.tables_grow -= 1
            rest = self.m.read_word(size) - len(data)
            for _ in range(rest // len(entry(0, 0)) + 1):
                self.m.map_new(self.page)
            data = table()
        return self.give(data, old, size, full)

    def regions(self):
        return sorted((lo, hi) for lo, hi, _ in self.m.mapped)

    def check_set(self, how, mask, old):
        """sigprocmask by its number: reads the set, then refuses what to do with it."""
        if (self.signed(how), old) != (-1, 0):
            raise Crash('sigprocmask(%d)' % self.signed(how))
        return self.fail(EINVAL if self.is_mapped(mask) else EFAULT)

    def is_mapped(self, address):
        return any(lo <= address < hi for lo, hi in self.regions())

    def number(self, value, old, size):
        return self.give(struct.pack('<i', value), old, size, ENOMEM)

    # ---- the loader ----

    def c_dl_iterate_phdr(self, function, argument):
        m = self.m
        rest = list(self.program.images)

        def call_next(m, result=0):
            if not rest or self.signed(result) != 0:
                return result
            image = rest.pop(0)
            info = m.allocate(64)
            data = self.object_info(image)
            m.write(info, data)
            m.call_within(function, [info, len(data), argument], call_next)
            return None
        return call_next(m)

    def thread_local_data(self, image):
        """What the loader says of an image's thread-local variables: where the calling
        thread has them. Libraries have none here."""
        return self.own['tls'] if image is self.program.images[0] else 0

    def object_info(self, image):
        """struct dl_phdr_info."""
        tls = self.thread_local_data(image)
        return struct.pack('<QQQH6xQQQQ', image.base, self.string(image.path),
                           image.headers_address, image.header_count,
                           len(self.program.images), 0, int(tls != 0), tls)

    def c_dlopen(self, path, mode):
        path, mode = self.m.read_string(path), self.signed(mode)
        self.opened.append((path, mode))
        loaded = any(image.path == path for image in self.program.images)
        return self.m.allocate(16) if loaded or path == self.UNWINDER else 0

    def c_dlclose(self, handle):
        return 0

    def c_dlsym(self, handle, name):
        name = self.m.read_string(name)
        if name in ('_Unwind_Backtrace', '_Unwind_GetIP'):
            if name not in self.m.imports:
                self.m.add_import(name, lambda m, a, b: 5)  # _URC_END_OF_STACK
            return self.m.imports[name]
        return 0


class FreeBsd(Bsd):
    NAME = 'freebsd'
    PAGESIZE_NAME, STACK_MIN_NAME = 47, 93
    STACK_MIN = 2048
    LEAST_SIGNAL_STACK = {'amd64': 2048, 'arm64': 4096}
    SIGSET_BYTES = 16
    ENOTSUP = 45
    CLOCK_MONOTONIC = 4
    RTLD_NOLOAD_NODELETE = 0x2000 | 0x1000
    UNWINDER = 'libgcc_s.so.1'
    WITHOUT = 'a_set_of_cpus_is_not', 'there_are_no_slots'
    UMTX_OP_WAIT_UINT_PRIVATE, UMTX_OP_WAKE_PRIVATE = 15, 16

    def __init__(self, machine):
        self.thread_count, self.most_threads = 1, 1500
        super().__init__(machine)
        self.LEAST_SIGNAL_STACK = self.LEAST_SIGNAL_STACK[machine.cpu.name]

    c___error = Posix.errno_place
    c_pthread_setaffinity_np = Bsd.set_cpus
    c_nanosleep = Posix.nanosleep
    c_sigaltstack = Posix.sigaltstack
    c_clock_gettime = Bsd.clock_gettime

    def c_sigfillset(self, mask):
        self.m.write(mask, b'\xff' * self.SIGSET_BYTES)
        return 0
    c_sigdelset = Posix.delete_signal

    def c_pthread_attr_get_np(self, thread, attr):
        if attr not in self.attributes:
            return EINVAL
        self.attributes[attr]['thread'] = self.thread_of(thread)
        return 0

    def c_pthread_set_name_np(self, thread, name):
        self.state[self.thread_of(thread)]['name'] = self.m.read_string(name)

    SYS_SIGPROCMASK = 340

    def c_syscall(self, number, how, mask, old):
        if self.signed(number) != self.SYS_SIGPROCMASK:
            raise Crash('syscall(%d)' % self.signed(number))
        return self.check_set(how, mask, old)

    def c__umtx_op(self, word, operation, value, a, b):
        operation = self.signed(operation)
        if operation == self.UMTX_OP_WAIT_UINT_PRIVATE and (a, b) == (0, 0):
            self.wait_at(word, value)
        elif operation == self.UMTX_OP_WAKE_PRIVATE:
            self.wake_at(word, self.signed(value))
        else:
            raise Crash('_umtx_op: operation %d' % operation)
        return 0

    def c_sysctlbyname(self, name, old, size, new, new_size):
        if self.m.read_string(name) != 'kern.threads.max_threads_per_proc':
            return self.fail(ENOENT)
        return self.number(self.most_threads, old, size)

    def table(self, name, old, size):
        if name == (CTL_KERN, 14, 32, self.c_getpid()):  # KERN_PROC_VMMAP
            return self.give_map(old, size, ENOMEM, self.map_entry)
        if name == (CTL_KERN, 14, 1, self.c_getpid()):  # KERN_PROC_PID
            process = bytearray(1088)
            process[0:4] = struct.pack('<i', len(process))  # ki_structsize
            process[596:600] = struct.pack('<i', self.thread_count)  # ki_numthreads
            return self.give(bytes(process), old, size, ENOMEM)
        raise Crash('sysctl(%s)' % (name,))

    def map_entry(self, lo, hi):
        """struct kinfo_vmentry, cut after kve_path and rounded to 8 bytes."""
        image = self.program.image_of(lo)
        path = (image.path if image else '').encode() + b'\0'
        length = 136 + (len(path) + 7) // 8 * 8
        return struct.pack('<iiQQ', length, 0, lo, hi).ljust(136, b'\0') + \
            path.ljust(length - 136, b'\0')


class NetBsd(Bsd):
    NAME = 'netbsd'
    PAGESIZE_NAME, STACK_MIN_NAME = 28, 59
    STACK_MIN = 4096
    LEAST_SIGNAL_STACK = 8192
    SIGSET_BYTES = 16
    ENOTSUP, ENOSPC = 86, 28
    MOST_NAME = 31
    CLOCK_MONOTONIC = 3
    RTLD_NOLOAD_NODELETE = 0x2000 | 0x1000
    UNWINDER = 'libgcc_s.so.1'
    WITHOUT = 'a_set_of_cpus_is_not', 'there_are_no_slots'
    SYS_FUTEX, FUTEX_WAIT, FUTEX_WAKE, FUTEX_PRIVATE = 166, 0, 1, 128
    SYS_SIGPROCMASK = 293
    ENTRY_BYTES = 1128

    # Names that its headers give to others.
    c___errno = Posix.errno_place
    c___nanosleep50 = Posix.nanosleep
    c___sigaltstack14 = Posix.sigaltstack
    c___clock_gettime50 = Bsd.clock_gettime
    c___libc_thr_self = Posix.c_pthread_self
    c___libc_thr_sigsetmask = Posix.c_pthread_sigmask
    c___libc_thr_setcancelstate = Posix.c_pthread_setcancelstate
    c___libc_thr_keycreate = Posix.c_pthread_key_create
    c___libc_thr_keydelete = Posix.c_pthread_key_delete
    c___libc_thr_setspecific = Posix.c_pthread_setspecific
    c___libc_thr_getspecific = Posix.c_pthread_getspecific
    SETSPECIFIC = '__libc_thr_setspecific'
    c_pthread_setaffinity_np = Bsd.set_cpus

    def c___sigfillset14(self, mask):
        self.m.write(mask, b'\xff' * self.SIGSET_BYTES)
        return 0
    c___sigdelset14 = Posix.delete_signal

    def thread_local_data(self, image):
        """Where their first values are, which is the same in each thread."""
        header = image.header(TLS)
        return image.base + header[3] if header else 0

    def c_pthread_getattr_np(self, thread, attr):
        self.c_pthread_attr_init(attr)
        self.attributes[attr]['thread'] = self.thread_of(thread)
        return 0

    def c_pthread_setname_np(self, thread, form, argument):
        if self.m.read_string(form) != '%s':
            raise Crash('pthread_setname_np: %r' % self.m.read_string(form))
        name = self.m.read_string(argument)
        if len(name.encode()) > self.MOST_NAME:
            return EINVAL
        self.state[self.thread_of(thread)]['name'] = name
        return 0

    def c_syscall(self, number, word, operation, value, timeout, word_2, value_2,
                  value_3):
        if self.signed(number) == self.SYS_SIGPROCMASK:
            return self.check_set(word, operation, value)
        if self.signed(number) != self.SYS_FUTEX or timeout != 0:
            raise Crash('syscall(%d)' % self.signed(number))
        operation = self.signed(operation)
        if operation == self.FUTEX_WAIT | self.FUTEX_PRIVATE:
            self.wait_at(word, value)
        elif operation == self.FUTEX_WAKE | self.FUTEX_PRIVATE:
            return self.wake_at(word, self.signed(value))
        else:
            raise Crash('__futex: operation %d' % operation)
        return 0

    def table(self, name, old, size):
        if name[:4] != (CTL_VM, 16, 1, self.c_getpid()):  # VM_PROC, VM_PROC_MAP
            raise Crash('sysctl(%s)' % (name,))
        if not 0 < name[4] <= 2 * self.ENTRY_BYTES:
            return self.fail(EINVAL)

        def entry(lo, hi):
            """struct kinfo_vmentry."""
            return struct.pack('<QQ', lo, hi).ljust(self.ENTRY_BYTES, b'\0')[:name[4]]
        return self.give_map(old, size, self.ENOSPC, entry)


class OpenBsd(Bsd):
    NAME = 'openbsd'
    PAGESIZE_NAME, STACK_MIN_NAME = 28, 89
    STACK_MIN = 4096
    LEAST_SIGNAL_STACK = 3 * 4096
    ENOTSUP = 91
    CLOCK_MONOTONIC = 3
    MAP_STACK = 0x4000
    EXECUTE_ONLY = True
    RTLD_NOLOAD_NODELETE = 0x800 | 0x400
    FUTEX_WAIT_PRIVATE, FUTEX_WAKE_PRIVATE = 1 | 128, 2 | 128
    ENTRY_BYTES = 80
    LOWEST = 0x1000

    def __init__(self, machine):
        self.thread_count, self.most_threads = 100, 2530
        super().__init__(machine)
        machine.at_call = self.check_stack

    c___errno = Posix.errno_place
    c_nanosleep = Posix.nanosleep
    c_clock_gettime = Bsd.clock_gettime

    def c_sigaltstack(self, new, old):
        """Memory that a process may use becomes a stack by it."""
        result = self.sigaltstack(new, old)
        if new != 0 and result == 0 and self.own['signal_stack'] is not None:
            lo, size = self.own['signal_stack']
            if not any(a <= lo and lo + size <= b and protection == 'rw'
                       for a, b, protection in self.m.mapped):
                self.own['signal_stack'] = None
                return self.fail(EINVAL)
            self.stacks.append((lo, lo + size))
        return result

    def check_stack(self, name):
        """The kernel ends a process that enters it on other memory."""
        sp = self.m.sp
        if not any(lo <= sp <= hi for lo, hi in self.stacks):
            raise Crash('%s: %s is called on memory that is no stack' %
                        (self.m.where(), name))

    def map_stack(self, size):
        at = super().map_stack(size)
        self.stacks.append((at, at + size))
        return at

    def c_pthread_stackseg_np(self, thread, stack):
        thread = self.thread_of(thread)
        # struct stack_t, with the end of the stack.
        self.m.write(stack, struct.pack('<QQi', thread.stack_hi,
                                        thread.stack_hi - thread.stack_lo, 0))
        return 0

    def c_pthread_set_name_np(self, thread, name):
        self.state[self.thread_of(thread)]['name'] = self.m.read_string(name)

    def c_futex(self, word, operation, value, timeout, word_2):
        operation = self.signed(operation)
        if operation == self.FUTEX_WAIT_PRIVATE and timeout == 0:
            self.wait_at(word, value)
        elif operation == self.FUTEX_WAIT_PRIVATE:
            # With no time to wait: the word is only read.
            return self.fail(EAGAIN if self.is_mapped(word) else EFAULT)
        elif operation == self.FUTEX_WAKE_PRIVATE:
            return self.wake_at(word, self.signed(value))
        else:
            raise Crash('futex: operation %d' % operation)
        return 0

    def object_info(self, image):
        return super().object_info(image)[:32]

    def table(self, name, old, size):
        if name == (CTL_KERN, 25):  # KERN_MAXTHREAD
            return self.number(self.most_threads, old, size)
        if name == (CTL_KERN, 26):  # KERN_NTHREADS
            return self.number(self.thread_count, old, size)
        if name != (CTL_KERN, 80, self.c_getpid()):  # KERN_PROC_VMMAP
            raise Crash('sysctl(%s)' % (name,))
        room = self.m.read_word(size)
        if old == 0 or room == 0 or room % self.ENTRY_BYTES != 0:
            return self.fail(EINVAL)
        # Those from the address on that the first entry has, as many as fit.
        first = self.m.read_word(old)
        entries = [struct.pack('<QQ', lo, hi).ljust(self.ENTRY_BYTES, b'\0')
                   for lo, hi in self.regions() if lo >= first]
        data = b''.join(entries[:room // self.ENTRY_BYTES])
        self.m.write(old, data)
        self.m.write_word(size, len(data))
        return 0

    def regions(self):
        """The kernel's entries of free space alone have no bytes: at the lowest
        address, and at the end of what the heap may grow to."""
        image = self.program.images[-1]
        empty = (self.LOWEST, image.base + image.size + 8 * self.page)
        return sorted(super().regions() + [(at, at) for at in empty])


SYSTEMS = {system.NAME: system for system in (FreeBsd, NetBsd, OpenBsd)}
