# Sourced by the scripts of this folder: where things are, how they speak, what they share.
# Kept to what bash 3.2 knows, because that is the bash of macOS.
# shellcheck shell=bash
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=versions.sh
. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that is costly to make lives here, in folders named by the content it was made from.
CACHE=${STOREFRONT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/storefront}
mkdir -p "$CACHE"
CLUSTER_NAME=${CLUSTER_NAME:-storefront}
# Tools that tools.sh had to make come first: it makes one only where the machine's own will not do.
export PATH="$CACHE/bin:$PATH"

# Ends the script with one sentence that says what to do.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# step WHAT COMMAND…: says what is being done, does it, says how long it took.
# The command is not in a condition, so that `set -e` still holds inside it.
step() {
  local what=$1 since=$SECONDS
  shift
  printf '==> %s\n' "$what"
  "$@"
  printf '    %s: %d s\n' "$what" $((SECONDS - since))
}

# Says that a step was not needed.
found() {
  printf '==> %s: there already\n' "$*"
}

note() {
  printf '    %s\n' "$*"
}

is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }

# Sets BUILD and RUSTFLAGS: how cargo builds what goes into images, static programs on Linux.
# PROFILE=release takes minutes more and makes them smaller.
optimised() {
  BUILD=(--quiet --locked --profile "${PROFILE:-local}")
  if [ "$(uname)" = Linux ]; then
    # With --target the flags are the programs' alone, and leave build scripts and macros as they are.
    BUILD+=(--target "$(uname -m)-unknown-linux-gnu")
    export RUSTFLAGS="-C target-feature=+crt-static"
  fi
}

# version_at_least 1.36.3 1.30: is the first number at least the second?
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

# need COMMAND PACKAGE…: if the command is missing, installs the Debian packages that bring it.
need() {
  local command=$1
  shift
  has "$command" && return
  apt_install "$command" "$@"
}

apt_install() {
  local what=$1
  shift
  if ! is_root || ! has apt-get; then
    fail "$what is missing: install it (Debian packages: $*) and try again"
  fi
  note "installing $* with apt" >&2
  # Package lists that were never fetched, or name what is no longer served, show as a failed install.
  if apt_quiet install --no-install-recommends "$@"; then return; fi
  if apt_quiet update && apt_quiet install --no-install-recommends "$@"; then return; fi
  fail "apt could not install $*: see $CACHE/apt.log"
}

apt_quiet() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y "$@" >"$CACHE/apt.log" 2>&1
}

# The first 12 hex digits of the SHA-256 of standard input: what names follow content by.
digest() {
  if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -c1-12
}

# The digest of files, by content and name; folders are taken whole.
digest_of() {
  (cd "$ROOT" && find "$@" -type f | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s %s\n' "$file" "$(digest <"$file")"
  done) | digest
}

# locked NAME COMMAND…: one at a time on this machine, where flock exists. What is made under a lock
# is looked for again inside it, since somebody may have made it while we waited.
locked() {
  local name=$1
  shift
  if has flock; then
    (
      flock 9
      "$@"
    ) 9>"$CACHE/$name.lock"
  else
    "$@"
  fi
}

need_go() {
  if ! has go || ! version_at_least "$(go env GOVERSION | tr -d go)" "$GO_MIN"; then
    fail "$1 takes Go $GO_MIN or later: install it and try again"
  fi
}

# The folder of a Go module's sources, fetched if need be.
module_dir() {
  go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'
}

# wait_until SECONDS COMMAND…: tries a few times a second; false when the time is up.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.3
  done
}

# debian OPTION…: a Debian file system as a tar archive on standard output. Mirrors falter now and
# then, so it is tried a few times; what was said the last time is shown.
debian() {
  need mmdebstrap mmdebstrap
  local folder pause
  folder=$(mktemp -d)
  for pause in 5 15 30 60 0; do
    if debian_once "$folder/root.tar" "$@" >"$folder/log" 2>&1; then
      cat "$folder/root.tar"
      rm -rf "$folder"
      return
    fi
    sleep $pause
  done
  cat "$folder/log" >&2
  rm -rf "$folder"
  fail "Debian packages could not be fetched or unpacked: the reason is above"
}

# In a session of its own, for when it fails mmdebstrap ends its whole process group, which would be ours.
debian_once() {
  local tar=$1
  shift
  setsid --wait mmdebstrap --aptopt='Acquire::Retries "5"' "$@" "$DEBIAN" "$tar"
}

# kubectl and helm, on the cluster that is meant: whatever context the user's kubectl is set to.
kube() {
  if [ "${CLUSTER:-kind}" = current ]; then kubectl "$@"; else kubectl --context "kind-$CLUSTER_NAME" "$@"; fi
}

helm_there() {
  if [ "${CLUSTER:-kind}" = current ]; then helm "$@"; else helm --kube-context "kind-$CLUSTER_NAME" "$@"; fi
}

# Can Docker pull, through whatever mirror or proxy it is set up with? Tried with the smallest image
# there is; once it is here, the answer stays yes.
registry_reachable() {
  docker image inspect hello-world >/dev/null 2>&1 || timeout 60 docker pull --quiet hello-world >/dev/null 2>&1
}

# only IMAGE: drops the tags of the same repository that earlier contents had. One that is in use
# stays until the next time.
only() {
  local image
  docker images --format '{{.Repository}}:{{.Tag}}' "${1%:*}" | while IFS= read -r image; do
    [ "$image" = "$1" ] || docker rmi "$image" >/dev/null 2>&1 || true
  done
}
