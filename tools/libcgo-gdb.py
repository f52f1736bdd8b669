# SPDX-License-Identifier: BSD-3-Clause
"""libcgo for gdb: threads, worlds, contexts, backtraces of suspended contexts.

    info libcgo-threads [EXPR...]
    info libcgo-contexts [EXPR...]
    libcgo backtrace [OPTION... --] EXPR

and printers for the records. gdb loads this file with libcgo.so. For a program with
libcgo.a, use gdb's command `source PATH/libcgo-gdb.py`. The script only reads memory and
registers, so it works with core files, too. It needs no debug information of the library.
It follows the frames of contexts on the CPUs of FRAMES below. Only amd64 and 386 have
been tried in gdb. On 32-bit Arm, the library must have been compiled for a CPU with
floating-point registers.
See "Debugging" in libcgo-runtime(7).
"""
import re

import gdb
import gdb.printing
import gdb.unwinder

# ---- what the headers and src/arch say ----

# Members of the records: their offset is 8 bytes and as many words. All are words.
THREAD = {"runtime": 0, "g": 1, "data": 2, "small_lo": 3, "small_span": 4,
          "stack_lo": 9, "stack_hi": 10, "signal_stack": 11, "signal_stack_bytes": 12}
CONTEXT = {"sp": 0, "lo": 1, "span": 2, "thread": 3, "flags": 4,
           "stack_lo": 10, "stack_hi": 11, "data": 13}
STACK = {"lo": 0, "hi": 1}
RUNTIME = {"ops": 0}
RECORDS = {"libcgo_thread": THREAD, "libcgo_context": CONTEXT, "libcgo_stack": STACK,
           "libcgo_runtime": RUNTIME}
RECORD_VERSION = 1
OVER = 1    # of a context's sp
IS_NEW = 1  # of its flags

# Of the world: words of 32 bits in the thread's record, after so many words, and what is in
# them. Records of 0.1 end before.
POLL, MODE, STATE = 49, 2, 8
IN_WORLD = 64  # of the state
STOP_ASKED, HANDSHAKE_ASKED, MANAGED = 1, 2, 0
# In the runtime's record: 40 bytes and as many words. In a world's block and a member's, which
# are the library's (src/kit/world.cc): bytes, and as many words.
FLAGS, WORLD = 10, 11
HAS_WORLD = 1  # of the flags
BLOCK = {"closed": (16, 1, 4), "stopped": (20, 1, 4), "slow": (24, 1, 4), "stopper": (32, 1, 0),
         "shaken": (32, 8, 0), "first": (32, 9, 0)}
MEMBER = {"thread": (0, 2, 0), "owner": (0, 4, 0), "next": (24, 5, 0)}

