# SPDX-License-Identifier: BSD-3-Clause
"""libcgo for lldb: threads, contexts, backtraces of suspended contexts.

    libcgo-threads EXPR...      records of threads
    libcgo-contexts [EXPR...]
    libcgo-backtrace EXPR       a context

Load it with lldb's command `command script import PATH/libcgo_lldb.py`. It needs no debug
information of the library. The first two commands only read, so they work with core files,
too. lldb has no way to add an unwinder: libcgo-backtrace writes the registers of the selected
thread, and writes them back. So it needs a process.
See "Debugging" in libcgo-runtime(7).
"""
import shlex

import lldb

# Facts, as tools/libcgo-gdb.py has them, which tells what they mean; tests/object/lldb.sh
# compares the lines. Of the CPUs, those for which Debian has lldb.
THREAD = {"runtime": 0, "g": 1, "data": 2, "small_lo": 3, "small_span": 4,
          "stack_lo": 9, "stack_hi": 10, "signal_stack": 11, "signal_stack_bytes": 12}
CONTEXT = {"sp": 0, "lo": 1, "span": 2, "thread": 3, "flags": 4,
           "stack_lo": 10, "stack_hi": 11, "data": 13}
RECORD_VERSION = 1
OVER = 1    # of a context's sp
IS_NEW = 1  # of its flags
FRAMES = """
amd64   8 i386:x86-64      rip rsp 64    rbx  rip=-8 rbp=-16 rbx=-24 r12=-32 r13=-40 r14=-56 r15=-64
386     4 i386             eip esp 32    ebx  eip=-4 ebp=-8 ebx=-12 esi=-20 edi=-24
arm64   8 aarch64          pc  sp  176   x19  pc=-152 x29=-160 x19=-144 x20=-136 x21=-128 x22=-120 x23=-112 x24=-104 x25=-96 x26=-88 x27=-80 x28=-72
"""
CPUS = {"x86_64": "amd64", "i386": "386", "i686": "386", "aarch64": "arm64", "arm64": "arm64"}
RECORDS = {"libcgo_thread": THREAD, "libcgo_context": CONTEXT}


class Failure(Exception):
    """What is said to the user."""


class Layout:
    """A line of FRAMES."""

    def __init__(self, cpu):
        line = [line for line in FRAMES.split("\n") if line.split()[:1] == [cpu]]
        if not line:
            raise Failure("contexts are not known on this CPU")
        _, _, _, self.pc, self.sp, cfa, self.fn, *saved = line[0].split()
        self.cfa_bytes = int(cfa)
        self.saved = {name: int(at) for name, at in (place.split("=") for place in saved)}


class Program:
    """The process, or the core file, that is selected."""

    def __init__(self, exe_ctx):
        self.target, self.process = exe_ctx.GetTarget(), exe_ctx.GetProcess()
        self.thread = exe_ctx.GetThread()
        if not self.process.IsValid() or not self.thread.IsValid():
            raise Failure("there is no process")
        self.word = self.target.GetAddressByteSize()
        self.cpu = CPUS.get(self.target.GetTriple().split("-")[0])

    def number_at(self, address, size=None):
        error = lldb.SBError()
        number = self.process.ReadUnsignedFromMemory(address, size or self.word, error)
        if error.Fail():
            raise Failure("no memory at 0x%x" % address)
        return number

    def symbol(self, address):
        """0x1234 <name>"""
        name = self.target.ResolveLoadAddress(address).GetSymbol().GetName()
        return "0x%x" % address + (" <%s>" % name if name else "")

    def run(self, command):
        """What lldb prints in the thread's newest frame, whichever is selected."""
        output = lldb.SBCommandReturnObject()
        newest = lldb.SBExecutionContext(self.thread.GetFrameAtIndex(0))
        self.target.GetDebugger().GetCommandInterpreter().HandleCommand(command, newest, output)
        if not output.Succeeded():
            raise Failure((output.GetError() or command).strip())
        return output.GetOutput() or ""

    def registers_of(self, context):
        layout = Layout(self.cpu)
        cfa = context.sp + layout.cfa_bytes
        words = {name: self.number_at(cfa + at) for name, at in layout.saved.items()}
        if self.cpu == "arm64":  # it may have a signature
            words[layout.pc] &= (1 << 48) - 1
        return {**words, layout.sp: cfa}

    def pc_of(self, context):
        """Where it goes on; of a new one, its function."""
        layout = Layout(self.cpu)
        return self.registers_of(context)[
            layout.fn if context.state == "new" else layout.pc]


class Record:
    """A record of the library in the program's memory."""

    def __init__(self, program, kind, address):
        self.program, self.kind, self.address = program, kind, address
        size, version = program.number_at(address, 4), program.number_at(address + 4, 4)
        if version != RECORD_VERSION or size < 8 + program.word * (
                1 + max(RECORDS[kind].values())):
            raise Failure("at 0x%x is no struct %s of version %d" %
                          (address, kind, RECORD_VERSION))

    def __getattr__(self, member):
        place = RECORDS[self.kind].get(member)
        if place is None:
            raise AttributeError(member)
        return self.program.number_at(self.address + 8 + place * self.program.word)

    @property
    def state(self):
        """Of a context."""
        if self.sp == OVER:
            return "over"
        if self.sp != 0:
            return "new" if self.flags & IS_NEW else "suspended"
        return "running" if self.stack_hi != 0 else "not suspended"


# ---- expressions and variables ----

