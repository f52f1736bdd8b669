# SPDX-License-Identifier: BSD-3-Clause
"""
A model of Darwin's libSystem for machine.py: what libcgo imports. Where systems
differ, the model is told which one it is: where thread segments have the array of
thread-specific values, and whether there are __ulock_wait and __ulock_wake.
"""

from machine import PAGE, Blocked, Crash

EAGAIN, EINVAL, ENOMEM, ENOTSUP, ERANGE = 35, 22, 12, 45, 34
FIRST_KEY = 0x100
SEGMENT_BYTES = 0x4000
DESTRUCTOR_ROUNDS = 4
ALL_SIGNALS = 0xffffffff
SS_DISABLE = 4
LEAST_SIGNAL_STACK = 32768


class Abort(Crash):
    """abort() was called; the text is what was written before."""


class LibSystem:
    def __init__(self, machine, array=0, ulock=True, keys=256):
        self.m = machine
        self.array = array  # of thread-specific values, in the thread segment
        self.ulock = ulock
        self.page = 16384 if machine.cpu.name == 'arm64' else 4096
        self.keys = {}  # key: destructor
        self.last_key = FIRST_KEY + keys
        self.taken = set()  # keys that others have
        self.state = {}  # thread: what the system knows of it
        self.attributes = {}
        self.written = ''
        self.allocated = {}  # address: size, of what is not freed
        self.ticks = 1000
        self.timebase = (125, 3) if machine.cpu.name == 'arm64' else (1, 1)
        self.refused_threads = 0
        self.thread_count = 1
        self.most_threads = 4096
        self.slept_ms = 0
        self.opened = []
        self.created_shapes = []
        self.program = None  # for dladdr
        for name in dir(self):
            if name.startswith('c_'):
                machine.add_import(name[2:], self._bind(getattr(self, name)),
                                   getattr(self, name).__code__.co_argcount - 1)
        # A variable, not a function.
        machine.imports['__stack_chk_guard'] = machine.allocate(8)
        machine.write_word(machine.imports['__stack_chk_guard'], 0x5ca1ab1e)
        self.begin_thread(machine.new_thread())

    @staticmethod
    def _bind(method):
        return lambda machine, *arguments: method(*arguments)

    def begin_thread(self, thread, mask=0):
        """Gives a thread what the system gives it: a segment, an errno."""
        m = self.m
        segment = m.map_new(SEGMENT_BYTES)
        self.state[thread] = {
            'mask': mask, 'errno': m.allocate(4), 'signal_stack': None,
            'name': '', 'cancel': 0, 'rounds': 0, 'destructors': []}
        # On Arm the low bits once were the number of the CPU.
        thread.segment = segment | 5 if m.cpu.name == 'arm64' else segment
        m.write_word(segment + self.array, segment)  # pthread_self()
        return thread

    def segment(self, thread):
        return thread.segment & ~7

    @property
    def own(self):
        return self.state[self.m.thread]

    def signed(self, value):
        return self.m.signed(value, 32)

    def result_64(self, value):
        if self.m.word == 4:
            self.m.set('edx', value >> 32 & 0xffffffff)
        return value & ((1 << 8 * self.m.word) - 1)

    def fail(self, error):
        self.m.write(self.own['errno'], error.to_bytes(4, 'little'))
        return -1

    # ---- memory and strings ----

    def c_malloc(self, size):
        address = self.m.allocate(size)
        self.allocated[address] = size
        return address

    def c_calloc(self, count, size):
        return self.c_malloc(count * size)

    def c_free(self, address):
        if address != 0 and self.allocated.pop(address, None) is None:
            raise Crash('free(%#x): not allocated' % address)

    def c___bzero(self, address, size):
        self.m.write(address, bytes(size))

    c_bzero = c___bzero

    def c_memset(self, address, byte, size):
        self.m.write(address, bytes([byte & 255]) * size)
        return address

    def c_memcpy(self, to, source, size):
        self.m.write(to, self.m.read(source, size))
        return to

    c_memmove = c_memcpy

    def c_strlen(self, address):
        return len(self.m.read_string(address).encode())

    def c_strlcpy(self, to, source, size):
        text = self.m.read_string(source).encode()
        if size != 0:
            self.m.write(to, text[:size - 1] + b'\0')
        return len(text)

    def c___udivdi3(self, low, high, divisor_low, divisor_high):
        return self.result_64((low | high << 32) //
                              (divisor_low | divisor_high << 32))

    def c___umoddi3(self, low, high, divisor_low, divisor_high):
        return self.result_64((low | high << 32) %
                              (divisor_low | divisor_high << 32))

    def c_mmap(self, address, size, protection, flags, fd):
        return self.m.map_new((size + self.page - 1) // self.page * self.page)

    def c_munmap(self, address, size):
        self.m.unmap(address, (size + PAGE - 1) // PAGE * PAGE)
        return 0

    def c_mprotect(self, address, size, protection):
        if address % self.page != 0:
            return self.fail(EINVAL)
        self.m.uc.mem_protect(address, size, protection & 7)
        return 0

    # ---- the process ----

    def c___error(self):
        return self.own['errno']

    def c_getpid(self):
        return 4711

    def c_write(self, fd, text, size):
        self.written += self.m.read(text, size).decode('utf-8', 'replace')
        return size

    def c_abort(self):
        raise Abort(self.written)

    def c___stack_chk_fail(self):
        raise Crash('%s: a stack was smashed' % self.m.where())

    def c_sysconf(self, name):
        if name == 93:  # _SC_THREAD_STACK_MIN
            return 8192
        if name != 29:  # _SC_PAGESIZE
            raise Crash('sysconf(%d)' % name)
        return self.page

    def c_sysctlbyname(self, name, old, old_size, new, new_size):
        values = {'kern.num_taskthreads': self.most_threads}
        value = values.get(self.m.read_string(name))
        if value is None:
            return self.fail(2)
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
            # struct proc_regioninfo: pri_address and pri_size are its last two.
            found = min((r for r in self.m.mapped if argument < r[1]), default=None)
            if found is None:
                self.fail(EINVAL)
                return 0
            info = bytearray(96)
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
        self.ticks += 1000
        return self.result_64(self.ticks)

    def c_mach_timebase_info(self, info):
        numerator, denominator = self.timebase
        self.m.write(info, numerator.to_bytes(4, 'little') +
                     denominator.to_bytes(4, 'little'))
        return 0

    def c_nanosleep(self, wanted, rest):
        seconds = self.m.read_word(wanted)
        ns = self.m.read_word(wanted + self.m.word)
        self.slept_ms += seconds * 1000 + ns // 1000000
        self.ticks += (seconds * 10**9 + ns) * self.timebase[1] // self.timebase[0]
        self.fail(4)  # as if a signal had come: errno changes
        raise Blocked(lambda: True, -1)  # others run first

    # ---- signals ----

    def c_pthread_sigmask(self, how, new, old):
        if old != 0:
            self.m.write(old, self.own['mask'].to_bytes(4, 'little'))
        if new != 0:
            mask = int.from_bytes(self.m.read(new, 4), 'little')
            self.own['mask'] = {1: self.own['mask'] | mask,
                                2: self.own['mask'] & ~mask, 3: mask}[how]
        return 0

    def c_sigaltstack(self, new, old):
        m, word = self.m, self.m.word
        if old != 0:
            sp, size = self.own['signal_stack'] or (0, 0)
            flags = 0 if self.own['signal_stack'] else SS_DISABLE
            m.write(old, m.to_bytes(sp) + m.to_bytes(size) + m.to_bytes(flags, 4))
        if new != 0:
            sp, size = m.read_word(new), m.read_word(new + word)
            flags = int.from_bytes(m.read(new + 2 * word, 4), 'little')
            if flags & SS_DISABLE:
                self.own['signal_stack'] = None
            elif size < LEAST_SIGNAL_STACK:
                return self.fail(ENOMEM)
            else:
                self.own['signal_stack'] = (sp, size)
        return 0

    # ---- thread-specific data ----

    def c_pthread_key_create(self, key, destructor):
        # The lowest free one, as Darwin does.
        for number in range(FIRST_KEY, self.last_key):
            if number not in self.keys and number not in self.taken:
                self.keys[number] = destructor
                for thread in self.state:
                    self.m.write_word(self.place(thread, number), 0)
                self.m.write(key, self.m.to_bytes(number))
                return 0
        return EAGAIN

    def c_pthread_key_delete(self, key):
        return 0 if self.keys.pop(key, None) is not None else EINVAL

    def place(self, thread, key):
        return self.segment(thread) + self.array + key * self.m.word

    def c_pthread_setspecific(self, key, value):
        if key not in self.keys:
            return EINVAL
        self.m.write_word(self.place(self.m.thread, key), value)
        return 0

    def c_pthread_getspecific(self, key):
        return self.m.read_word(self.place(self.m.thread, key))

    def _run_destructors(self, thread):
        """Sends an ending thread to the next destructor; whether there is one."""
        state = self.state[thread]
        while True:
            for key in sorted(k for k in state['destructors'] if k in self.keys):
                state['destructors'].remove(key)
                value = self.m.read_word(self.place(thread, key))
                if value != 0 and self.keys[key] != 0:
                    self.m.write_word(self.place(thread, key), 0)
                    self.m.prepare_call(self.keys[key], [value])
                    return True
            if state['rounds'] == DESTRUCTOR_ROUNDS:
                state['rounds'] = 0
                return False
            state['rounds'] += 1
            state['destructors'] = [
                k for k in self.keys if self.m.read_word(self.place(thread, k))]

    # ---- threads ----

    def c_pthread_self(self):
        return self.segment(self.m.thread)

    def c_pthread_get_stackaddr_np(self, thread):
        return self.m.thread.stack_hi

    def c_pthread_get_stacksize_np(self, thread):
        return self.m.thread.stack_hi - self.m.thread.stack_lo

    def c_pthread_setname_np(self, name):
        text = self.m.read_string(name)
        if len(text.encode()) > 63:
            return 63  # ENAMETOOLONG
        self.own['name'] = text
        return 0

    def c_pthread_setcancelstate(self, state, old):
        if old != 0:
            self.m.write(old, self.own['cancel'].to_bytes(4, 'little'))
        self.own['cancel'] = state & 1
        return 0

    def c_pthread_attr_init(self, attr):
        self.attributes[attr] = {'stack': 512 * 1024, 'guard': self.page,
                                 'detached': False}
        return 0

    def c_pthread_attr_destroy(self, attr):
        return 0 if self.attributes.pop(attr, None) is not None else EINVAL

    def c_pthread_attr_getstacksize(self, attr, size):
        self.m.write_word(size, self.attributes[attr]['stack'])
        return 0

    def c_pthread_attr_setstacksize(self, attr, size):
        if size % self.page != 0 or size < 8192:
            return EINVAL
        self.attributes[attr]['stack'] = size
        return 0

    def c_pthread_attr_setguardsize(self, attr, size):
        if size % self.page != 0:
            return EINVAL
        self.attributes[attr]['guard'] = size
        return 0

    def c_pthread_attr_setdetachstate(self, attr, state):
        self.attributes[attr]['detached'] = self.signed(state) == 2
        return 0

    def c_pthread_create(self, thread, attr, main, argument):
        if self.refused_threads > 0:
            self.refused_threads -= 1
            return EAGAIN
        shape = self.attributes[attr]
        self.created_shapes.append(dict(shape))
        new = self.m.new_thread(shape['stack'])
        self.begin_thread(new, self.own['mask'])
        self.m.write_word(thread, self.segment(new))
        new.at_end = lambda: self._run_destructors(new)
        self.m.start(new, main, argument)
        return 0

    # ---- waiting ----

    def _ulock_wait(self, operation, word, value, c, d):
        if operation & 0xff != 1 or not operation & 0x1000000:
            raise Crash('__ulock_wait: operation %#x' % operation)
        timeout = d if self.m.word == 4 else c
        if timeout & 0xffffffff:
            raise Crash('__ulock_wait: with a timeout')

        def changed():
            return int.from_bytes(self.m.read(word, 4), 'little') != value & 0xffffffff
        if changed():
            return 0
        # One that forgets to wake waits forever.
        waiting = self.own
        waiting['woken'] = False
        waiting['waits_at'] = word
        raise Blocked(lambda: waiting['woken'], 0)

    def _ulock_wake(self, operation, word):
        if operation != 0x1000101:
            raise Crash('__ulock_wake: operation %#x' % operation)
        for state in self.state.values():
            if state.get('waits_at') == word:
                state['woken'] = True
        return 0

    # ---- the loader ----

    def c_dlsym(self, handle, name):
        name = self.m.read_string(name)
        if name in ('__ulock_wait', '__ulock_wake') and self.ulock:
            if name not in self.m.imports:
                method = self._ulock_wait if name.endswith('wait') else self._ulock_wake
                self.m.add_import(name, self._bind(method),
                                  method.__code__.co_argcount - 1)
            return self.m.imports[name]
        return 0

    def c_dladdr(self, address, info):
        m = self.m
        image = self.program.image_of(address)
        if image is None:
            return 0
        name, entry = self.program.symbol_of(address) or (None, 0)
        words = [self._string(image.path), image.base,
                 self._string(name) if name else 0, entry]
        m.write(info, b''.join(m.to_bytes(w) for w in words))
        return 1

    def _string(self, text):
        data = text.encode() + b'\0'
        address = self.m.allocate(len(data))
        self.m.write(address, data)
        return address

    def c_dlopen(self, path, mode):
        self.opened.append((self.m.read_string(path), mode))
        return self.m.allocate(16)

    def c__Unwind_Backtrace(self, function, argument):
        return 5  # _URC_END_OF_STACK

    def c__Unwind_GetIP(self, context):
        return 0
