#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# scripts/html.sh SOURCE DIRECTORY
#
# The manual in HTML, from what the other forms of it come from: README.md, the
# guides in docs/ and the pages in man/. For `make html`. MANDOC and CMARK are the
# programs that read them.
set -eu
LC_ALL=C
export LC_ALL

src=$1 out=$2
: "${MANDOC:=mandoc}" "${CMARK:=cmark-gfm}"
for program in "$MANDOC" "$CMARK"; do
  command -v "$program" >/dev/null || {
    echo "make html needs $program (Debian: mandoc, cmark-gfm)" >&2
    exit 1
  }
done
rm -rf "$out"
mkdir -p "$out"
cp "$src"/docs/*.svg "$src/docs/manual.css" "$out"

guides='tutorial design go porting platforms benchmarks go-benchmarks go-programs release'
pages=$(cd "$src/man" && ls -- *.[137])

title_of() { sed -n 's/^# //p' "$1" | head -n 1; }

# item HREF TEXT CURRENT
item() {
  current=
  test "$1" != "$3" || current=' aria-current="page"'
  echo "<li><a href=\"$1\"$current>$2</a></li>"
}

nav() { # CURRENT
  echo '<nav id="contents" aria-label="Manual"><h2>Guides</h2><ul>'
  item index.html libcgo "$1"
  for g in $guides; do
    test ! -f "$src/docs/$g.md" || item "$g.html" "$(title_of "$src/docs/$g.md")" "$1"
  done
  for file in SECURITY CONTRIBUTING; do
    test ! -f "$src/$file.md" || item "$file.html" "$(title_of "$src/$file.md")" "$1"
  done
  item NEWS.html News "$1"
  echo '</ul><h2>Pages</h2><ul class="pages">'
  for page in $pages; do
    item "$page.html" "${page%.*}(${page##*.})" "$1"
  done
  echo '</ul></nav>'
}

# page FILE TITLE <BODY
page() {
  {
    cat <<END
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$2 - libcgo</title>
<link rel="stylesheet" href="manual.css">
</head>
<body>
<main>
<p class="to-contents"><a href="index.html">libcgo</a> · <a href="#contents">Contents</a></p>
END
    cat
    echo '</main>'
    nav "$1"
    echo '</body></html>'
  } >"$out/$1"
}

# Headings get the anchors that they have on a forge; links lead to the pages here.
markdown() {
  "$CMARK" -e table -e autolink --unsafe "$1" |
    sed -E 's|href="(\.\./)?docs/([a-z-]+)\.md|href="\2.html|g
      s|href="(\.\./)?man/([^"]*)"|href="\2.html"|g
      s|href="(\.\./)?NEWS"|href="NEWS.html"|g
      s|href="(examples/)?lua/README\.md|href="lua.html|g
      s|href="examples/README\.md|href="examples.html|g
      s|href="LICENSE"|href="LICENSE.txt"|g
      s|href="(\.\./)?([A-Za-z-]+)\.md|href="\2.html|g
      s#<a href="(packaging|abi)">([^<]*)</a>#<code>\2</code>#g
      s|src="docs/|src="|g' |
    awk '/^<h[1-6]>/ {
        id = tolower($0); gsub(/<[^>]*>/, "", id); gsub(/&[a-z]+;/, "", id)
        gsub(/[^a-z0-9 _-]/, "", id); gsub(/ /, "-", id)
        sub(/>/, " id=\"" id "\">")
      }
      { gsub(/<table>/, "<div class=\"wide\"><table>"); gsub(/<\/table>/, "</table></div>"); print }'
}

markdown "$src/README.md" | page index.html Manual
cp "$src/LICENSE" "$out/LICENSE.txt"
markdown "$src/examples/README.md" | page examples.html Examples
markdown "$src/examples/lua/README.md" | page lua.html "$(title_of "$src/examples/lua/README.md")"
for g in $guides; do
  test ! -f "$src/docs/$g.md" ||
    markdown "$src/docs/$g.md" | page "$g.html" "$(title_of "$src/docs/$g.md")"
done
for file in SECURITY CONTRIBUTING; do
  test ! -f "$src/$file.md" ||
    markdown "$src/$file.md" | page "$file.html" "$(title_of "$src/$file.md")"
done
{
  echo '<h1>News</h1><pre class="news">'
  sed '1d; s/&/\&amp;/g; s/</\&lt;/g' "$src/NEWS"
  echo '</pre>'
} | page NEWS.html News

# A reference to a name leads to the page that describes it; one to a page that is
# not ours is no link.
for page in $pages; do
  echo "s|href=\"$page.html\"|href=\"=$page.html\"|g"
done >"$out/links.sed"
sed -n 's/^	\([A-Za-z0-9_.]*\):\([A-Za-z0-9_]*\).*/\1 \2/p' "$src/man/local.mk" |
  while read -r page name; do
    for section in 3 7; do
      test ! -f "$src/man/$page.$section" ||
        echo "s|href=\"$name.$section.html\"|href=\"=$page.$section.html\"|g"
    done
  done >>"$out/links.sed"
cat >>"$out/links.sed" <<'END'
s|<a class="Xr" href="[^="][^"]*">\([^<]*\)</a>|<span class="Xr">\1</span>|g
s|href="=|href="|g
END
for page in $pages; do
  "$MANDOC" -Thtml -O 'fragment,man=%N.%S.html' "$src/man/$page" |
    sed -f "$out/links.sed" | page "$page.html" "${page%.*}(${page##*.})"
done
rm "$out/links.sed"

# Nothing leads nowhere.
bad=0
for file in "$out"/*.html; do
  # shellcheck disable=SC2013
  for link in $(grep -oE '(href|src)="[^"#:]+' "$file" | sed 's/.*="//' | sort -u); do
    test -f "$out/$link" || {
      echo "$(basename "$file") refers to $link, which is not there" >&2
      bad=1
    }
  done
done
exit $bad
