# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
#
# install_packages NAME...: installs what is missing of Debian's packages.
# Prints one line if there is anything to do. As another user than root it
# needs sudo, or stops with the command to run. If another process installs, it waits.

install_packages() {
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
      echo "missing packages; run as root: apt-get install --no-install-recommends$missing" >&2
      return 1
    }
    as_root=sudo
  fi
  echo "installing:$missing"
  # The words of $missing are package names.
  # shellcheck disable=SC2086
  {
    $as_root apt-get -qq -o DPkg::Lock::Timeout=600 update >/dev/null &&
      $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 install -y \
        --no-install-recommends $missing >/dev/null
  }
}