# The frame of a suspended context, a line for each CPU. The line has
#
# - the CPU, as src/arch names it, and the bytes of a word,
# - how gdb's name of the architecture begins, in small letters,
# - the program counter and the stack pointer,
# - the CFA, counted in bytes from the context's sp; `chain`: the word at sp has it,
# - where a new context has its function,
# - where the registers are, counted from the CFA; that of the program counter has the
#   return address. NAME:NUMBER: where gdb's name is not that of readelf, the latter. At or
#   above the CFA is what a window of registers has kept, of which readelf tells nothing.
#
# tests/object/gdb-layout.sh compares this with the frame description of src/arch.
FRAMES = """
amd64   8 i386:x86-64      rip rsp 64    rbx  rip=-8 rbp=-16 rbx=-24 r12=-32 r13=-40 r14=-56 r15=-64
386     4 i386             eip esp 32    ebx  eip=-4 ebp=-8 ebx=-12 esi=-20 edi=-24
arm64   8 aarch64          pc  sp  176   x19  pc=-152 x29=-160 x19=-144 x20=-136 x21=-128 x22=-120 x23=-112 x24=-104 x25=-96 x26=-88 x27=-80 x28=-72
arm     4 arm              pc  sp  120   r4   pc=-4 r11=-8 r10=-12 r9=-16 r8=-20 r7=-24 r6=-28 r5=-32 r4=-36
riscv64 8 riscv            pc  sp  224   s1   pc=-8 s0=-16 s1=-24 s2=-32 s3=-40 s4=-48 s5=-56 s6=-64 s7=-72 s8=-80 s9=-88 s10=-96 s11=-104
s390x   8 s390             pc  r15 400   r6   pc=-48 r15=-40 r13=-56 r12=-64 r11=-72 r10=-80 r9=-88 r8=-96 r7=-104 r6=-112
ppc64   8 powerpc          pc  r1  chain r31  pc=16 r14=-288 r15=-280 r16=-272 r17=-264 r18=-256 r19=-248 r20=-240 r21=-232 r22=-224 r23=-216 r24=-208 r25=-200 r26=-192 r27=-184 r28=-176 r29=-168 r30=-160 r31=-152
ppc     4 powerpc          pc  r1  chain r31  pc=4 r14=-216 r15=-212 r16=-208 r17=-204 r18=-200 r19=-196 r20=-192 r21=-188 r22=-184 r23=-180 r24=-176 r25=-172 r26=-168 r27=-164 r28=-160 r29=-156 r30=-152 r31=-148
mips64  8 mips             pc  sp  176   s0   pc=-8 s8:r30=-16 gp:r28=-24 s7:r23=-32 s6:r22=-40 s5:r21=-48 s4:r20=-56 s3:r19=-64 s2:r18=-72 s1:r17=-80 s0:r16=-88
mips32  4 mips             pc  sp  112   s0   pc=-4 s8:r30=-8 s7:r23=-12 s6:r22=-16 s5:r21=-20 s4:r20=-24 s3:r19=-28 s2:r18=-32 s1:r17=-36 s0:r16=-40
alpha   8 alpha            pc  sp  160   s0   pc=-8 fp:r15=-16 s0:r9=-24 s1:r10=-32 s2:r11=-40 s3:r12=-48 s4:r13=-56 s5:r14=-64
loong64 8 loongarch64      pc  r3  176   r23  pc=-8 r22=-16 r23=-24 r24=-32 r25=-40 r26=-48 r27=-56 r28=-64 r29=-72 r30=-80 r31=-88
sparc64 8 sparc:v9         pc  sp  192   l0   pc=-8 l0=0 l1=8 l2=16 l3=24 l4=32 l5=40 l6=48 l7=56 i0=64 i1=72 i2=80 i3=88 i4=96 i5=104 fp=112 i7=120
m68k    4 m68k             pc  sp  124   a2   pc=-4 fp:r14=-8 d2:r2=-12 d3:r3=-20 d4:r4=-24 d5:r5=-28 d6:r6=-32 d7:r7=-36 a2:r10=-40 a3:r11=-44 a4:r12=-48 a5:r13=-52
"""

# On 64-bit SPARC, sp is so much less than the address of the stack's end, and a return
# address is that of the call, which is so long, with the instruction that follows it.
SPARC_BIAS, SPARC_CALL = 2047, 8


class Layout:
    """A line of FRAMES."""

    def __init__(self, line):
        self.cpu, words, self.architecture, self.pc, self.sp, cfa, self.fn, *saved = line.split()
        self.word_bytes = int(words)
        self.cfa_bytes = None if cfa == "chain" else int(cfa)
        self.saved = {}
        for place in saved:
            name, at = place.split("=")
            self.saved[name.split(":")[0]] = int(at)

    def cfa(self, sp):
        return word_at(sp) if self.cfa_bytes is None else sp + self.cfa_bytes

    def registers(self, sp):
        """What an unwinder gives of the frame at sp."""
        cfa = self.cfa(sp)
        words = {name: word_at(cfa + at) for name, at in self.saved.items()}
        words[self.pc] = code_address(words[self.pc])
        words.setdefault(self.sp, cfa)
        if self.cpu == "sparc64":
            words[self.sp] -= SPARC_BIAS
            words[self.pc] += SPARC_CALL
            words["npc"] = words[self.pc] + 4
        return words


