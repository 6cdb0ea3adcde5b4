# Functions for the image scripts of this folder; sourced. mmdebstrap runs those scripts when the
# packages are unpacked but not installed, so users and links are created here. $1 is the root of
# the file system.
# shellcheck shell=bash
set -euo pipefail
root=$1

# A shell and small tools, for start scripts and debugging.
shell() {
  local tool
  for tool in $(chroot "$root" /bin/busybox --list); do
    [ -e "$root/bin/$tool" ] || ln -s busybox "$root/bin/$tool"
  done
}

# The user of the official images, so that volumes stay readable when the image changes. initdb
# refuses a user id without a name.
user() {
  printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:999:999::%s:/bin/sh\n' "$1" "$2" >"$root/etc/passwd"
  printf 'root:x:0:\n%s:x:999:\n' "$1" >"$root/etc/group"
  mkdir -p "$root$2"
  chown 999:999 "$root$2"
  chmod 1777 "$root/tmp"
}

# Removes what a server never opens: documents, translations, Perl, the package system.
trim() {
  local lib
  lib=$(echo "$root"/usr/lib/*-linux-gnu*)
  rm -rf "$root"/usr/share/{doc,man,info,lintian,locale,i18n,perl,perl5,bash-completion} \
    "$root"/var/{cache,lib}/{apt,dpkg,debconf} "$root"/usr/lib/{apt,dpkg} \
    "$lib"/{perl,perl5,perl-base,gconv,libperl.so*,libcrypt.a}
  # Of the packages' tools, only those that the image is for stay.
  find "$root/usr/bin" "$root/usr/sbin" -not -type d -not -name busybox "$@" -delete
}
