# SPDX-License-Identifier: BSD-3-Clause
#
# Makes one assembly file of many, for linkers of 2010 (libcgo-classic(7), "The object
# for old linkers"):
#
#   awk -v format=elf -v cpu=386 -v exports=FILE -f classic-object.awk \
#       pass=1 F... pass=2 F...
#
# F are what the compilers wrote with -S, and the assembly of src/arch, preprocessed.
# format is elf or macho. FILE has the names that stay visible, one a line, with
# their prefix.
#
# - Every other name is local, and no local name occurs twice: a name that another
#   file has too gets the number of its file.
# - What is defined here is called and addressed directly, not through a table. What
#   is not is only called, or loaded from the offset table.
# - Sections: code, constants, constants with addresses, data. What would be zeroed
#   memory is data. The first of the COMDAT groups of one name is kept.
# - No alignment above 8.
# - Mach-O: each section begins with a name, because relocations without a symbol are
#   little known. On 386 the sum of a name and a number has a name of its own:
#   assemblers make a scattered relocation of a sum, and those linkers ignore the number.
#
# To be read by mawk, gawk and busybox awk, in the locale C.

BEGIN {
  while ((getline line <exports) > 0)
    exported[line] = 1
  temporary = format == "macho" ? "L" : ".L"
  directive["text"] = ".text"
  directive["data"] = ".data"
  if (format == "macho") {
    directive["rodata"] = ".section\t__TEXT,__const"
    directive["relro"] = ".section\t__DATA,__const"
  } else {
    directive["rodata"] = ".section\t.rodata,\"a\",@progbits"
    directive["relro"] = ".section\t.data.rel.ro,\"aw\",@progbits"
  }
  words("dropped", ".file .ident .loc .addrsig .addrsig_sym .hidden .internal " \
        ".protected .private_extern .weak .weak_definition .subsections_via_symbols " \
        ".build_version .macosx_version_min .data_region .end_data_region")
  sums = format == "macho" && cpu == "386"
  words("shares", ".globl .global .weak .weak_definition .private_extern")
  words("prefixes", "lock rep repe repz repne repnz notrack bnd data16")
  pass = 0
}

function words(kind, list,    w, n) {
  n = split(list, w, " ")
  for (; n > 0; n--)
    is[kind, w[n]] = 1
}

function die(text) {
  print FILENAME ":" FNR ": classic-object.awk: " text | "cat >&2"
  dead = 1
  exit 1
}

FNR == 1 {
  if (pass != last_pass) {
    if (pass == 2)
      name_all()
    last_pass = pass
    file = 0
  }
  file++
  in_macro = in_section = group = ""
  enter("text")
}

# ---- lines, statements, symbols ----