LAYOUTS = [Layout(line) for line in FRAMES.split("\n") if line]


def frame_layout():
    name = gdb.newest_frame().architecture().name()
    for layout in LAYOUTS:
        if name.lower().startswith(layout.architecture) and word_bytes() == layout.word_bytes:
            return layout
    raise gdb.GdbError("libcgo: contexts are not known on " + name)


# ---- memory ----

def word_bytes():
    return gdb.newest_frame().read_register("pc").type.sizeof


def number_at(address, size):
    order = "little" if "little" in gdb.execute("show endian", to_string=True) else "big"
    memory = gdb.selected_inferior().read_memory(address, size)
    return int.from_bytes(memory.tobytes(), order)


def word_at(address):
    return number_at(address, word_bytes())


class Record:
    """A record of the library in the program's memory."""

    def __init__(self, kind, address):
        self.kind, self.address = kind, address
        try:
            size, version = number_at(address, 4), number_at(address + 4, 4)
        except gdb.MemoryError:
            raise gdb.GdbError("libcgo: no memory at 0x%x" % address)
        if version != RECORD_VERSION or size < 8 + word_bytes() * (
                1 + max(RECORDS[kind].values())):
            raise gdb.GdbError("libcgo: at 0x%x is no struct %s of version %d" %
                               (address, kind, RECORD_VERSION))

    def __getattr__(self, member):
        place = RECORDS[self.kind].get(member)
        if place is None:
            raise AttributeError(member)
        return word_at(self.address + 8 + place * word_bytes())


class Block:
    """Memory of the library's own."""

    def __init__(self, members, address):
        self.members, self.address = members, address

    def __getattr__(self, member):
        if member not in self.members:
            raise AttributeError(member)
        some_bytes, words, size = self.members[member]
        return number_at(self.address + some_bytes + words * word_bytes(), size or word_bytes())


def symbol(address):
    """0x1234 <name>"""
    text = gdb.execute("info symbol 0x%x" % address, to_string=True)
    found = re.match(r"(\S+(?: \+ \d+)?) in section", text)
    return "0x%x" % address + (" <%s>" % found.group(1).replace(" ", "") if found else "")


def span(lo, hi):
    return "0x%x-0x%x" % (lo, hi)


def code_address(word):
    """Without the signature that arm64 may put into a return address, or the state of arm."""
    try:
        mask = int(gdb.newest_frame().read_register("pauth_cmask"))
    except (ValueError, gdb.error):
        mask = {"arm64": ~((1 << 48) - 1), "arm": 1}.get(frame_layout().cpu, 0)
    return word & ~mask


# ---- expressions and variables ----

def addresses(value, kind):
    """Addresses of the records that a value is: a record, pointers, or an array of them."""
    plain = value.type.strip_typedefs()
    if plain.code in (gdb.TYPE_CODE_REF, gdb.TYPE_CODE_RVALUE_REF):
        return addresses(value.referenced_value(), kind)
    if plain.code == gdb.TYPE_CODE_ARRAY:
        first, last = plain.range()
        return [a for i in range(first, last + 1) for a in addresses(value[i], kind)]
    if plain.code == gdb.TYPE_CODE_STRUCT:
        if not is_record(plain, kind) or value.address is None:
            raise gdb.GdbError("libcgo: this is no struct %s in memory" % kind)
        return [int(value.address)]
    return [int(value)]


def variables(kind, is_kind):
    """Variables of such a type, as expressions. gdb lists more; C and C++ name them."""
    text = gdb.execute("info variables -q -t " + kind, to_string=True)
    found, source = [], None
    for line in text.splitlines():
        if line.startswith("File "):
            source = line[5:].rstrip(":")
            continue
        name = re.search(r"([\w:$]+)(?:\[[^;]*)?;$", line)
        if not name or not source:
            continue
        expression = name.group(1)
        if re.search(r"\bstatic ", line):
            expression = "'%s'::%s" % (source, expression)
        try:
            type_of = gdb.parse_and_eval("*&" + expression).type.strip_typedefs()
        except gdb.error:
            continue
        if is_kind(type_of):
            found.append(expression)
    return found


