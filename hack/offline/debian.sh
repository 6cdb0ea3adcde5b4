# Debian file systems, and images of a Debian package; sourced after lib.sh.
# shellcheck shell=bash

# debian_tar OPTION…: writes a Debian file system as a tar archive to standard output. Downloads
# from mirrors fail now and then, so it makes five attempts and prints the log of the last one.
debian_tar() {
  need mmdebstrap mmdebstrap
  local folder pause
  folder=$(mktemp -d)
  for pause in 5 15 30 60 0; do
    if debian_attempt "$folder/root.tar" "$@" >"$folder/log" 2>&1; then
      cat "$folder/root.tar"
      rm -rf "$folder"
      return
    fi
    sleep $pause
  done
  cat "$folder/log" >&2
  rm -rf "$folder"
  fail "Debian packages could not be downloaded or unpacked: the reason is above"
}

# In a process group of its own, because a failing mmdebstrap kills its whole process group.
debian_attempt() {
  local tar=$1
  shift
  setsid --wait mmdebstrap --aptopt='Acquire::Retries "5"' "$@" "$DEBIAN" "$tar"
}

# package_image NAME VERSION PACKAGE PATH: builds the image storefront/NAME of a Debian package,
# which images/NAME.sh completes, if it does not exist, and prints its name.
package_image() {
  local image folder=hack/offline
  image=storefront/$1:$2-$(digest_of $folder/images/"$1".sh $folder/images/trim.sh $folder/debian.sh \
    "$folder/$(basename "$0")")
  docker image inspect "$image" >/dev/null 2>&1 ||
    step "image of $1 from packages" build_package_image "$image" "$@" >&2
  remove_other_tags "$image"
  echo "$image"
}

# build_package_image IMAGE NAME VERSION PACKAGE PATH
build_package_image() {
  debian_tar --variant=extract --include="$4,busybox-static,libc-bin" \
    --extract-hook="$ROOT/hack/offline/images/$2.sh \"\$1\"" |
    docker import --change "ENV PATH=$5" --change 'USER 999:999' --change 'CMD ["sh"]' - "$1" >/dev/null
}
