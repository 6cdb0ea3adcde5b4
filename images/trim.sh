# Sourced by the scripts of the images here, which mmdebstrap calls when Debian's packages are
# unpacked: none of their scripts has run, so users and links are made by hand. $1 is the new root.
# shellcheck shell=bash
set -euo pipefail
root=$1

# A shell and the small tools, for start scripts and for looking around.
shell() {
  local tool
  for tool in $(chroot "$root" /bin/busybox --list); do
    [ -e "$root/bin/$tool" ] || ln -s busybox "$root/bin/$tool"
  done
}

# The user of the official images: volumes stay readable when one image takes the other's place, and
# initdb refuses to work for an id without a name.
user() {
  printf 'root:x:0:0:root:/root:/bin/sh\n%s:x:999:999::%s:/bin/sh\n' "$1" "$2" >"$root/etc/passwd"
  printf 'root:x:0:\n%s:x:999:\n' "$1" >"$root/etc/group"
  mkdir -p "$root$2"
  chown 999:999 "$root$2"
  chmod 1777 "$root/tmp"
}

# What a server never opens: documents, translations, Perl, the package system.
trim() {
  local lib
  lib=$(echo "$root"/usr/lib/*-linux-gnu*)
  rm -rf "$root"/usr/share/{doc,man,info,lintian,locale,i18n,perl,perl5,bash-completion} \
    "$root"/var/{cache,lib}/{apt,dpkg,debconf} "$root"/usr/lib/{apt,dpkg} \
    "$lib"/{perl,perl5,perl-base,gconv,libperl.so*,libcrypt.a}
  # /usr/bin holds the tools of those packages; what this image is for is kept.
  find "$root/usr/bin" "$root/usr/sbin" -not -type d -not -name busybox "$@" -delete
}