def is_record(type_of, kind):
    return type_of.code == gdb.TYPE_CODE_STRUCT and type_of.tag == kind


def is_pointer(type_of, kind):
    return type_of.code == gdb.TYPE_CODE_PTR and is_record(
        type_of.target().strip_typedefs(), kind)


def is_context(type_of):
    while type_of.code == gdb.TYPE_CODE_ARRAY:
        type_of = type_of.target().strip_typedefs()
    return is_record(type_of, "libcgo_context") or is_pointer(type_of, "libcgo_context")


def is_thread_pointer(type_of):
    return is_pointer(type_of, "libcgo_thread")


def plain_name(expression):
    return re.sub(r"^'[^']*'::", "", expression)


class kept_selection:
    """The selected thread and frame are afterwards what they were."""

    def __enter__(self):
        self.thread, self.level = gdb.selected_thread(), 0
        frame = gdb.selected_frame().newer()
        while frame is not None:
            self.level, frame = self.level + 1, frame.newer()

    def __exit__(self, *unused):
        self.thread.switch()
        frame = gdb.newest_frame()
        for _ in range(self.level):
            frame = frame.older() or frame
        frame.select()


def need_process():
    if gdb.selected_thread() is None:
        raise gdb.GdbError("libcgo: there is no process and no core file")


# ---- contexts ----

def state_of(context):
    if context.sp == OVER:
        return "over"
    if context.sp != 0:
        return "new" if context.flags & IS_NEW else "suspended"
    return "running" if context.stack_hi != 0 else "not suspended"


def pc_of(context):
    """Where it goes on; of a new one, its function."""
    layout = frame_layout()
    if state_of(context) == "new":
        return word_at(layout.cfa(context.sp) + layout.saved[layout.fn])
    return layout.registers(context.sp)[layout.pc]


def context_text(context):
    state = state_of(context)
    text = state
    if state in ("new", "suspended"):
        try:
            text += " at " + symbol(pc_of(context))
        except (gdb.GdbError, gdb.MemoryError) as error:
            text += " (%s)" % error
        text += ", sp 0x%x" % context.sp
    if context.stack_hi != 0:
        text += ", stack " + span(context.stack_lo, context.stack_hi)
    elif state == "suspended" and context.span != 0:
        text += ", stack " + span(context.lo, context.lo + context.span)
    elif state == "suspended":
        text += ", C on a thread's own stack"
    if context.thread != 0:
        text += ", thread 0x%x" % context.thread
    return text


