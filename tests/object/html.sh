#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# The manual in HTML, as `make html` makes it.
. "$(dirname "$0")/../support/tap.sh"

made() {
  "$srcdir/scripts/html.sh" "$srcdir" html >out 2>&1 || {
    cat out
    return 1
  }
}

has_every_page() {
  for page in "$srcdir"/man/*.[137]; do
    grep -q '<h1 class="Sh" id="NAME">' "html/$(basename "$page").html" || {
      echo "no $(basename "$page")"
      return 1
    }
  done
}

# Of a page that describes several names, and of one that is not here.
references_lead_to_the_page_that_has_the_name() {
  grep -q 'href="libcgo_attach.3.html">libcgo_callback(3)' html/*.3.html &&
    ! grep -q '"Xr" href="pthread_create' html/*.html
}

pictures_are_well_formed() {
  for picture in "$srcdir"/docs/*.svg; do
    xmllint --noout "$picture" || return 1
  done
}

if have mandoc && have cmark-gfm; then
  ok nothing_in_the_html_manual_leads_nowhere made
  ok every_page_is_in_the_html_manual has_every_page
  ok references_lead_to_the_page_that_has_the_name \
    references_lead_to_the_page_that_has_the_name
else
  skip the_html_manual 'mandoc and cmark-gfm are not both here'
fi
if have xmllint; then
  ok pictures_are_well_formed pictures_are_well_formed
else
  skip pictures_are_well_formed 'there is no xmllint (libxml2-utils) here'
fi
done_testing