def addresses(value):
    """Addresses of the records that a value is: a record, pointers, or an array of them."""
    kind = value.GetType().GetCanonicalType()
    if kind.IsArrayType():
        return [a for child in value for a in addresses(child)]
    if kind.IsReferenceType():
        return addresses(value.Dereference())
    if kind.GetTypeClass() in (lldb.eTypeClassStruct, lldb.eTypeClassClass):
        return [value.GetLoadAddress()]
    return [value.GetValueAsUnsigned()]


def evaluate(thread, expression):
    value = thread.GetFrameAtIndex(0).EvaluateExpression(expression)
    if value.GetError().Fail():
        raise Failure("%s: %s" % (expression, value.GetError()))
    return value


def is_context(value):
    kind = value.GetType().GetCanonicalType()
    while kind.IsArrayType():
        kind = kind.GetArrayElementType().GetCanonicalType()
    if kind.IsPointerType():
        kind = kind.GetPointeeType().GetCanonicalType()
    return kind.GetName() in ("libcgo_context", "struct libcgo_context")


def variables(program):
    """Global and static variables that are contexts, with their names."""
    found = program.target.FindGlobalVariables(".*", 1 << 20, lldb.eMatchTypeRegex)
    return [(value.GetName(), value) for value in found if is_context(value)]


def context_text(program, context):
    state = text = context.state
    if state in ("new", "suspended"):
        text += " at %s, sp 0x%x" % (program.symbol(program.pc_of(context)), context.sp)
    if context.stack_hi != 0:
        text += ", stack 0x%x-0x%x" % (context.stack_lo, context.stack_hi)
    elif state == "suspended" and context.span == 0:
        text += ", C on a thread's own stack"
    if context.thread != 0:
        text += ", thread 0x%x" % context.thread
    return text


# ---- commands ----

def contexts(program, words):
    """Contexts of libcgo: the state of each, where it goes on, and its stack. EXPR is a
context, its address, or an array of either; without it, all variables that are contexts."""
    lines = []
    values = [(word, evaluate(program.thread, word)) for word in words] or variables(program)
    for name, value in values:
        found = addresses(value)
        for i, address in enumerate(found):
            shown = name if len(found) == 1 else "%s[%d]" % (name, i)
            try:
                text = context_text(program, Record(program, "libcgo_context", address))
            except Failure as failure:
                text = str(failure)
            lines.append("%s (0x%x): %s" % (shown, address, text))
    return "\n".join(lines) or "No variable is a context that debug information names."


def place_of(program, record):
    """Which thread is on a stack of the record, and which stack that is."""
    for thread in program.process:
        sp = thread.GetFrameAtIndex(0).GetSP()
        for where, lo, hi in (
                ("small", record.small_lo, record.small_lo + record.small_span),
                ("system", record.stack_lo, record.stack_hi)):
            if lo <= sp < hi:
                return "thread %d on its %s stack, sp 0x%x" % (thread.GetIndexID(), where, sp)
    return "no thread is on a stack that it knows"


def threads(program, words):
    """Threads of libcgo: the runtime of each record, and the thread that is on one of its
stacks. EXPR is a thread's record, its address, or an array of either."""
    if not words:
        raise Failure("which expression has a thread's record?")
    lines = []
    for word in words:
        found = addresses(evaluate(program.thread, word))
        for i, address in enumerate(found):
            record = Record(program, "libcgo_thread", address)
            text = "%s (0x%x): runtime 0x%x, %s" % (
                word if len(found) == 1 else "%s[%d]" % (word, i), address,
                record.runtime, place_of(program, record))
            if record.small_span != 0:
                text += ", small stack 0x%x-0x%x" % (record.small_lo,
                                                     record.small_lo + record.small_span)
            lines.append(text)
    return "\n".join(lines)


def backtrace(program, words):
    """The frames of a suspended context, from where it called libcgo_switch. EXPR is a
context or its address."""
    if not words:
        raise Failure("which context?")
    found = addresses(evaluate(program.thread, " ".join(words)))
    if len(found) != 1:
        raise Failure("one context, not %d" % len(found))
    context = Record(program, "libcgo_context", found[0])
    if context.state == "new":
        return "The context is new: it will call " + program.symbol(program.pc_of(context))
    if context.state != "suspended":
        raise Failure("the context is " + context.state)
    thread = program.thread
    selected = thread.GetSelectedFrame().GetFrameID()
    after = program.registers_of(context)
    before = {name: thread.GetFrameAtIndex(0).FindRegister(name).GetValueAsUnsigned()
              for name in after}
    try:
        for name, word in after.items():
            program.run("register write %s 0x%x" % (name, word))
        text = program.run("thread backtrace")
    finally:
        for name, word in before.items():
            program.run("register write %s 0x%x" % (name, word))
        thread.SetSelectedFrame(selected)
    return "\n".join(line.replace("*", " ") for line in text.splitlines()
                     if line.lstrip("* ").startswith("frame #"))


COMMANDS = {"libcgo-threads": threads, "libcgo-contexts": contexts,
            "libcgo-backtrace": backtrace}


class Command:
    """What lldb calls."""

    body = None

    def __init__(self, debugger, _):
        pass

    def __call__(self, debugger, argument, exe_ctx, result):
        try:
            # The selected ones, also where one batch has several commands.
            result.AppendMessage(type(self).body(Program(exe_ctx), shlex.split(argument)))
        except Failure as failure:
            result.SetError("libcgo: %s" % failure)

    def get_short_help(self):
        return type(self).body.__doc__.split(":")[0]

    def get_long_help(self):
        return type(self).body.__doc__


def __lldb_init_module(debugger, _):
    for name, function in COMMANDS.items():
        kind = "Command_" + function.__name__
        globals()[kind] = type(kind, (Command,), {"body": staticmethod(function)})
        debugger.HandleCommand("command script add -c %s.%s %s" % (__name__, kind, name))
