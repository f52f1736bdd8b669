#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
#
# Runs the commands that README gives to a newcomer, unchanged, in a bare system and in a
# copy of this checkout. scripts/variants/systems.sh calls it, in a chroot, as root.
# shellcheck disable=SC2016 # what is in quotes is for sed
set -u
cd "$(dirname "$0")/.." || exit 1
top=$PWD
export DEBIAN_FRONTEND=noninteractive
grep -q localhost /etc/hosts 2>/dev/null || echo "127.0.0.1 localhost" >>/etc/hosts

# With a cache of the machine's, it is put to use.
test -z "${CCACHE_DIR:-}" || {
  apt-get -qq update && apt-get -qq install -y --no-install-recommends ccache
} >/dev/null 2>&1

# does WHAT COMMAND...: a line for it.
does() {
  what=$1
  shift
  if "$@"; then
    echo "newcomer: $what: passed"
  else
    echo "newcomer: $what: FAILED"
  fi
}

# README's block that begins with these words, as a script.
block() {
  awk -v words="    $1" 'index($0, words) == 1 { on = 1 } on && !/^    / { exit } on' README.md |
    sed 's/^    //; s/ *\[PATH\.\.\.\]//'
}
runs() { # WORDS
  block "$1" >/tmp/block
  test -s /tmp/block && cat /tmp/block && sh -e /tmp/block
}
# Root has no need of it.
test -x /usr/bin/sudo || {
  printf '#!/bin/sh\nexec "$@"\n' >/usr/local/bin/sudo
  chmod +x /usr/local/bin/sudo
}
PATH=/usr/local/bin:$PATH

does "README's treesum" runs scripts/treesum.sh
does "README's demo" runs scripts/demo.sh
does "README's build by hand" runs 'autoreconf -fi'
echo "newcomer has $(gcc --version | sed 's/.*) //; q'), glibc $(ldd --version | sed 's/.* //; q'), binutils $(ld --version | sed 's/.* //; q'), autoconf $(autoconf --version | sed 's/.* //; q')"
example() (
  mkdir -p /tmp/example && sed -n '/^```c$/,/^```$/{/^```/!p;}' README.md >/tmp/example/hello.c &&
    block 'cc hello.c' >/tmp/example/block && cd /tmp/example && test -s block && sh -e block >out &&
    cat out && test "$(cat out)" = 'called back'
)
does "README's example" example
cd "$top/build/mine" || exit 1
make -k check V=0 TESTS_ENVIRONMENT=CCACHE_DISABLE=1
make -k installcheck V=0
does 'make uninstall' make uninstall
echo 'newcomer: the end'