{
  line = $0
  sub(/^[ \t]+/, "", line)
  if (line == "" || line ~ /^#/)
    next
  if (line ~ /^\.macro[ \t]/)
    in_macro = 1
  if (in_macro) {
    # What the macros of src/core/asm.h make: no names of ours.
    if (pass == 2 && !(format == "macho" && line ~ /^\.cfi_/))
      out(line)
    if (line ~ /^\.endm/)
      in_macro = ""
    next
  }
  if (line ~ /^\.(string|ascii|asciz)[ \t]/) {
    statement(line)
    next
  }
  while (line != "") {
    n = end_of_statement(line)
    statement(substr(line, 1, n - 1))
    if (substr(line, n, 1) != ";")
      break
    line = substr(line, n + 1)
  }
}

# Where a statement ends: at a semicolon, a comment, or the end.
function end_of_statement(s,    i, c, quoted) {
  if (s !~ /[;#]/)
    return length(s) + 1
  for (i = 1; i <= length(s); i++) {
    c = substr(s, i, 1)
    if (c == "\\")
      i++
    else if (c == "\"")
      quoted = !quoted
    else if (!quoted && (c == ";" || c == "#"))
      return i
  }
  return i
}

function statement(s) {
  sub(/^[ \t]+/, "", s)
  sub(/[ \t]+$/, "", s)
  while (match(s, /^("[^"]*"|[^ \t:"=,(@%]+):/)) {
    label(substr(s, 1, RLENGTH - 1))
    s = substr(s, RLENGTH + 1)
    sub(/^[ \t]+/, "", s)
  }
  if (s == "")
    return
  op = s
  sub(/[ \t].*/, "", op)
  args = substr(s, length(op) + 1)
  sub(/^[ \t]+/, "", args)
  prefix = ""
  while (("prefixes", op) in is && args != "") {
    prefix = prefix op " "
    op = args
    sub(/[ \t].*/, "", op)
    args = substr(args, length(op) + 1)
    sub(/^[ \t]+/, "", args)
  }
  if (args ~ /^=/) { # NAME = VALUE
    args = op ", " substr(args, 2)
    op = ".set"
  }

  if (op ~ /^\.(section|text|data|bss|const|const_data|cstring|static_data|literal[0-9]+|previous|pushsection|popsection|subsection)$/)
    section()
  else if (op ~ /^(FUNC|HIDDEN_FUNC)$/)
    function_macro()
  else if ((("shares", op) in is || op ~ /^\.(local|comm|lcomm|zerofill)$/) &&
           (group == "again" || in_section ~ /^(nothing|note)$/))
    anywhere() # these belong to no section
  else if (group == "again" && (op !~ /^\.(set|equ)$/ || bare(list_item(args, 1)) in shared_before))
    return
  else if (in_section == "nothing" || in_section == "note") {
    if (in_section == "note" && pass == 2)
      note = note "\t" s "\n"
  } else if (op ~ /^[A-Z][A-Z0-9_]*$/) {
    if (pass == 2)
      out("\t" s)
  } else if (pass == 1)
    learn()
  else
    write_statement()
}

# bare(TOKEN): a name without its quotes.
function bare(name) {
  if (name ~ /^"/)
    return substr(name, 2, length(name) - 2)
  return name
}

function list_item(text, i,    w, n) {
  n = split(text, w, ",")
  if (i > n)
    return ""
  gsub(/^[ \t]+|[ \t]+$/, "", w[i])
  return w[i]
}

# symbol(TEXT): whether there is a symbol in the text. It is `found`, before it is
# `before`, behind it `after`. Registers are none, nor numbers, nor what follows an @.
function symbol(text,    token) {
  before = ""
  while (text != "") {
    if (match(text, /^"[^"]*"/)) {
      found = substr(text, 1, RLENGTH)
      after = substr(text, RLENGTH + 1)
      return 1
    }
    if (match(text, /^[^][ \t,()*+:"@%$<>=!&|^~-][^][ \t,()*+:"@%<>=!&|^~-]*/)) {
      token = substr(text, 1, RLENGTH)
      if (token !~ /^[0-9]/ && token != ".") {
        found = token
        after = substr(text, RLENGTH + 1)
        return 1
      }
    } else if (match(text, /^[%@][0-9A-Za-z_]+/))
      token = substr(text, 1, RLENGTH)
    else
      token = substr(text, 1, 1)
    before = before token
    text = substr(text, length(token) + 1)
  }
  return 0
}

function anywhere() {
  if (pass == 1)
    learn()
  else
    write_statement()
}

# ---- pass 1: who defines what ----

function define(name, is_shared) {
  name = bare(name)
  if (name ~ /^[0-9]+$/)
    return
  if ((file, name) in defined)
    return
  defined[file, name] = 1
  if (is_shared)
    shared[file, name] = 1
  if ((file, name) in shared)
    shared_before[name] = 1
  order_file[++definitions] = file
  order_name[definitions] = name
}

function learn(    text, name) {
  if (("shares", op) in is) {
    shared[file, bare(args)] = 1
    return
  }
  if (op == ".local") {
    is_local[file, bare(args)] = 1
    return
  }
  if (op ~ /^\.(comm|lcomm)$/) {
    define(list_item(args, 1), op == ".comm" && !((file, list_item(args, 1)) in is_local))
    return
  }
  if (op == ".zerofill") {
    if (list_item(args, 3) != "")
      define(list_item(args, 3))
    return
  }
  if (op ~ /^\.(set|equ)$/)
    define(list_item(args, 1))
  if (("dropped", op) in is ||
      op ~ /^\.(type|size|cfi_.*|p2align|align|balign|string|ascii|asciz)$/)
    return
  text = args
  while (symbol(text)) {
    name = bare(found)
    used[file, name] = 1
    if (!(name in use_seen)) {
      use_seen[name] = 1
      use_name[++uses] = name
    }
    text = after
  }
}

# Between the passes: who is called what.
function name_all(    i, f, n, name) {
  files = file
  for (i = 1; i <= definitions; i++)
    if ((order_file[i], order_name[i]) in shared) {
      own[order_name[i]] = 1
      taken[order_name[i]] = 1
    }
  # What a file uses without defining it belongs to another, or to the C library.
  for (i = 1; i <= uses; i++)
    for (f = 1; f <= files; f++)
      if ((f, use_name[i]) in used && !((f, use_name[i]) in defined))
        taken[use_name[i]] = 1
  for (i = 1; i <= definitions; i++) {
    f = order_file[i]
    name = order_name[i]
    if ((f, name) in shared)
      continue
    n = name
    while (n in taken)
      n = n "." f
    taken[n] = 1
    local_name[f, name] = n
  }
  # Exported names are used under a second, local one.
  for (name in own)
    if (name in exported)
      for (f = 1; f <= files; f++)
        if ((f, name) in used) {
          alias[name] = temporary name
          if (alias[name] in taken)
            die(alias[name] " is taken")
        }
}

# ---- pass 2 ----

function out(text) {
  print text
}

# real(TOKEN): its name where it is defined.
function real(token,    name) {
  name = bare(token)
  if ((file, name) in local_name)
    return spelled(token, local_name[file, name])
  return token
}

function spelled(token, name) {
  return token ~ /^"/ ? "\"" name "\"" : name
}

function is_ours(token,    name) {
  name = bare(token)
  return (file, name) in local_name || name in own
}

# used_as(TOKEN): its name where it is used.
function used_as(token,    name) {
  name = bare(token)
  if (!((file, name) in local_name) && name in alias)
    return spelled(token, alias[name])
  return real(token)
}

function label(token,    name) {
  if (in_section == "note" && pass == 2 && group != "again")
    note = note token ":\n"
  if (group == "again" || in_section == "nothing" || in_section == "note")
    return
  if (pass == 1) {
    define(token)
    return
  }
  put_label(token)
}

function put_label(token,    name) {
  name = bare(token)
  once(name)
  out(real(token) ":")
  if (!((file, name) in local_name) && name in alias)
    out(spelled(token, alias[name]) ":")
}

function once(name) {
  if (!((file, name) in local_name) && name in own) {
    if (name in written)
      die(name " is defined twice")
    written[name] = 1
  }
}

# FUNC and HIDDEN_FUNC of src/core/asm.h: a function, and one that is not to be seen.
function function_macro() {
  group = ""
  in_section = "text"
  if (pass == 1) {
    define(args, 1)
    return
  }
  once(args)
  out("\t" (args in exported ? "FUNC" : "HIDDEN_FUNC") "\t" args)
  if (args in alias)
    out(alias[args] ":")
}

# A section of the object, by what the compiler calls its own.
function section(    name, kind, flags) {
  name = op
  if (op == ".section") {
    name = args
    if (format == "macho") {
      gsub(/[ \t]/, "", name)
      split(name, part, ",")
      name = part[1] "," part[2]
    } else {
      sub(/[ \t]*,.*/, "", name)
      name = bare(name)
    }
  }
  group = ""
  if (format != "macho" && args ~ /,[ \t]*comdat/) {
    flags = args
    sub(/,[ \t]*comdat.*/, "", flags)
    sub(/.*,[ \t]*/, "", flags)
    if (!((pass, flags) in group_file))
      group_file[pass, flags] = file
    group = group_file[pass, flags] == file ? "first" : "again"
  }
  kind = "nothing"
  if (format == "macho") {
    if (name ~ /^(\.text|__TEXT,__text)$/)
      kind = "text"
    else if (name ~ /^(\.const|\.cstring|\.literal[0-9]+|__TEXT,__(const|cstring|literal[0-9]+))$/)
      kind = "rodata"
    else if (name ~ /^(\.const_data|__DATA,__const)$/)
      kind = "relro"
    else if (name ~ /^(\.data|\.static_data|__DATA,__(data|bss|common))$/)
      kind = "data"
    else if (name !~ /^__(LD|DWARF|LLVM),/)
      die("the object has no place for the section " name)
  } else {
    if (name ~ /^\.text/)
      kind = "text"
    else if (name ~ /^\.rodata/)
      kind = "rodata"
    else if (name ~ /^\.data\.rel\.ro/)
      kind = "relro"
    else if (name ~ /^\.(data|bss)/)
      kind = "data"
    else if (name == ".note.gnu.property")
      kind = "note"
    else if (name !~ /^\.(comment|debug_.*|note\.GNU-stack|llvm_addrsig)$/)
      die("the object has no place for the section " name)
  }
  enter(kind)
}

function enter(kind) {
  if (kind == "note" && in_section != "note") {
    noted[file] = 1
    note = ""
  }
  in_section = kind
  if (pass == 2 && kind in directive) {
    out("\t" directive[kind])
    if (format == "macho" && !(kind in begun))
      out("_libcgo_classic_" kind ":")
    begun[kind] = 1
  }
}

function align(to, most) {
  if (to + 0 > most)
    to = most
  return to
}

# Zeroed memory, at the end of the data.
function zeros(token, size, to) {
  once(bare(token))
  tail = tail "\t.p2align\t" align(to, 3) "\n" real(token) ":\n"
  if (bare(token) in alias && !((file, bare(token)) in local_name))
    tail = tail spelled(token, alias[bare(token)]) ":\n"
  tail = tail "\t.space\t" size "\n"
  if (format != "macho")
    tail = tail "\t.size\t" real(token) ", " size "\n"
}

function power(bytes,    p) {
  for (p = 0; bytes > 1; bytes /= 2)
    p++
  return p
}

function write_statement(    first, rest, name) {
  if (op ~ /^\.(globl|global)$/) {
    name = bare(args)
    if (name in own && name in exported)
      out("\t.globl\t" args)
  } else if (("dropped", op) in is || op == ".local" || (format == "macho" && op ~ /^\.cfi_/))
    return
  else if (op ~ /^\.(comm|lcomm)$/) {
    rest = list_item(args, 3)
    if (format != "macho")
      rest = power(rest == "" ? 8 : rest)
    zeros(list_item(args, 1), list_item(args, 2), rest)
  } else if (op == ".zerofill") {
    if (list_item(args, 3) != "")
      zeros(list_item(args, 3), list_item(args, 4), list_item(args, 5))
  } else if (op ~ /^\.(p2align|align|balign)$/) {
    first = list_item(args, 1)
    rest = args
    sub(/^[^,]*/, "", rest)
    out("\t" op "\t" align(first, op == ".p2align" || (op == ".align" && format == "macho") ? 3 : 8) rest)
  } else if (op ~ /^\.(type|size|set|equ)$/) {
    first = list_item(args, 1)
    rest = args
    sub(/^[^,]*,[ \t]*/, "", rest)
    if (op ~ /^\.(set|equ)$/) {
      if (bare(first) in own && bare(first) in written && !((file, bare(first)) in local_name))
        return
      once(bare(first))
      if (bare(first) in alias && !((file, bare(first)) in local_name))
        out("\t.set\t" spelled(first, alias[bare(first)]) ", " operands(rest))
    }
    out("\t" op "\t" real(first) ", " (op == ".type" ? rest : operands(rest)))
  } else if (op ~ /^\.(cfi_.*|string|ascii|asciz)$/)
    out("\t" op "\t" args)
  else
    out("\t" prefix instruction())
}

# The operands of a directive.
function operands(text,    done) {
  done = ""
  while (symbol(text)) {
    if (!is_ours(found) && op != ".size")
      die("the address of " found " in '" op "', which is not ours")
    done = done before
    done = done sum_or(found) # which may take something off `after`
    text = after
  }
  return done before
}

# sum_or(TOKEN): what stands for it, or for its sum with the number that is ahead.
function sum_or(token,    sum, name) {
  if (!sums || !is_ours(token) || !match(after, /^[+-][0-9]+/) ||
      substr(after, RLENGTH + 1) ~ /^[-+]/)
    return used_as(token)
  sum = bare(real(token)) substr(after, 1, RLENGTH)
  after = substr(after, RLENGTH + 1)
  if (!(sum in sum_name)) {
    name = temporary "sum." ++sum_count
    if (name in taken)
      die(name " is taken")
    sum_name[sum] = name
    tail_sums = tail_sums "\t.set\t" name ", " sum "\n"
  }
  return sum_name[sum]
}

# word_of(TOKEN): a constant that is the address of what is ours.
function word_of(token,    name) {
  name = used_as(token)
  if (!(name in word_name)) {
    word_name[name] = temporary "word." ++word_count
    if (word_name[name] in taken)
      die(word_name[name] " is taken")
    tail_words = tail_words word_name[name] ":\n\t" (cpu == "386" ? ".long" : ".quad") \
      "\t" name "\n"
  }
  return word_name[name]
}

# An instruction, or data.
function instruction(    text, done, token, direct, jump) {
  if (op ~ /^\./)
    return op "\t" operands(args)
  jump = op ~ /^(call|j[a-z]+)[lq]?$/
  direct = jump && args !~ /^\*/
  # Through the offset table, but straight away. On 386 the linkage table may want %ebx.
  if (jump && args ~ /^\*[^(]*@GOT(PCREL)?\(%[a-z]+\)$/) {
    text = substr(args, 2)
    sub(/@GOT.*/, "", text)
    if (is_ours(text) || args ~ /\(%(rip|ebx)\)$/) {
      args = text
      direct = 1
    }
  }
  text = args
  done = ""
  while (symbol(text)) {
    token = found
    done = done before
    if (is_ours(token)) {
      done = done sum_or(token)
      text = after
      if (text ~ /^@PLT/)
        text = substr(text, 5)
      else if (text ~ /^@GOT(PCREL)?([^A-Z]|$)/) {
        # What would be loaded is the address: compute it, or have a word for it.
        if (op ~ /^mov[lq]?$/)
          sub(/^mov/, "lea", op)
        else
          done = substr(done, 1, length(done) - length(used_as(token))) word_of(token)
        if (text ~ /^@GOTPCREL/)
          sub(/^@GOTPCREL/, "", text)
        else
          sub(/^@GOT/, "@GOTOFF", text)
      }
    } else {
      text = after
      done = done token
      if (token == "_GLOBAL_OFFSET_TABLE_" || text ~ /^@GOT(PCREL)?([^A-Z]|$)/)
        continue
      if (!direct)
        die("the address of " token ", which is not ours")
      if (format != "macho" && text !~ /^@PLT/)
        done = done "@PLT"
    }
  }
  return op "\t" done before
}

END {
  if (dead)
    exit 1
  if (pass != 2)
    exit
  in_section = ""
  if (tail_words != "") {
    enter("relro")
    printf "\t.p2align\t3\n%s", tail_words
  }
  if (tail != "") {
    enter("data")
    printf "%s", tail
  }
  printf "%s", tail_sums
  if (format == "macho")
    exit
  # Landing pads and shadow stacks: kept if every part keeps them.
  for (i = 1; i <= files; i++)
    if (!(i in noted))
      note = ""
  if (note != "")
    printf "\t.section\t.note.gnu.property,\"a\",@note\n%s", note
  print "\t.section\t.note.GNU-stack,\"\",@progbits"
}
