# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh disable=SC2154
#
# To be sourced, with $top, the source tree. Prepares what must exist before a build.

# install_packages NAME...: installs those of these Debian packages that are missing, and
# first says how much that is. Users other than root need sudo. If it cannot install, it
# says what is missing and goes on: then the steps that need it are skipped, or fail. If
# another process is installing, it waits.
install_packages() {
  if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "nothing is installed here, without apt. Debian's names of what this may need: $*"
    return 0
  fi
  missing=
  for package in "$@"; do
    case $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) in
    'install ok installed' | 'install ok triggers-'*) ;;
    *) missing="$missing $package" ;;
    esac
  done
  test -n "$missing" || return 0
  as_root=
  if test "$(id -u)" != 0; then
    command -v sudo >/dev/null 2>&1 || {
      echo "missing; to have it, as root: apt-get install --no-install-recommends$missing"
      return 0
    }
    as_root=sudo
  fi
  # On a terminal apt shows how far it is.
  quiet=-qq output=/dev/null
  test ! -t 1 || quiet=-q output=/dev/tty
  echo "installing:$missing"
  # The words of $missing are package names.
  # shellcheck disable=SC2086
  {
    $as_root apt-get $quiet -o DPkg::Lock::Timeout=600 update >$output &&
      LC_ALL=C apt-get --assume-no --no-install-recommends install $missing 2>/dev/null |
      sed -n 's/^\([0-9]*\) upgraded, \([0-9]*\) newly.*/\2 packages/p; /^Need to get\|^After this/p'
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get $quiet -o Dpkg::Use-Pty=0 \
      -o DPkg::Lock::Timeout=600 install -y --no-install-recommends $missing >$output
  }
}

# make_configure: in the source tree; quiet, if all is right.
make_configure() {
  if test -f "$top/config.status"; then
    echo "this tree is configured itself: run 'make distclean' first, or use a clone" >&2
    exit 1
  fi
  (cd "$top" && autoreconf -fi >/dev/null 2>&1) || (cd "$top" && autoreconf -fi)
}

# copy_tree DIRECTORY: the source tree without what was built.
copy_tree() {
  mkdir -p "$1"
  (cd "$top" && tar --exclude=./build --exclude=./.git -cf - .) | tar -xf - -C "$1"
}

# python_with MODULE...: sets $python to one that has these, which come into build/python
# if they are not here; false, if they cannot be had. PIP_ARGUMENTS: for packages that are
# here.
python_with() {
  modules=$(echo "$*" | tr ' ' ,)
  python=${PYTHON3:-python3}
  ! "$python" -c "import $modules" 2>/dev/null || return 0
  mkdir -p "$top/build/python"
  python=$top/build/python/bin/python
  # shellcheck disable=SC2016,SC2086
  flock "$top/build/python" sh -c '! "$1/bin/python" -c "import $2" || exit 0
    venv=$1 && shift 2 && python3 -m venv "$venv" && "$venv/bin/pip" install -q "$@"' \
    sh "$top/build/python" "$modules" ${PIP_ARGUMENTS:-} "$@" >/dev/null 2>&1 &&
    "$python" -c "import $modules"
}
