# Functions and paths that the scripts of this folder share; sourced.
# Restricted to bash 3.2, the bash of macOS.
# shellcheck shell=bash
set -euo pipefail

# shellcheck source-path=SCRIPTDIR source=versions.sh
. "$(dirname "${BASH_SOURCE[0]}")/versions.sh"

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Expensive results, in folders named by the digest of what they were made from. Safe to delete.
CACHE=${STOREFRONT_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/storefront}
mkdir -p "$CACHE"
CLUSTER_NAME=${CLUSTER_NAME:-storefront}
# Tools built by tools.sh come first: it builds one only when the machine's own is missing or too
# old.
export PATH="$CACHE/bin:$PATH"

# fail MESSAGE: ends the script with one sentence that says what to do.
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# step NAME COMMAND…: prints the name, runs the command, prints the duration. The command is not
# part of a condition, so `set -e` stays in force inside it. With STEP_TIMES set, the duration is
# also appended to that file, for the table of the slowest steps.
step() {
  local what=$1 since=$SECONDS
  shift
  printf '==> %s\n' "$what"
  "$@"
  printf '    %s: %d s\n' "$what" $((SECONDS - since))
  [ -z "${STEP_TIMES:-}" ] || printf '%d\t%s\n' $((SECONDS - since)) "$what" >>"$STEP_TIMES"
}

# found NAME: prints that a step was not needed.
found() {
  printf '==> %s: exists\n' "$*"
}

note() {
  printf '    %s\n' "$*"
}

is_root() { [ "$(id -u)" = 0 ]; }
has() { command -v "$1" >/dev/null 2>&1; }

# Sets BUILD and RUSTFLAGS: how cargo builds the programs of images, statically linked on Linux.
# PROFILE=release takes minutes longer and gives smaller programs.
image_build_flags() {
  BUILD=(--quiet --locked --profile "${PROFILE:-local}")
  if [ "$(uname)" = Linux ]; then
    # With --target, RUSTFLAGS do not apply to build scripts and procedural macros.
    BUILD+=(--target "$(uname -m)-unknown-linux-gnu")
    export RUSTFLAGS="-C target-feature=+crt-static"
  fi
}

# node_packages FOLDER: installs the packages of the folder's lock file, once, into the cache.
node_packages() {
  local name installed
  name=$(basename "$1")-tests
  installed=$CACHE/$name-$(cat "$1/package.json" "$1/package-lock.json" | digest)
  locked "$name" node_packages_once "$1" "$installed"
  [ -L "$1/node_modules" ] || rm -rf "$1/node_modules"
  ln -sfn "$installed/node_modules" "$1/node_modules"
}

node_packages_once() {
  [ ! -d "$2" ] || return 0
  rm -rf "$2.new"
  mkdir "$2.new"
  cp "$1/package.json" "$1/package-lock.json" "$2.new"
  # The tests use the Chromium that is installed.
  if ! (cd "$2.new" && PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm ci --no-audit --no-fund --loglevel error); then
    fail "npm could not install the packages of $1: the reason is above"
  fi
  mv "$2.new" "$2"
}

# version_at_least 1.36.3 1.30: is the first version at least the second?
version_at_least() {
  [ "$(printf '%s\n%s\n' "$2" "$1" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$2" ]
}

# need COMMAND PACKAGE…: installs the Debian packages if the command is missing.
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
  # Missing or outdated package lists show as a failed install.
  if apt_quiet install --no-install-recommends "$@"; then return; fi
  if apt_quiet update && apt_quiet install --no-install-recommends "$@"; then return; fi
  fail "apt could not install $*: see $CACHE/apt.log"
}

# One at a time: steps run in parallel, and apt refuses a second instance.
apt_quiet() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o DPkg::Lock::Timeout=300 "$@" >"$CACHE/apt.log" 2>&1
}

# The first 12 hexadecimal digits of the SHA-256 of standard input.
digest() {
  if has sha256sum; then sha256sum; else shasum -a 256; fi | cut -c1-12
}

