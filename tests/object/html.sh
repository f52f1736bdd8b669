#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The manual in HTML, as `make html` makes it.
. "$(dirname "$0")/../support/tap.sh"

python3=${PYTHON3:-python3}

# What is in the pages, a line each, with tabs:
#   PAGE id NAME
#   PAGE link WHERE TARGET FRAGMENT HERE TEXT   WHERE: nav, main; HERE: at that id
#   PAGE bare TEXT        looks like a link, and is none
#   PAGE group TITLE      of the contents
#   PAGE image FILE
#   PAGE name TEXT        in the face of code, in prose, no link
#   PAGE table            that cannot be scrolled by itself
cat >facts.py <<'END'
import os, sys
from html.parser import HTMLParser

VOID = {'meta', 'link', 'br', 'img', 'hr', 'input'}

class Facts(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.page, self.open, self.texts = page, [], []

    def say(self, *what):
        print(self.page, *(' '.join(w.split()) if w else '-' for w in what), sep='\t')

    def inside(self, *tags):
        return any(tag in tags for tag, _ in self.open)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        if 'id' in attrs:
            self.say('id', attrs['id'])
            for other, inner in self.open:
                inner.setdefault('ids', []).append(attrs['id'])
        if tag == 'img':
            self.say('image', attrs['src'])
        if tag == 'link':
            self.say('link', 'head', attrs['href'], '', '', '')
        if tag == 'table' and attrs.get('class') not in ('head', 'foot') and \
                not any(inner.get('class') == 'wide' for _, inner in self.open):
            self.say('table')
        if tag not in VOID:
            self.open.append((tag, attrs))
            self.texts.append('')

    def handle_data(self, data):
        self.texts = [text + data for text in self.texts]

    def handle_endtag(self, tag):
        if tag in VOID:
            return
        tag, attrs = self.open.pop()
        text = self.texts.pop()
        if tag == 'a':
            where = 'nav' if self.inside('nav') else 'main'
            href = attrs.get('href')
            if href is None:
                if 'aria-current' not in attrs:
                    self.say('bare', text)
            elif ':' not in href:
                target, _, fragment = href.partition('#')
                around = [inner.get('id') for _, inner in self.open] + attrs.get('ids', [])
                here = target in ('', self.page) and (not fragment or fragment in around)
                self.say('link', where, target or self.page, fragment, 'here' if here else '', text)
        elif tag == 'h2' and self.inside('nav'):
            self.say('group', text)
        elif tag == 'code' and not self.inside('a', 'pre', 'h1', 'h2', 'h3'):
            self.say('name', text.split('(')[0])

for page in sorted(os.listdir('html')):
    if page.endswith('.html'):
        with open('html/' + page, encoding='utf-8') as file:
            facts = Facts(page)
            facts.feed(file.read())
            facts.close()
            assert not facts.open, (page, facts.open)
END

tab=$(printf '\t')
made() {
  "$srcdir/scripts/html.sh" "$srcdir" html >said 2>&1 || {
    cat said
    return 1
  }
  "$python3" facts.py >facts && grep -q "${tab}link$tab" facts
}

# none WHAT: there was no line.
none() {
  cat found
  ! grep -q . found
}

says_where_it_is() {
  test -f "$(sed -n 's/^the manual: //p' said)"
}

says_what_is_missing() {
  ! MANDOC=no-mandoc PYTHON3=no-python3 "$srcdir/scripts/html.sh" "$srcdir" other >said.missing 2>&1 &&
    cat said.missing && grep -q 'no-mandoc no-python3$' said.missing && grep -q 'apt-get install' said.missing
}

has_every_page() {
  for page in "$srcdir"/man/*.[137]; do
    grep -q '<h1 class="Sh" id="NAME">' "html/$(basename "$page").html" || {
      echo "no $(basename "$page")"
      return 1
    }
  done
}

leads_nowhere() {
  awk -F '\t' '$2 == "id" { id[$1, $3] }
    $2 == "link" { at[++n] = $0 }
    END {
      for (i = 1; i <= n; i++) {
        split(at[i], f, "\t")
        if (!(f[4] in known)) known[f[4]] = (getline line < ("html/" f[4])) > 0
        if (!known[f[4]] || f[5] != "-" && !((f[4], f[5]) in id)) print at[i]
      }
    }' facts >found
  none
}

leads_to_itself() {
  awk -F '\t' '$2 == "link" && $6 == "here" || $2 == "bare"' facts >found
  none
}

# Of a page that describes several names, and of one that is not here.
references_lead_to_the_page_that_has_the_name() {
  grep -q 'href="libcgo_attach.3.html#libcgo_callback">libcgo_callback(3)' html/*.3.html &&
    ! grep -q 'href="pthread_create' html/*.html
}

names_are_links() {
  for page in "$srcdir"/man/*.3; do
    awk -v page="$(basename "$page").html" '/^\.Sh / { on = $2 == "NAME" }
      on && $1 == ".Nm" { print page "\t" $2 }' "$page"
  done >described
  grep -q . described && awk -F '\t' 'NR == FNR { where[$2] = $1; next }
    $2 == "name" && $3 in where && where[$3] != $1' described facts >found
  none
}

titles_name_guides() {
  awk -F '\t' '$2 == "link" && $7 ~ /\.md$/' facts >found
  none
}

groups_are_in_order() {
  awk -F '\t' '$2 == "group" { of[$1] = of[$1] $3 ", " }
    END { for (page in of) print of[page] }' facts | sort -u >found
  cat found
  test "$(cat found)" = \
    'Start here, The kit, The classic face, The Go face, Hosts, which are runtimes that exist, Tools, The library, '
}

# The kit's before those of 2010, which the alphabet has first.
contents_have_every_page_once_by_its_face() {
  awk -F '\t' '$1 == "LICENSE.txt" { next } $2 == "id" || $2 == "link" { page[$1] }
    $1 == "index.html" && $2 == "group" { group = $3 }
    $1 == "index.html" && $3 == "nav" { seen[$4]++; face[$4] = group }
    END {
      seen["index.html"]++
      for (p in page) if (seen[p] != 1) print p, seen[p] + 0
      if (face["libcgo_attach.3.html"] != "The kit") print "libcgo_attach"
      if (face["_cgo_malloc.3.html"] != "The classic face") print "_cgo_malloc"
      if (face["go.html"] != "The Go face") print "go"
    }' facts >found
  none
}

pictures_are_shown() {
  for picture in "$srcdir"/docs/*.svg; do
    grep -q "${tab}image$tab${picture##*/}\$" facts || echo "${picture##*/}"
  done >found
  none
}

narrow_screens() {
  {
    grep -L '<meta name="viewport" content="width=device-width' html/*.html
    grep "${tab}table" facts
  } >found
  none
}

dark_screens() {
  grep -L 'prefers-color-scheme: dark' html/*.svg html/*.css >found
  none
}

pictures_are_well_formed() {
  for picture in "$srcdir"/docs/*.svg; do
    xmllint --noout "$picture" || return 1
  done
}

if have mandoc && have cmark-gfm && have "$python3"; then
  ok the_html_manual_is_made made
  ok it_tells_where_it_is says_where_it_is
  ok it_tells_which_programs_are_missing says_what_is_missing
  ok every_page_is_in_the_html_manual has_every_page
  ok nothing_in_the_html_manual_leads_nowhere leads_nowhere
  ok what_looks_like_a_link_is_one_and_leads_elsewhere leads_to_itself
  ok references_lead_to_the_page_that_has_the_name \
    references_lead_to_the_page_that_has_the_name
  ok names_that_other_pages_describe_are_links names_are_links
  ok links_to_guides_have_their_titles titles_name_guides
  ok groups_of_the_contents_are_in_order groups_are_in_order
  ok the_contents_have_every_page_once_by_its_face contents_have_every_page_once_by_its_face
  ok every_picture_is_shown pictures_are_shown
  ok pages_and_tables_fit_narrow_screens narrow_screens
  ok pages_and_pictures_have_dark_colours dark_screens
else
  skip the_html_manual 'mandoc, cmark-gfm and python3 are not all here'
fi
if have xmllint; then
  ok pictures_are_well_formed pictures_are_well_formed
else
  skip pictures_are_well_formed 'there is no xmllint (libxml2-utils) here'
fi
done_testing
