#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/manual.py SOURCE DIRECTORY
#
# scripts/html.sh calls it. Pages are grouped as in libcgo(7). A new page or guide needs no
# entry here.
import glob
import html
import os
import posixpath
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser

source, out = sys.argv[1:]
MANDOC = os.environ.get('MANDOC', 'mandoc')
CMARK = os.environ.get('CMARK', 'cmark-gfm')
# In their order; other guides follow.
START = ['README.md', 'docs/tutorial.md', 'docs/tutorial-gc.md', 'examples/README.md',
         'examples/lua/README.md', 'examples/python/README.md', 'examples/jni/README.md',
         'examples/ocaml/README.md', 'examples/ruby/README.md', 'examples/node/README.md',
         'docs/glossary.md']
LIBRARY = ['docs/design.md', 'docs/porting.md', 'docs/platforms.md', 'docs/benchmarks.md']


def read(path):
    with open(os.path.join(source, path), encoding='utf-8') as file:
        return file.read()


def find(pattern):
    return sorted(os.path.relpath(path, source) for path in glob.glob(os.path.join(source, pattern)))


def output(*command, text=''):
    return subprocess.run(command, check=True, input=text.encode(), stdout=subprocess.PIPE).stdout.decode()


def markdown(text):
    return output(CMARK, '-e', 'table', '-e', 'autolink', '--unsafe', text=text)


def text_of(fragment):
    return html.unescape(re.sub(r'<[^>]*>', '', fragment))


class Page:
    """A page of the manual: `path` in the source, `name` in HTML, a title, a body."""

    def __init__(self, path):
        self.path = path
        base = posixpath.basename(path)
        self.manual = path.startswith('man/')
        if self.manual:
            self.title = '%s(%s)' % tuple(base.rsplit('.', 1))
            self.body = output(MANDOC, '-Thtml', '-Ios=libcgo', '-O', 'fragment,man=man/%N.%S',
                               os.path.join(source, path))
        elif path.endswith('.md'):
            self.body = markdown(read(path))
            self.title = text_of(re.search('<h1>(.*?)</h1>', self.body)[1])
        else:  # NEWS: its lists are as in Markdown, but no sign has a meaning
            self.title = base.capitalize()
            text = re.sub(r'([\\`_<>&[\]])', r'\\\1', read(path).split('\n', 1)[1])
            self.body = markdown('# News\n' + re.sub(r'^(\d)', r'## \1', text, flags=re.M))
        if base == 'README.md':
            base = posixpath.basename(posixpath.dirname(path)) or 'index'
        self.name = (base if self.manual else base.replace('.md', '')) + '.html'
        self.ids = set(re.findall(' id="([^"]*)"', self.body))