# digest_of PATH…: the digest of names and contents of files, folders included recursively.
digest_of() {
  (cd "$ROOT" && find "$@" -type f | LC_ALL=C sort | while IFS= read -r file; do
    printf '%s %s\n' "$file" "$(digest <"$file")"
  done) | digest
}

# locked NAME COMMAND…: runs the command under a machine-wide lock, where flock exists. The command
# must check again whether its result exists: another process may have made it in the meantime.
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
    fail "$1 needs Go $GO_MIN or later: install it and try again"
  fi
}

# module_dir MODULE@VERSION: prints the folder of a Go module's sources, downloaded if necessary.
module_dir() {
  go mod download -json "$1" | sed -n 's/^\t"Dir": "\(.*\)",\{0,1\}$/\1/p'
}

# wait_until SECONDS COMMAND…: polls the command; fails when the time has passed.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 0.3
  done
}

# kube and helm_here run kubectl and helm against the selected cluster, whatever context is current.
kube() {
  if [ "${CLUSTER:-kind}" = current ]; then kubectl "$@"; else kubectl --context "kind-$CLUSTER_NAME" "$@"; fi
}

helm_here() {
  if [ "${CLUSTER:-kind}" = current ]; then helm "$@"; else helm --kube-context "kind-$CLUSTER_NAME" "$@"; fi
}

# Whether Docker can pull images. Tested with the smallest public image; a pulled image is kept, so
# the answer does not change afterwards.
registry_reachable() {
  docker image inspect hello-world >/dev/null 2>&1 || timeout 60 docker pull --quiet hello-world >/dev/null 2>&1
}

# remove_other_tags IMAGE: deletes the other tags of the image's repository. A tag in use stays.
remove_other_tags() {
  local image
  docker images --format '{{.Repository}}:{{.Tag}}' "${1%:*}" | while IFS= read -r image; do
    [ "$image" = "$1" ] || docker rmi "$image" >/dev/null 2>&1 || true
  done
}

# with_servers COMMAND…: runs the command with a private PostgreSQL and Redis, whose URLs it gets in
# DATABASE_URL and REDIS_URL. POSTGRES_SETTINGS="name=value name=value" overrides their defaults.
# Without --package, cargo reuses what it compiled for the whole workspace.
with_servers() { (cd "$ROOT" && cargo run --quiet --bin with-servers -- "$@"); }

# free_ports COUNT: prints ports that are free, below those that systems assign to connections.
free_ports() {
  node -e '
    const net = require("node:net");
    const listen = (port) => new Promise((resolve) => {
      const server = net.createServer().on("error", () => resolve(null));
      server.listen(port, "127.0.0.1", () => resolve(server));
    });
    (async () => {
      const servers = new Map();
      while (servers.size < Number(process.argv[1])) {
        const port = 20000 + Math.floor(Math.random() * 12000);
        const server = await listen(port);
        if (server) servers.set(port, server);
      }
      console.log([...servers.keys()].join(" "));
      for (const server of servers.values()) server.close();
    })();' "$1"
}

# start NAME COMMAND…: runs a step in the background. finish waits for all of them, prints the
# output of each in the order of the starts, and fails if one of them failed.
start() {
  local log
  log=$(mktemp)
  (step "$@") </dev/null >"$log" 2>&1 &
  STARTED_PIDS+=($!)
  STARTED_LOGS+=("$log")
}
STARTED_PIDS=()
STARTED_LOGS=()

finish() {
  local index failed=0
  for index in "${!STARTED_PIDS[@]}"; do
    wait "${STARTED_PIDS[$index]}" || failed=1
    cat "${STARTED_LOGS[$index]}"
    rm -f "${STARTED_LOGS[$index]}"
  done
  STARTED_PIDS=()
  STARTED_LOGS=()
  [ $failed = 0 ] || fail "a step failed: its output is above"
}
