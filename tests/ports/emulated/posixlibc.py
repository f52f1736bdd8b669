# SPDX-License-Identifier: BSD-3-Clause
"""
A model of what libcgo imports of a POSIX system's C library, for machine.py: the part
that Darwin and the BSDs share, whose numbers have one ancestor. A system is a class
that adds its own: a method c_NAME is the import NAME.
"""

from machine import PAGE, Blocked, Crash

EPERM, ENOENT, ESRCH, ENOMEM, EFAULT, EBUSY, EINVAL = 1, 2, 3, 12, 14, 16, 22
ERANGE, EAGAIN, EALREADY, ENAMETOOLONG = 34, 35, 37, 63
DESTRUCTOR_ROUNDS = 4
SS_DISABLE = 4


class Abort(Crash):
    """abort() was called; the text is what was written before."""


class Posix:
    # What a system says of itself.
    PAGESIZE_NAME = STACK_MIN_NAME = None  # of sysconf
    STACK_MIN = 8192
    LEAST_SIGNAL_STACK = 0
    SIGSET_BYTES = 4
    DETACHED = 1
    FIRST_KEY = 0
    SETSPECIFIC = 'pthread_setspecific'

    def __init__(self, machine, page=PAGE, keys=256):
        self.m = machine
        self.page = page
        self.keys = {}  # key: destructor
        self.last_key = self.FIRST_KEY + keys
        self.taken = set()  # keys that others have
        self.state = {}  # thread: what the system knows of it
        self.attributes = {}
        self.written = ''
        self.allocated = {}  # address: size, of what is not freed
        self.ns = 1000000  # what the clock says
        self.refused_threads = 0
        self.slept_ms = 0
        self.opened = []
        self.created_shapes = []
        self.program = None
        for name in dir(self):
            if name.startswith('c_'):
                self.add(name[2:], getattr(self, name))
        # A variable, not a function.
        machine.imports['__stack_chk_guard'] = machine.allocate(8)
        machine.write_word(machine.imports['__stack_chk_guard'], 0x5ca1ab1e)

    def start(self, program):
        """The program is loaded: its initial thread begins."""
        self.program = program
        self.begin_thread(self.initial_thread())

    def initial_thread(self):
        return self.m.new_thread()

    def add(self, name, method):
        """Makes a method an import."""
        return self.m.add_import(name, lambda machine, *arguments: method(*arguments),
                                 method.__code__.co_argcount - 1)

    def begin_thread(self, thread, mask=0):
        """Gives a thread what the system gives it: a segment, an errno."""
        self.state[thread] = {
            'mask': mask, 'errno': self.m.allocate(4), 'signal_stack': None,
            'name': '', 'cancel': 0, 'rounds': 0, 'destructors': []}
        thread.segment = self.new_segment()
        return thread

    def new_segment(self):
        raise NotImplementedError

    def segment(self, thread):
        return thread.segment

    @property
    def own(self):
        return self.state[self.m.thread]

    def signed(self, value):
        return self.m.signed(value, 32)

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

    def whole_pages(self, size):
        return (size + self.page - 1) // self.page * self.page

    def map_stack(self, size):
        """A stack that others have made, such as a fiber's."""
        return self.m.map_new(size)

    def c_mmap(self, address, size, protection, flags, fd):
        return self.m.map_new(self.whole_pages(size))

    def c_munmap(self, address, size):
        self.m.unmap(address, (size + PAGE - 1) // PAGE * PAGE)
        return 0

    def c_mprotect(self, address, size, protection):
        if address % self.page != 0:
            return self.fail(EINVAL)
        self.m.protect(address, size, protection & 7)
        return 0

    # ---- the process ----

    def errno_place(self):
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
        if name == self.STACK_MIN_NAME:
            return self.STACK_MIN
        if name != self.PAGESIZE_NAME:
            raise Crash('sysconf(%d)' % name)
        return self.page

    # ---- time ----

    def nanosleep(self, wanted, rest):
        seconds = self.m.read_word(wanted)
        ns = self.m.read_word(wanted + self.m.word)
        self.slept_ms += seconds * 1000 + ns // 1000000
        self.ns += seconds * 10**9 + ns
        self.fail(4)  # as if a signal had come: errno changes
        raise Blocked(lambda: True, -1)  # others run first

    # ---- signals ----

    # SIGILL, SIGTRAP, SIGABRT, SIGEMT, SIGFPE, SIGBUS, SIGSEGV, SIGSYS
    RAISED_BY_CODE = 4, 5, 6, 7, 8, 10, 11, 12

    def held_signals(self):
        return ((1 << 8 * self.SIGSET_BYTES) - 1 &
                ~sum(1 << signal - 1 for signal in self.RAISED_BY_CODE))

    def delete_signal(self, mask, signal):
        at = mask + (signal - 1) // 8
        byte, = self.m.read(at, 1)
        self.m.write(at, bytes([byte & ~(1 << (signal - 1) % 8)]))
        return 0

    def c_pthread_sigmask(self, how, new, old):
        size = self.SIGSET_BYTES
        if old != 0:
            self.m.write(old, self.own['mask'].to_bytes(size, 'little'))
        if new != 0:
            mask = int.from_bytes(self.m.read(new, size), 'little')
            self.own['mask'] = {1: self.own['mask'] | mask,
                                2: self.own['mask'] & ~mask, 3: mask}[how]
        return 0

    def sigaltstack(self, new, old):
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
            elif size < self.LEAST_SIGNAL_STACK:
                return self.fail(ENOMEM)
            else:
                self.own['signal_stack'] = (sp, size)
        return 0

    # ---- thread-specific data ----

    def value(self, thread, key):
        return thread.keys.get(key, 0)

    def set_value(self, thread, key, value):
        thread.keys[key] = value

    def c_pthread_atfork(self, prepare, parent, child):
        return 0  # nothing forks here

    def c_pthread_key_create(self, key, destructor):
        # The lowest free one.
        for number in range(self.FIRST_KEY, self.last_key):
            if number not in self.keys and number not in self.taken:
                self.keys[number] = destructor
                for thread in self.state:
                    self.set_value(thread, number, 0)
                self.write_key(key, number)
                return 0
        return EAGAIN

    def write_key(self, at, number):
        self.m.write(at, number.to_bytes(4, 'little'))

    def c_pthread_key_delete(self, key):
        return 0 if self.keys.pop(key, None) is not None else EINVAL

    def c_pthread_setspecific(self, key, value):
        if key not in self.keys:
            return EINVAL
        self.set_value(self.m.thread, key, value)
        return 0

    def c_pthread_getspecific(self, key):
        return self.value(self.m.thread, key)

    def run_destructors(self, thread):
        """Sends an ending thread to the next destructor; whether there is one."""
        state = self.state[thread]
        while True:
            for key in sorted(k for k in state['destructors'] if k in self.keys):
                state['destructors'].remove(key)
                value = self.value(thread, key)
                if value != 0 and self.keys[key] != 0:
                    self.set_value(thread, key, 0)
                    self.m.prepare_call(self.keys[key], [value])
                    return True
            if state['rounds'] == DESTRUCTOR_ROUNDS:
                state['rounds'] = 0
                return False
            state['rounds'] += 1
            state['destructors'] = [k for k in self.keys if self.value(thread, k)]

    # ---- threads ----

    def c_pthread_self(self):
        return self.segment(self.m.thread)

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
        if size % self.page != 0 or size < self.STACK_MIN:
            return EINVAL
        self.attributes[attr]['stack'] = size
        return 0

    def c_pthread_attr_setguardsize(self, attr, size):
        if size % self.page != 0:
            return EINVAL
        self.attributes[attr]['guard'] = size
        return 0

    def c_pthread_attr_setdetachstate(self, attr, state):
        self.attributes[attr]['detached'] = self.signed(state) == self.DETACHED
        return 0

    def c_pthread_create(self, thread, attr, main, argument):
        if self.refused_threads > 0:
            self.refused_threads -= 1
            return EAGAIN
        shape = self.attributes[attr]
        self.created_shapes.append(dict(shape))
        new = self.new_thread(shape)
        self.begin_thread(new, self.own['mask'])
        self.m.write_word(thread, self.segment(new))
        new.at_end = lambda: self.run_destructors(new)
        self.m.start(new, main, argument)
        return 0

    def new_thread(self, shape):
        return self.m.new_thread(shape['stack'])

    def foreign_thread(self):
        """A thread that others have created, which ends as threads do."""
        thread = self.begin_thread(self.new_thread({'stack': 1 << 18, 'guard': self.page}))
        thread.at_end = lambda: self.run_destructors(thread)
        return thread

    # ---- waiting ----

    def wait_at(self, word, value):
        """A thread that sleeps until the word's waiters are woken, if it has the
        value. One that forgets to wake waits forever."""
        if int.from_bytes(self.m.read(word, 4), 'little') != value & 0xffffffff:
            return
        waiting = self.own
        waiting['woken'] = False
        waiting['waits_at'] = word
        raise Blocked(lambda: waiting['woken'], 0)

    def wake_at(self, word, most=None):
        """How many were woken."""
        waiting = [s for s in self.state.values()
                   if s.get('waits_at') == word and not s['woken']][:most]
        for state in waiting:
            state['woken'] = True
            state['waits_at'] = None
        return len(waiting)

    # ---- the loader ----

    def c_dladdr(self, address, info):
        m = self.m
        image = self.program.image_of(address)
        if image is None:
            return 0
        name, entry = self.program.symbol_of(address) or (None, 0)
        words = [self.string(image.path), image.base,
                 self.string(name) if name else 0, entry]
        m.write(info, b''.join(m.to_bytes(w) for w in words))
        return 1

    def string(self, text):
        data = text.encode() + b'\0'
        address = self.m.allocate(len(data))
        self.m.write(address, data)
        return address