class Writer(HTMLParser):
    """The body of a page, as it is in the manual."""

    HELD = {'a', 'code', 'table', 'h1', 'h2', 'h3', 'h4', 'pre'}

    def __init__(self, page):
        super().__init__(convert_charrefs=False)
        self.page = page
        self.held = [('', {}, [])]  # elements that are changed as a whole, and what is in them
        self.slugs = {}
        self.feed(page.body)
        self.close()
        (_, _, done), = self.held
        self.html = ''.join(done)

    def put(self, text):
        self.held[-1][2].append(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if tag in self.HELD:
            self.held.append((tag, attrs, []))
        elif tag == 'img' and ':' not in attrs['src']:
            attrs['src'] = posixpath.basename(attrs['src'])
            self.put(element('span', {'class': 'wide'}, element('img', attrs)))
        else:
            self.put(self.get_starttag_text())

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag in self.HELD:
            tag, attrs, inner = self.held.pop()
            self.put(getattr(self, tag[0] if tag[0] == 'h' else tag)(tag, attrs, ''.join(inner)))
        else:
            self.put('</%s>' % tag)

    def handle_data(self, data):
        if self.page.path == 'NEWS':
            data = re.sub(r'\w+', lambda word: self.reference(word[0], word[0]), data)
        self.put(data)

    def handle_entityref(self, name):
        self.put('&%s;' % name)

    def handle_charref(self, name):
        self.put('&#%s;' % name)

    # Headings have the anchors that they have on a forge.
    def h(self, tag, attrs, inner):
        if 'id' not in attrs:
            slug = re.sub(r'[^\w -]', '', text_of(inner).lower()).replace(' ', '-')
            n = self.slugs[slug] = self.slugs.get(slug, -1) + 1
            attrs['id'] = slug + ('-%d' % n if n else '')
        return element(tag, attrs, inner)

    def table(self, tag, attrs, inner):
        table = element(tag, attrs, inner)
        return table if attrs.get('class') in ('head', 'foot') else '<div class="wide">%s</div>' % table

    def pre(self, tag, attrs, inner):
        return element(tag, attrs, inner)

    # A name that another page describes leads there.
    def code(self, tag, attrs, inner):
        name = re.fullmatch(r'([\w.-]+)(\(.*\))?', text_of(inner))
        around = {tag for tag, attrs, _ in self.held if attrs.get('class') != 'permalink'}
        if not name or around & {'a', 'pre', 'h1', 'h2', 'h3', 'h4'}:
            return element(tag, attrs, inner)
        return self.reference(name[1], element(tag, attrs, inner))

    def reference(self, name, inner):
        page = names.get(name, self.page)
        if page is self.page:
            return inner
        return element('a', {'href': page.name + ('#' + name if name in page.ids else '')}, inner)

    # Nothing leads to where it stands, nor to what is not in the manual.
    def a(self, tag, attrs, inner):
        href = attrs.get('href', '')
        kind = attrs.get('class')
        if kind in ('permalink', 'In') or kind == 'Sx' and href[1:] not in self.page.ids:
            return inner
        if ':' in href or href.startswith('#') or 'href' not in attrs:
            return element(tag, attrs, inner)
        path, _, fragment = href.partition('#')
        if kind == 'Xr':
            name = posixpath.basename(path).rsplit('.', 1)[0]
            page = pages.get(path) or names.get(name)
            fragment = name if page and name in page.ids else ''
        else:
            path = posixpath.normpath(posixpath.join(posixpath.dirname(self.page.path), path))
            page = pages.get(path)
        if path == 'LICENSE':
            return element('a', {'href': 'LICENSE.txt'}, inner)
        if page is None or page is self.page:
            return inner if kind == 'Xr' or text_of(inner) != path else element('code', {}, inner)
        if text_of(inner) in (href, path):
            inner = html.escape(page.title)
        attrs['href'] = page.name + ('#' + fragment if fragment else '')
        return element(tag, attrs, inner)


def element(tag, attrs, inner=None):
    start = '<%s%s>' % (tag, ''.join(' %s="%s"' % (k, html.escape(v or '')) for k, v in attrs.items()))
    return start if inner is None else '%s%s</%s>' % (start, inner, tag)


# The groups of libcgo(7): a line with a colon, and a list of pages.
def groups():
    go = sorted(find('docs/go.md') + find('docs/go-*.md'), key=lambda path: path[:-3])
    rest = [path for path in LIBRARY + find('docs/*.md') + find('*.md') + ['NEWS']
            if path in pages and path not in START + go]
    yield 'Start here', [START[0], 'man/libcgo.7'] + [path for path in START[1:] if path in pages]
    index = read('man/libcgo.7').split('.Ss Pages\n')[1].split('.Ss')[0]
    for title, items in re.findall(r'^([A-Z][^\n]*):\n\.Bl (.*?)^\.El$', index, re.M | re.S):
        listed = ['man/%s.%s' % item for item in re.findall(r'^\.It Xr (\S+) (\d)', items, re.M)]
        yield title, (go if title == 'The Go face' else []) + listed
    yield 'The library', list(dict.fromkeys(rest))


def contents(current):
    parts = []
    for title, paths in groups():
        items = ''
        for page in (pages[path] for path in paths):
            attrs = {'href': page.name}
            if page is current:
                attrs = {'aria-current': 'page'}
            items += element('li', {}, element('a', attrs, html.escape(page.title)))
        parts.append('<h2>%s</h2><ul>%s</ul>' % (title, items))
    return '\n'.join(parts)


TEMPLATE = '''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<link rel="stylesheet" href="manual.css">
</head>
<body>
<main>
<p class="to-contents">%s<a href="#contents">Contents</a></p>
%s
</main>
<nav id="contents" aria-label="Manual">%s</nav>
</body></html>
'''

pages = {path: Page(path) for path in find('man/*.[1-9]') + find('*.md') + find('docs/*.md') +
         find('examples/*.md') + find('examples/*/*.md') + ['NEWS']}
# What pages describe: the names of their sections NAME.
names = {}
for page in pages.values():
    if page.manual:
        for name in re.findall('<code class="Nm">(.*?)</code>', page.body.split('</section>')[0]):
            names[text_of(name)] = page
del names['libcgo']  # the library, in most places

shutil.rmtree(out, ignore_errors=True)
os.makedirs(out)
for path in find('docs/*.svg') + ['docs/manual.css']:
    shutil.copy(os.path.join(source, path), out)
shutil.copy(os.path.join(source, 'LICENSE'), os.path.join(out, 'LICENSE.txt'))
for page in pages.values():
    home = '' if page.name == 'index.html' else '<a href="index.html">libcgo</a> · '
    title = 'libcgo' if page.name == 'index.html' else page.title + ' - libcgo'
    with open(os.path.join(out, page.name), 'w', encoding='utf-8') as file:
        file.write(TEMPLATE % (html.escape(title), home, Writer(page).html, contents(page)))
