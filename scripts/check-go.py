#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""
scripts/check-go.py ROOT

Runs the tests that Go releases have for their package runtime/cgo, first with Go's own C
files and then on libcgo, and compares the results. ROOT is where the library was installed
with make install DESTDIR=ROOT. make check-go calls this. tests/go/check-go.suites lists the
suites.

For each Go there are two copies of its tree. One is untouched. In the other, libcgo-go's
overlay is applied to the sources, because some suites set GOFLAGS themselves. In both,
tests/go/link.sh runs before the linker, and notes which C half each program has. So a run
of one side cannot pass for a run of the other.

  GO                    a go command; the default is those in PATH, /usr/local/go
                        and /usr/lib/go-*
  CHECK_GO_TOOLCHAINS   more toolchains, such as go1.22.12, from the module proxy
  CHECK_GO_SUITES       a regular expression for names of suites
  CHECK_GO_DIR          for the copies, logs and results; default: check-go.work
  CHECK_GO_JOBS         go test -p
  CHECK_GO_TIMEOUT      seconds for one suite
  CHECK_GO_KEEP         not empty: keep the copies, 150 to 300 megabytes each

CHECK_GO_DIR/results.tsv has a line for each test: Go, suite, test, stock, libcgo.
CHECK_GO_DIR/table.md is for docs/go.md.
A test that fails is tried again, twice at most. If it then passes, it is "flaky". This holds
for both sides. A test that passes stock and fails on libcgo is tried twice more stock. If
it then fails stock, too, it is also "flaky". Exits with 1 if a test passes stock only, or
if a program has the C half of the other side. Exits with 2 if nothing can be compared.
"""
import collections
import glob
import json
import os
import pathlib
import re
import shlex
import shutil
import string
import subprocess
import sys

SIDES = 'stock', 'libcgo'
PASSED = 'pass', 'flaky'
env = os.environ.get
tests_go = pathlib.Path(__file__).resolve().parent.parent / 'tests/go'


def die(text):
    print('check-go: ' + text, file=sys.stderr)
    sys.exit(2)


def say(text):
    print(text, flush=True)


def output(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, universal_newlines=True,
                          **options).stdout.strip()


class Library:
    """The library below ROOT."""

    def __init__(self, root, work):
        # A pkg-config file for the place where it is now. The loader does not look there, and
        # some suites set LD_LIBRARY_PATH themselves, so it is noted in what is linked with it,
        # too. (Go's own linker notes no such thing.)
        pc = next(root.rglob('libcgo.pc'), None) or die("there is no libcgo.pc below '%s'" % root)
        text = pc.read_text()
        if not re.search('^prefix=%s' % re.escape(str(root)), text, re.M):
            text = re.sub('^([a-z_]*=)/', r'\g<1>%s/' % root, text, flags=re.M)
        text = re.sub('^Libs:.*', r'\g<0> -Wl,-rpath,${libdir}', text, flags=re.M)
        (work / 'pkgconfig').mkdir(exist_ok=True)
        (work / 'pkgconfig/libcgo.pc').write_text(text)
        path = env('PKG_CONFIG_PATH')
        os.environ['PKG_CONFIG_PATH'] = '%s/pkgconfig' % work + (':' + path if path else '')
        self.dir = output(env('PKG_CONFIG') or 'pkg-config', '--variable=libdir', 'libcgo')
        if not os.path.exists(self.dir + '/libcgo.so.0'):
            die("there is no libcgo.so.0 in '%s'" % self.dir)
        self.tool = next(p for p in root.rglob('libcgo-go') if p.is_file())
        self.shim = next(p for p in root.rglob('shim.c') if p.parent.name == 'go')
        # The C compiler for suites that link an archive themselves: its consumers add -lcgo,
        # which the suites cannot know.
        self.cc = work / 'cc-libcgo'
        self.cc.write_text('''#!/bin/sh
for argument; do
  case $argument in
  -c | -E | -S | -r) exec %s "$@" ;;
  esac
done
exec %s "$@" -L'%s' -Wl,--push-state,--as-needed -lcgo -Wl,--pop-state
''' % (env('CC') or 'gcc', env('CC') or 'gcc', self.dir))
        self.cc.chmod(0o755)


class Go:
    """A release of Go, as two trees."""

    def __init__(self, version, goroot, work, library):
        self.version, self.work, self.library = version, work, library
        self.base = work / version
        shutil.rmtree(self.base, ignore_errors=True)
        for side in SIDES:
            self.make_tree(self.base / side / 'goroot', pathlib.Path(goroot))
        self.apply_overlay()

    def make_tree(self, to, goroot):
        """Real files: Go takes links for foreign in several places."""
        (to / 'pkg').mkdir(parents=True)
        for part in 'src', 'misc', 'lib', 'test', 'VERSION', 'go.env', 'pkg/include':
            if (goroot / part).exists():
                subprocess.run(['cp', '-RL', goroot / part, to / part], check=True)
        subprocess.run(['chmod', '-R', 'u+w', to], check=True)
        # The module proxy's archives have go.mod files by this name.
        for file in list(to.rglob('_go.mod')):
            file.rename(file.with_name('go.mod'))
        for tool in goroot.glob('pkg/tool/*/*'):
            place = to / 'pkg/tool' / tool.parent.name
            (place / 'real').mkdir(parents=True, exist_ok=True)
            if tool.name == 'link':
                shutil.copy(tests_go / 'link.sh', place / 'link')
                place /= 'real'
            (place / tool.name).symlink_to(tool)
        # Copied, because it finds its tree by its own place.
        (to / 'bin').mkdir()
        shutil.copy(goroot / 'bin/go', to / 'bin/go')
        if (goroot / 'bin/gofmt').exists():
            (to / 'bin/gofmt').symlink_to(goroot / 'bin/gofmt')

    def environment(self, side, **more):
        """That side's Go, and nothing of the user's settings."""
        goroot = '%s/%s/goroot' % (self.base, side)
        mine = {name: value for name, value in os.environ.items()
                if name not in ('GOPATH', 'GO', 'CHECK_GO_SUITES')}
        mine.update(GOROOT=goroot, PATH=goroot + '/bin:' + mine['PATH'], GOENV='off',
                    GOTOOLCHAIN='local', GO111MODULE='on', CGO_ENABLED='1',
                    GOFLAGS='-buildvcs=false')
        mine.update(more)
        return mine

    def apply_overlay(self):
        cgo = self.base / 'libcgo/goroot/src/runtime/cgo'
        try:
            overlay = json.loads(output(self.library.tool, 'overlay', env=self.environment(
                'libcgo', GO='%s/libcgo/goroot/bin/go' % self.base,
                LIBCGO_GO_SHIM=str(self.library.shim), XDG_CACHE_HOME='%s/cache' % self.work)))
        except subprocess.CalledProcessError:
            die('libcgo-go refuses ' + self.version)
        for file, replacement in overlay['Replace'].items():
            if os.path.dirname(file) != str(cgo):
                die("the overlay replaces '%s'" % file)
            if replacement:
                shutil.copyfile(replacement, file)
            else:
                os.remove(file)
        left = [file.name for file in cgo.rglob('*.c')]
        if left != ['libcgo_shim.c']:
            die('after the overlay runtime/cgo has ' + ' '.join(left))

    def bound(self, side, mode):
        """How often a program of SIDE binds a symbol of libcgo's at run time, by the loader's
        own account."""
        program = self.base / 'program' / ('%s-%s' % (side, mode))
        program.parent.mkdir(exist_ok=True)
        subprocess.run(['go', 'build', '-ldflags=-linkmode=' + mode, '-o', program, './users'],
                       cwd=tests_go, env=self.environment(side), check=True)
        bindings = '%s.bindings' % program
        subprocess.run([program], check=True, stdout=subprocess.DEVNULL, env=dict(
            os.environ, LD_LIBRARY_PATH=self.library.dir, LD_DEBUG='bindings',
            LD_DEBUG_OUTPUT=bindings))
        wanted = "%s .* to %s/libcgo.so.0 .*`libcgo_go_init'" % (program.name, self.library.dir)
        return sum(len(re.findall(wanted, open(file, errors='replace').read()))
                   for file in glob.glob(bindings + '.*'))

    def evidence(self):
        """A suite of ours: the two sides are what they are called."""
        for mode in 'internal', 'external':
            for side, wanted in ('stock', 0), ('libcgo', 1):
                try:
                    times = self.bound(side, mode)
                except subprocess.CalledProcessError as error:
                    times = error
                if times != wanted:
                    die('with %s, a program of the side %s, linked %s, binds libcgo_go_init '
                        '%s times, not %d' % (self.version, side, mode, times, wanted))
        say(self.version + ': a program on libcgo binds libcgo_go_init in the library under test,'
            ' a stock one does not (internal and external linking)')

    def runtime_tests(self):
        """Those of the runtime that run a program with cgo, by their sources, and some whose
        names say so."""
        names = set()
        for file in self.base.glob('stock/goroot/src/runtime/*_test.go'):
            for name, body in re.findall(r'^func (Test\w*)\((.*?)^}', file.read_text(), re.M | re.S):
                if re.search('Cgo|CGO|Signal|Traceback', name) or 'testprogcgo' in body:
                    names.add(name)
        return '|'.join(sorted(names)) or die(self.version + ': no tests in the sources of runtime')

    def remove(self):
        for side in SIDES:
            subprocess.run(['chmod', '-R', 'u+w', self.base / side / 'goroot'], check=True)
            shutil.rmtree(self.base / side / 'goroot')


class Suite:
    """A line of tests/go/check-go.suites."""

    def __init__(self, name, place, *words):
        self.name, self.place, self.words = name, place, words
        self.needs = ''.join(w[6:] for w in words if w.startswith('needs='))
        self.arguments = [w for w in words if w.startswith('-')]
        self.environment = dict(re.findall(r'^([A-Z_]+)=(.*)', '\n'.join(words), re.M))

    def find(self, go, side):
        """The directory and the package for go test; none, if this Go does not have them."""
        tree = go.base / side / 'goroot'
        if self.place.startswith('/'):
            return tests_go / self.place[1:], '.'
        if not self.place.startswith(('test', 'swig')):
            return (tree / 'src', self.place) if (tree / 'src' / self.place).is_dir() else None
        # Two suites of the first releases became parts of testso.
        for place in (tree / 'src/cmd/cgo/internal' / self.place, tree / 'misc/cgo' / self.place,
                      tree / 'misc/cgo' / self.place[4:], tree / 'misc' / self.place):
            if place.is_dir():
                return (place, '.') if list(place.glob('*.go')) else None
        return None

    def run_once(self, go, side, log, again=None):
        """go test, or go run: the result of each test. Without vet, which is not compared, and
        which in Go 1.19 leaves paths of a tree that ends with the run in the user's build
        cache."""
        where, what = self.find(go, side)
        run = 'run' in self.words
        limit = int(env('CHECK_GO_TIMEOUT') or 1800)
        command = ['run'] if run else ['test', '-vet=off', '-json', '-count=1', '-timeout=%ds' % limit,
                                       '-p=' + (env('CHECK_GO_JOBS') or str(os.cpu_count() or 2))]
        more = dict(self.environment)
        if side == 'libcgo':
            more['LD_LIBRARY_PATH'] = go.library.dir
            if 'archive' in self.words:
                more['CC'] = str(go.library.cc)
        with open(log + '.json', 'w') as out, open(log + '.json.err', 'w') as err:
            status = subprocess.run(
                ['timeout', '-k', '10', str(limit + 600), 'go', *command, *self.arguments,
                 *(['-run=^(%s)$' % '|'.join(again)] if again else []), what],
                cwd=where, env=go.environment(side, **more), stdin=subprocess.DEVNULL, stdout=out,
                stderr=err).returncode
        results = {}
        with open(log + '.json', errors='replace') as lines:
            for line in lines:
                try:
                    event = json.loads(line)
                    if 'Test' in event and event['Action'] in ('pass', 'fail', 'skip'):
                        results[event['Test']] = event['Action']
                except (ValueError, KeyError, TypeError):
                    pass
        # A failure that is of no test, or of no go test.
        if run:
            results['(run)'] = 'fail' if status else 'pass'
        elif status and 'fail' not in results.values():
            results['(test)'] = 'fail'
        return results

    def run(self, go, side):
        """What fails is tried again."""
        log = self.log(go, side)
        results = self.run_once(go, side, log)
        for again in 2, 3:
            failed = {test for test, result in results.items() if result == 'fail'}
            if not failed:
                break
            now = self.run_once(go, side, '%s.%d' % (log, again), only_these(failed))
            for test in failed:
                if now.get(test) == 'pass':
                    results[test] = 'flaky'
            if '(test)' in results and '(test)' not in now:
                # Nothing ran before, and now it did.
                del results['(test)']
                results.update((t, 'flaky' if r == 'pass' else r) for t, r in now.items())
        return results

    def doubt(self, go, stock, libcgo):
        """What fails on libcgo only is run stock, too, three times in all. What fails there once
        is flaky there; if the process ends, so is all that it did not come to."""
        for again in 2, 3:
            worse = {test if test in libcgo else '(absent)' for test, result in stock.items()
                     if result == 'pass' and libcgo.get(test) not in PASSED}
            if not worse:
                break
            some = only_these(worse)
            now = self.run_once(go, 'stock', '%s.%d' % (self.log(go, 'stock'), again), some)
            for test, result in stock.items():
                if result == 'pass' and (now.get(test) == 'fail' or not some and test not in now):
                    stock[test] = 'flaky'
            if '(test)' in now:
                stock.setdefault('(test)', 'flaky')

    def log(self, go, side):
        return '%s/%s/%s' % (go.base, side, self.name.replace('/', '-'))

    def compare(self, go):
        """Both sides, their results, and how often which C half was linked."""
        results, halves = {}, {}
        for side in SIDES:
            (go.base / side / 'links.tsv').write_text('')
            results[side] = self.run(go, side)
        self.doubt(go, results['stock'], results['libcgo'])
        for side in SIDES:
            links = (go.base / side / 'links.tsv').read_text().splitlines()
            halves[side] = collections.Counter(line.split('\t')[0] for line in links)
        rows = sorted((go.version, self.name, test, *(results[side].get(test, 'absent') for side in SIDES))
                      for test in {**results['stock'], **results['libcgo']})
        return rows, halves


def only_these(tests):
    """Their names for -run; none, if something is of no test: then all run again."""
    return None if any(t.startswith('(') for t in tests) else sorted({t.split('/')[0] for t in tests})


def line(*columns):
    say('%-9s %-20s %5s %5s %5s   %5s %5s %5s   %6s %6s  %s' % columns)


def check(go, work, only):
    """The rows of all suites of one Go; whether one was linked with the wrong half."""
    go.evidence()
    names = {'static': '-linkmode=external -extldflags "-static -pthread"',
             'net': 'Cgo|CGO|LookupPort|LookupLocal|LookupNullByte|TCPServer|UnixServer',
             'runtime_tests': '^(%s)$' % go.runtime_tests()}
    rows = []
    for text in (tests_go / 'check-go.suites').read_text().splitlines():
        words = [string.Template(word).substitute(names) for word in shlex.split(text, comments=True)]
        if not words or not re.fullmatch(only, words[0]):
            continue
        suite = Suite(*words)
        if suite.needs and not shutil.which(suite.needs):
            say('%s: %s skipped: there is no %s' % (go.version, suite.name, suite.needs))
            continue
        if not suite.find(go, 'stock'):
            continue
        some, half = suite.compare(go)
        rows += some
        with open(work / 'results.tsv', 'a') as file:
            file.writelines('\t'.join(row) + '\n' for row in some)
        linked = [half[side][of] for side in SIDES for of in SIDES]
        with open(work / 'links.tsv', 'a') as file:
            print(go.version, suite.name, *linked, sep='\t', file=file)
        note = ''
        if linked[1] or linked[2]:
            note = "LINKED WITH THE OTHER SIDE'S C HALF"
            with open(work / 'wrong-half', 'a') as file:
                print(go.version, suite.name, sep='\t', file=file)
            shutil.copy(go.base / 'libcgo/links.tsv', suite.log(go, 'libcgo') + '.links')
        counts = []
        for column in 3, 4:
            n = collections.Counter('pass' if row[column] == 'flaky' else row[column] for row in some)
            counts += n['pass'], n['fail'], n['skip']
        line(go.version, suite.name, *counts, linked[0], linked[3], note)
    return rows


def table(rows):
    """For each suite and Go, how many tests pass on both sides, and on neither."""
    gos, suites = (list(dict.fromkeys(row[column] for row in rows)) for column in (0, 1))
    yield '| suite |' + ''.join(' %s |' % go for go in gos)
    yield '|---|' + '---|' * len(gos)
    for suite in suites:
        cells = ''
        for go in gos:
            some = [row for row in rows if row[:2] == (go, suite)]
            ran = sum(row[3:] != ('skip', 'skip') for row in some)
            stock, libcgo = (sum(row[column] in PASSED for row in some) for column in (3, 4))
            if not some:
                cells += ' |'
            elif not ran:
                cells += ' skipped |'
            elif stock != libcgo:
                cells += ' **stock %d, libcgo %d** |' % (stock, libcgo)
            else:
                cells += ' %d%s |' % (stock, ', and %d on neither' % (ran - stock) if stock < ran else '')
        yield '| %s |%s' % (suite, cells)


def summary(rows):
    """Says what differs; how many fail on libcgo only."""
    def worse(stock, libcgo):
        return (stock == 'pass' and libcgo not in PASSED or
                stock in ('skip', 'absent') and libcgo == 'fail')
    for title, chosen in (
            ('Flaky (Go, suite, test, stock, libcgo):', lambda *both: 'flaky' in both),
            ('Fails on both sides:', lambda *both: both == ('fail', 'fail')),
            ('Fails on stock only:', lambda stock, libcgo: stock == 'fail' and libcgo in PASSED),
            ('FAILS ON LIBCGO ONLY:', worse)):
        some = [row for row in rows if chosen(*row[3:])]
        if some:
            say(title)
        for row in some:
            say('  ' + '\t'.join(row))
    say('%d tests compared, %d fail on libcgo only' % (len(rows), len(some)))
    return len(some)


def releases():
    """The version and the tree of each Go."""
    if env('GO'):
        found = [shutil.which(env('GO')) or die("there is no '%s'" % env('GO'))]
    else:
        found = [shutil.which('go'), '/usr/local/go/bin/go', *sorted(glob.glob('/usr/lib/go-*/bin/go'))]
    for toolchain in (env('CHECK_GO_TOOLCHAINS') or '').split():
        try:
            goroot = output('go', 'env', 'GOROOT', env=dict(os.environ, GOENV='off', GOTOOLCHAIN=toolchain))
        except subprocess.CalledProcessError:
            die('there is no toolchain %s to be had' % toolchain)
        found.append(goroot + '/bin/go')
    seen = {}
    for go in found:
        if go and os.access(go, os.X_OK):
            mine = dict(os.environ, GOENV='off', GOTOOLCHAIN='local')
            mine.pop('GOROOT', None)
            seen.setdefault(output(go, 'env', 'GOVERSION', env=mine), (go, mine))
    return [(version, output(go, 'env', 'GOROOT', env=mine)) for version, (go, mine) in seen.items()]


def main(arguments):
    if len(arguments) != 1 or not os.path.isdir(arguments[0]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    work = pathlib.Path(env('CHECK_GO_DIR') or 'check-go.work').resolve()
    work.mkdir(parents=True, exist_ok=True)
    library = Library(pathlib.Path(arguments[0]).resolve(), work)
    for name in 'results.tsv', 'links.tsv':
        (work / name).write_text('')
    wrong_half = work / 'wrong-half'
    if wrong_half.exists():
        wrong_half.unlink()
    line('Go', 'suite', 'stock', '', '', 'libcgo', '', '', 'linked:', '', '')
    line('', '', 'pass', 'fail', 'skip', 'pass', 'fail', 'skip', 'stock', 'libcgo', '')
    rows = []
    for version, goroot in releases() or die('there is no Go: install one, or name it in GO'):
        go = Go(version, goroot, work, library)
        rows += check(go, work, env('CHECK_GO_SUITES') or '.*')
        if not env('CHECK_GO_KEEP'):
            go.remove()
    (work / 'table.md').write_text('\n'.join(table(rows)) + '\n')
    return 1 if summary(rows) or not rows or wrong_half.exists() else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