class InfoContexts(gdb.Command):
    """Contexts of libcgo: the state of each, where it goes on, and its stack.

info libcgo-contexts [EXPR...]

EXPR is a struct libcgo_context, a pointer to one, or an array of either. If it has
spaces, put it in quotes. Without EXPR, the command takes all global and static variables
of these types. It does not find contexts inside other structs: name these, as in
'&task->context'."""

    def __init__(self):
        super().__init__("info libcgo-contexts", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        need_process()
        names = gdb.string_to_argv(argument) or variables("libcgo_context", is_context)
        if not names:
            print("No variable is a context, by debug information. Name some: "
                  "info libcgo-contexts EXPR...")
        for name in names:
            found = addresses(gdb.parse_and_eval(name), "libcgo_context")
            for i, address in enumerate(found):
                label = plain_name(name) + ("[%d]" % i if len(found) > 1 else "")
                if address == 0:
                    print("%s: NULL" % label)
                    continue
                try:
                    text = context_text(Record("libcgo_context", address))
                except gdb.GdbError as error:
                    text = str(error)
                print("%s (0x%x): %s" % (label, address, text))


# ---- backtrace ----

class FrameId:
    def __init__(self, sp, pc):
        self.sp, self.pc = sp, pc


class ContextUnwinder(gdb.unwinder.Unwinder):
    """While it is enabled, a context is what the thread's newest frame was called from."""

    def __init__(self):
        super().__init__("libcgo-context")
        self.enabled = False

    def begin(self, context, layout):
        newest = gdb.newest_frame()
        self.names = (layout.pc, layout.sp)
        self.here = [int(newest.read_register(name)) for name in self.names]
        self.context_sp, self.saved = context.sp, layout.registers(context.sp)
        self.enabled = True
        # Not while gdb loads this file: it forgets the selected frame.
        gdb.unwinder.register_unwinder(None, self, replace=True)
        gdb.invalidate_cached_frames()

    def end(self):
        self.enabled = False
        gdb.invalidate_cached_frames()

    def __call__(self, pending):
        registers = [pending.read_register(name) for name in self.names]
        if [int(r) for r in registers] != self.here:
            return None
        # Below all frames of the context, so that gdb goes on from here.
        info = pending.create_unwind_info(
            FrameId(gdb.Value(self.context_sp).cast(registers[1].type), registers[0]))
        for name, word in self.saved.items():
            info.add_saved_register(
                name, gdb.Value(word).cast(pending.read_register(name).type))
        return info


class Prefix(gdb.Command):
    """Commands for libcgo."""

    def __init__(self):
        super().__init__("libcgo", gdb.COMMAND_STACK, gdb.COMPLETE_NONE, True)


class Backtrace(gdb.Command):
    """The frames of a suspended context, from where it called libcgo_switch.

libcgo backtrace [OPTION... --] EXPR

EXPR is a struct libcgo_context or a pointer to one. The options are those of gdb's
command backtrace. For example: libcgo backtrace -full 3 -- &task->context"""

    def __init__(self, unwinder):
        super().__init__("libcgo backtrace", gdb.COMMAND_STACK)
        self.unwinder = unwinder

    def invoke(self, argument, from_tty):
        need_process()
        options, dashes, expression = argument.rpartition("-- ")
        if not expression.strip():
            raise gdb.GdbError("libcgo backtrace: which context?")
        found = addresses(gdb.parse_and_eval(expression), "libcgo_context")
        if len(found) != 1:
            raise gdb.GdbError("libcgo backtrace: one context, not %d" % len(found))
        context, layout = Record("libcgo_context", found[0]), frame_layout()
        state = state_of(context)
        if state == "new":
            print("The context is new: it will call " + symbol(pc_of(context)))
            return
        if state != "suspended":
            raise gdb.GdbError("libcgo backtrace: the context is " + state)
        # The thread's newest frame is in the list, too.
        options = re.sub(r"(^|\s)(\d+)\b", lambda m: m[1] + str(int(m[2]) + 1), options)
        with kept_selection():
            gdb.newest_frame().select()
            self.unwinder.begin(context, layout)
            try:
                text = gdb.execute("backtrace " + options, to_string=True)
            finally:
                self.unwinder.end()
        lines = text.splitlines()
        while lines and not lines[0].startswith("#1 "):
            del lines[0]
        for line in lines:
            number = re.match(r"#(\d+)( *)", line)
            if number:
                line = ("#%d" % (int(number[1]) - 1)).ljust(number.end()) + line[number.end():]
            print(line)


# ---- threads ----

def stacks_of(thread):
    """The bounds of its small stack, its signal stack and its system stack."""
    return [(thread.small_lo, thread.small_lo + thread.small_span),
            (thread.signal_stack, thread.signal_stack + thread.signal_stack_bytes),
            (thread.stack_lo, thread.stack_hi)]


def stack_text(thread, sp):
    small, signal, system = stacks_of(thread)
    for kind, (lo, hi) in (("small", small), ("signal", signal), ("system", system)):
        if lo <= sp < hi:
            text = "on its %s stack" % kind
            break
    else:
        text = "on another stack" if system[1] else "on its system stack or another of C's"
    text += ", sp 0x%x" % sp
    if thread.small_span != 0:
        text += ", small stack " + span(*small)
    if thread.stack_hi != 0:
        text += ", system stack " + span(*system)
    if thread.signal_stack_bytes != 0:
        text += ", signal stack " + span(*signal)
    return text


class World:
    """Of a runtime with LIBCGO_WORLD."""

    def __init__(self, block):
        self.block = Block(BLOCK, block)
        self.members, self.stopper_record = [], 0
        member = self.block.first
        while member != 0 and len(self.members) < 100000:
            m = Block(MEMBER, member)
            if m.thread != 0:
                self.members.append(Record("libcgo_thread", m.thread))
            if m.owner == self.block.stopper:
                self.stopper_record = m.thread
            member = m.next

    def asked(self, bit):
        return [t for t in self.members if poll_of(t) & bit]

    def turn(self):
        """What the thread does that has the turn."""
        if self.block.stopper == 0:
            return None
        if self.block.stopped:
            return "has stopped the world"
        if self.block.shaken or self.asked(HANDSHAKE_ASKED):
            return "has a handshake"
        return "stops the world" if self.asked(STOP_ASKED) else "visits the threads"

    def text(self):
        managed = [t for t in self.members if not is_parked(t)]
        text = "runs"
        if self.block.stopper != 0:
            text = "0x%x " % self.stopper_record if self.stopper_record else "another thread "
            text += self.turn()
            late = ["0x%x" % t.address for t in managed
                    if poll_of(t) & (STOP_ASKED | HANDSHAKE_ASKED)]
            if late:
                text += ", waits for " + ", ".join(late[:8]) + (", ..." if len(late) > 8 else "")
        if self.block.closed:
            text += ", closed"
        text += ", %d managed, %d parked" % (len(managed), len(self.members) - len(managed))
        return text + (", threads make the fences" if self.block.slow else "")


def world_of(runtime):
    """None: it has none, or no thread has come."""
    if runtime == 0 or not word_at(runtime + 40 + FLAGS * word_bytes()) & HAS_WORLD:
        return None
    block = word_at(runtime + 40 + WORLD * word_bytes())
    return World(block) if block != 0 else None


def poll_of(thread):
    return number_at(thread.address + 8 + POLL * word_bytes(), 4)


def is_parked(thread):
    return number_at(thread.address + 8 + POLL * word_bytes() + 4 * MODE, 4) != MANAGED


def world_state(thread):
    """Of a thread in its world; empty: it is in none."""
    if number_at(thread.address, 4) <= 8 + POLL * word_bytes() or not word_at(
            thread.address + 8 + STATE * word_bytes()) & IN_WORLD:
        return ""
    world = world_of(thread.runtime)
    if world is not None and world.stopper_record == thread.address:
        return world.turn()
    poll, parked = poll_of(thread), is_parked(thread)
    if poll & STOP_ASKED:
        return "parked until the world starts" if parked else "managed, is to park: the world stops"
    if poll & HANDSHAKE_ASKED:
        return "parked until a handshake is over" if parked else "managed, is to park: a handshake"
    return "parked" if parked else "managed"


class InfoThreads(gdb.Command):
    """Threads that have a record of libcgo.

info libcgo-threads [EXPR...]

Shows, for each thread, its runtime, the stack in use and the bounds of its small stack. Of
a runtime with LIBCGO_WORLD also whether the thread is managed or parked, and at the end
who stops the world, for which threads that one waits, and how many are managed.
EXPR is evaluated in each thread. Its value is the thread's struct libcgo_thread, the
address of that struct, or NULL. Usually EXPR is the thread-local variable that the hook
`enter' sets. If EXPR is the same variable in all threads, the command shows the thread
that runs on a stack of the record. The library keeps the record under a thread key,
where a debugger cannot look. Without EXPR, the command takes all thread-local variables
of type struct libcgo_thread * that debug information names."""

    def __init__(self):
        super().__init__("info libcgo-threads", gdb.COMMAND_STATUS)

    def invoke(self, argument, from_tty):
        need_process()
        names = gdb.string_to_argv(argument)
        given = bool(names)
        names = names or variables("libcgo_thread", is_thread_pointer)
        if not names:
            raise gdb.GdbError("No thread-local variable has a record's address, by debug "
                               "information. Name one: info libcgo-threads EXPR...")
        threads = sorted(gdb.selected_inferior().threads(), key=lambda t: t.num)
        runtimes = []
        with kept_selection():
            for name in names:
                local = self.is_thread_local(name, threads)
                if given or local:
                    for thread in threads:
                        runtimes += self.show(name, thread, local)
            for runtime in dict.fromkeys(runtimes):
                world = world_of(runtime)
                if world is not None:
                    print("World of runtime %s: %s" % (symbol(runtime), world.text()))

    @staticmethod
    def is_thread_local(name, threads):
        at = set()
        for thread in threads:
            thread.switch()
            try:
                value = gdb.parse_and_eval(name)
                at.add(int(value if value.address is None else value.address))
            except gdb.error:
                return True  # shown as an error of each thread
        return len(threads) == 1 or len(at) > 1

    @staticmethod
    def show(name, thread, local):
        runtimes = []
        head = 'Thread %d "%s": %s' % (thread.num, thread.name, plain_name(name))
        if not thread.is_stopped():
            print(head + ": the thread is running")
            return runtimes
        thread.switch()
        newest = gdb.newest_frame()
        try:
            newest.select()
            found = addresses(gdb.parse_and_eval(name), "libcgo_thread")
            for address in found:
                if address == 0:
                    print(head + " = NULL")
                    continue
                record = Record("libcgo_thread", address)
                sp = int(newest.read_register("sp")) & ((1 << 8 * word_bytes()) - 1)
                if not local and not any(
                        lo <= sp < hi for lo, hi in stacks_of(record)):
                    continue
                runtime = symbol(record.runtime) if record.runtime else "none"
                state = world_state(record)
                print("%s = 0x%x, runtime %s, %s%s" %
                      (head, address, runtime, state + ", " if state else "",
                       stack_text(record, sp)))
                runtimes.append(record.runtime)
        except gdb.error as error:
            print("%s: %s" % (head, error))
        return runtimes


# ---- printers ----

class Printer:
    def __init__(self, value):
        self.value = value

    def record(self, kind):
        return Record(kind, int(self.value.address))

    def to_string(self):
        if self.value.address is None:
            return "a record that is not in memory"
        try:
            return self.text()
        except (gdb.GdbError, gdb.error) as error:
            return str(error)


class ContextPrinter(Printer):
    def text(self):
        return context_text(self.record("libcgo_context"))


class ThreadPrinter(Printer):
    def text(self):
        thread = self.record("libcgo_thread")
        text = "of runtime " + symbol(thread.runtime) if thread.runtime else "of no runtime"
        if thread.small_span != 0:
            text += ", small stack " + span(thread.small_lo,
                                            thread.small_lo + thread.small_span)
        if thread.stack_hi != 0:
            text += ", system stack " + span(thread.stack_lo, thread.stack_hi)
        state = world_state(thread)
        return text + (", " + state if state else "") + ", g 0x%x, data 0x%x" % (
            thread.g, thread.data)


class StackPrinter(Printer):
    def text(self):
        stack = self.record("libcgo_stack")
        return "%s, %d bytes" % (span(stack.lo, stack.hi), stack.hi - stack.lo)


class RuntimePrinter(Printer):
    def text(self):
        text = "hooks " + symbol(self.record("libcgo_runtime").ops)
        text += ", data 0x%x, signal stacks of %d bytes" % (
            int(self.value["data"]), int(self.value["signal_stack_size"]))
        world = world_of(int(self.value.address))
        return text + (", world: " + world.text() if world is not None else "")


def printers():
    collection = gdb.printing.RegexpCollectionPrettyPrinter("libcgo")
    for name, printer in (("context", ContextPrinter), ("thread", ThreadPrinter),
                          ("stack", StackPrinter), ("runtime", RuntimePrinter)):
        collection.add_printer("libcgo_" + name, "^libcgo_%s$" % name, printer)
    return collection


def register():
    gdb.printing.register_pretty_printer(None, printers(), replace=True)
    Prefix()
    Backtrace(ContextUnwinder())
    InfoContexts()
    InfoThreads()


register()
