# debian_tar: Debian file systems for images; sourced after lib.sh.
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
