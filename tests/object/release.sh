#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# shellcheck disable=SC2317
#
# That the parts of a release agree, and that a tarball of it is made again bit by bit.
. "$(dirname "$0")/../support/tap.sh"

ok configure_news_map_and_packages_agree_on_the_version "$srcdir/scripts/versions.sh"

disagreement_is_seen() { # FILE SED-EXPRESSION
  rm -rf copy && mkdir -p copy/src copy/scripts &&
    cp "$srcdir/NEWS" "$srcdir/configure.ac" copy/ && cp "$srcdir/src/libcgo.map" copy/src/ &&
    cp "$srcdir/scripts/versions.sh" copy/scripts/ && chmod u+w copy/* || return 1
  for part in debian/changelog debian/control "debian/libcgo0.symbols" packaging/libcgo.spec \
    packaging/APKBUILD; do
    mkdir -p "copy/${part%/*}"
    test ! -f "$srcdir/$part" || cat "$srcdir/$part" >"copy/$part"
  done
  test -f "copy/$1" || {
    echo "no $1"
    return 1
  }
  copy/scripts/versions.sh || return 1
  sed "$2" "$srcdir/$1" >"copy/$1"
  ! copy/scripts/versions.sh
}

ok a_wrong_version_in_news_is_seen disagreement_is_seen NEWS '3s/^[0-9.]*/9.9.9/'
if test -f "$srcdir/debian/changelog"; then
  ok a_wrong_version_in_the_packages_is_seen \
    disagreement_is_seen debian/changelog '1s/(.*)/(9.9.9-1)/'
  ok a_soname_without_its_package_is_seen \
    disagreement_is_seen configure.ac 's/\[LIBCGO_ABI\], \[0:0:0\]/[LIBCGO_ABI], [1:0:0]/'
else
  skip a_wrong_version_in_the_packages_is_seen "a release has no debian/"
  skip a_soname_without_its_package_is_seen "a release has no debian/"
fi

# refused TAG NEWS-LINE REASON: no release of that tag, with that third line of NEWS.
refused() {
  sed -i "3s/.*/$2/" clone/NEWS &&
    git -C clone -c user.name=t -c user.email=t@example.org commit -qam "$1" --allow-empty &&
    git -C clone tag "$1" || return 1
  if clone/scripts/release.sh "$1" refused; then
    return 1
  fi
  clone/scripts/release.sh "$1" refused 2>&1 | grep "$3" && test ! -e "refused/SHA256SUMS"
}

# In a clone with a tag of its own; the second time in another place, by another
# clock, and with other rights for new files.
made_twice() {
  # shellcheck disable=SC2153
  version=$VERSION
  cd clone || return 1
  sed -i "3s/.*/$version/" NEWS
  git -c user.name=t -c user.email=t@example.org commit -qam release --allow-empty
  git tag -f "v$version"
  cd .. || return 1
  cp -R clone "a longer name"
  clone/scripts/release.sh "v$version" one &&
    (umask 077 && TZ=Asia/Tokyo LC_ALL=C.UTF-8 "a longer name/scripts/release.sh" "v$version" two) &&
    cmp "one/libcgo-$version.tar.xz" "two/libcgo-$version.tar.xz" &&
    tar -tJf "one/libcgo-$version.tar.xz" | grep -q "^libcgo-$version/configure$"
}
# But debian/, and with what autotools make of it.
has_the_files_of_its_tag() {
  tar -tJf "one/libcgo-$VERSION.tar.xz" | sed -n "s|^libcgo-$VERSION/\(.*[^/]\)$|\1|p" |
    grep -vxE '(.*/)?Makefile\.in|aclocal\.m4|build-aux/[a-z.-]*|config\.h\.in|configure|m4/(libtool|lt.*)\.m4' |
    sort >released
  git -C clone ls-files | grep -vE '^(debian/|\.gitignore$)' | sort >tagged
  printf 'debian/local.mk\n' | sort - tagged | diff - released
}
of_a_clone() { # REASON
  for claim in a_tag_of_another_version_is_refused \
    a_release_that_news_calls_unreleased_is_refused a_release_is_made_again_bit_by_bit \
    a_release_has_the_files_of_its_tag; do
    skip $claim "$1"
  done
}
if ! have git || ! have autoreconf || ! test -e "$srcdir/.git"; then
  of_a_clone "this is no checkout with git and autoconf"
elif ! git clone -q "$srcdir" clone >/dev/null 2>&1; then
  of_a_clone "git does not clone this checkout"
elif test -n "$TEST_EMU"; then
  of_a_clone "it says nothing of this CPU"
else
  ok a_tag_of_another_version_is_refused refused v9.9.9 "$VERSION" 'the versions disagree'
  ok a_release_that_news_calls_unreleased_is_refused refused "v$VERSION" \
    "$VERSION (not yet released)" 'not yet released'
  if have xz; then
    ok a_release_is_made_again_bit_by_bit made_twice
    ok a_release_has_the_files_of_its_tag has_the_files_of_its_tag
  else
    skip a_release_is_made_again_bit_by_bit "there is no xz here"
    skip a_release_has_the_files_of_its_tag "there is no xz here"
  fi
fi
done_testing
