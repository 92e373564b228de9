# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034
# What the scripts of this folder share; read with `. tools/lib.sh`.

E7_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
E7_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/e7
E7_VENV=$E7_CACHE/venv
# The version that tools/vm was written for.
E7_VIRTME=1.42

# die TEXT...: one line on stderr, status 1.
die() {
  printf '%s: %s\n' "${0##*/}" "$*" >&2
  exit 1
}

# as_root COMMAND...: as it is for root, else by sudo.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -- "$@"; fi
}

# kernel_release: the newest release whose headers and image are both here.
kernel_release() {
  local build release newest=
  while read -r build; do
    release=${build#/lib/modules/}
    release=${release%/build}
    if [ -e "/boot/vmlinuz-$release" ]; then newest=$release; fi
  done < <(printf '%s\n' /lib/modules/*/build | sort -V)
  [ -n "$newest" ] || die "no kernel with headers and image under /lib/modules and /boot; tools/install brings one"
  printf '%s\n' "$newest"
}

# A kernel is a release that is installed, or a folder that tools/debug-kernel
# or tools/kernels printed; the latter's has a file `release`.

kernel_image() {
  if [ -e "$1/release" ]; then
    echo "$1/boot/vmlinuz-$(cat "$1/release")"
  else
    case $1 in
      /*) echo "$1/build/arch/x86/boot/bzImage" ;;
      *) echo "/boot/vmlinuz-$1" ;;
    esac
  fi
}

kernel_headers() {
  if [ -e "$1/release" ]; then
    echo "$1/usr/src/linux-headers-$(cat "$1/release")"
  else
    case $1 in
      /*) echo "$1/build" ;;
      *) echo "/lib/modules/$1/build" ;;
    esac
  fi
}

# kernel_version KERNEL: what uname -r says in it.
kernel_version() {
  if [ -e "$1/release" ]; then
    cat "$1/release"
  else
    case $1 in
      /*) cat "$1/build/include/config/kernel.release" ;;
      *) echo "$1" ;;
    esac
  fi
}

# build_benches: build/bench/NAME for each Tests/bench/NAME.c; count.so is the
# emulator's plugin that counts, rules and load have the module's ruleset in them.
build_benches() {
  local gcc=(gcc -O2 -Wall -Wextra -Werror -D_GNU_SOURCE) source name
  local classifier=(-std=gnu11 -Wno-sign-compare -I"$E7_TOP/Tests/kmod/shim"
    "$E7_TOP"/kmod/rule_*.c "$E7_TOP"/Tests/kmod/shim/shim{,_kernel}.c)
  mkdir -p "$E7_TOP/build/bench"
  for source in "$E7_TOP"/Tests/bench/*.c; do
    name=$(basename "$source" .c)
    case $name in
      rules | load) "${gcc[@]}" "${classifier[@]}" -o "$E7_TOP/build/bench/$name" "$source" ;;
      count) "${gcc[@]}" -std=c17 -shared -fPIC -fvisibility=hidden -o "$E7_TOP/build/bench/count.so" "$source" ;;
      *) "${gcc[@]}" -std=c17 -pthread -o "$E7_TOP/build/bench/$name" "$source" ;;
    esac
  done
}

# build_walk: build/bench/walk/walk.ko for the kernel that kmod/ is built for.
build_walk() {
  local into=$E7_TOP/build/bench/walk
  mkdir -p "$into"
  cp "$E7_TOP"/Tests/bench/walk/* "$into"
  make --no-print-directory -C "$(kernel_headers "${KVER:-$(kernel_release)}")" "M=$into" W=1 modules >"$into/log" 2>&1 || {
    cat "$into/log" >&2
    die "the walk does not build"
  }
}
