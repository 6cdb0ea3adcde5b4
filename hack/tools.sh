#!/usr/bin/env bash
# tools.sh [TOOL…]: makes sure that kind, kubectl, helm and grpcurl, or the given tools, exist in a
# sufficient version. A missing one is built from source with Go or Cargo, once, into the cache.
# `servers` stands for PostgreSQL and Redis. They, `pgbouncer`, `lua`, `node` and Chromium come from
# Debian packages.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

main() {
  local tool
  [ $# -gt 0 ] || set -- kind kubectl helm grpcurl
  for tool in "$@"; do
    case $tool in
      kind) from_go kind "$KIND_MIN" "sigs.k8s.io/kind@v$KIND" ;;
      helm) from_go helm "$HELM_MIN" "helm.sh/helm/v4/cmd/helm@v$HELM" ;;
      grpcurl) from_go grpcurl "$GRPCURL_MIN" "github.com/fullstorydev/grpcurl/cmd/grpcurl@v$GRPCURL" ;;
      kubectl) kubectl_from_node ;;
      servers) servers ;;
      # Debian installs it in a folder that is not in everyone's PATH.
      pgbouncer) [ -x /usr/sbin/pgbouncer ] || need pgbouncer pgbouncer ;;
      lua) lua_interpreter ;;
      schemathesis-path) python_tool "schemathesis==$SCHEMATHESIS" ;;
      openapi-python-client-path)
        python_tool "openapi-python-client==$OPENAPI_PYTHON_CLIENT" "mypy==$MYPY"
        ;;
      node) node_with_npm ;;
      chromium) chromium_path >/dev/null ;;
      chromium-path) chromium_path ;;
      cargo-deny) from_cargo cargo-deny "$CARGO_DENY_MIN" "$CARGO_DENY" ;;
      cargo-machete) from_cargo cargo-machete "$CARGO_MACHETE_MIN" "$CARGO_MACHETE" ;;
      cargo-nextest) from_cargo cargo-nextest "$CARGO_NEXTEST_MIN" "$CARGO_NEXTEST" ;;
      *) fail "hack/tools.sh has no tool named $tool" ;;
    esac
  done
}

# is_installed TOOL MIN: does the tool run, in at least this version?
is_installed() {
  local version
  has "$1" || return 1
  version=$(tool_version "$1" | sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p' | head -n 1)
  # A tool that was built from a checkout may print no version; it is accepted.
  [ -z "$version" ] || version_at_least "$version" "$2" || return 1
  found "$1 ${version:-of unknown version}"
}

tool_version() {
  case $1 in
    helm) helm version --template '{{.Version}}' ;;
    # Some distributions wrap kubectl in a program that selects one for the server's version. The
    # version of the wrapper counts.
    kubectl) kubectl version --client | grep -m 1 Client ;;
    cargo-nextest) cargo nextest --version ;;
    *) "$1" --version ;;
  esac 2>&1
}

from_go() {
  if is_installed "$1" "$2"; then return; fi
  need_go "building $1 (or installing $1 $2 or later yourself, which is faster)"
  step "$1 from source" go_install "$3"
}

go_install() { GOBIN=$CACHE/bin CGO_ENABLED=0 nice go install -ldflags '-s -w' "$1"; }

from_cargo() {
  if is_installed "$1" "$2"; then return; fi
  locked cargo-tools cargo_install_once "$@"
}

# Another process may have installed it while this one waited for the lock.
cargo_install_once() {
  if is_installed "$1" "$2"; then return; fi
  step "$1 from source" cargo_install "$1" "$3"
}

# Optimized for a short build: these tools are not on a hot path.
cargo_install() {
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    CARGO_PROFILE_RELEASE_DEBUG=false CARGO_TARGET_DIR=$CACHE/target-tools \
    nice cargo install --locked --quiet --root "$CACHE" --version "$2" "$1"
  rm -rf "$CACHE/target-tools"
}

# The programs that private servers of tests and of `make run` are started from.
servers() {
  has valkey-server || need redis-server redis-server
  has_postgres || apt_install "PostgreSQL 15 or later" postgresql
  has_postgres || fail "install PostgreSQL 15 or later and try again"
}

# In the folders that the crate `embedded` searches, too.
has_postgres() {
  local initdb
  for initdb in "$(command -v initdb || true)" /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb \
    /opt/homebrew/opt/postgresql@*/bin/initdb; do
    [ ! -x "$initdb" ] || [ ! -x "$(dirname "$initdb")/postgres" ] || return 0
  done
  return 1
}

# The test of the health check for Argo CD uses Lua 5.1, which Argo CD implements, or up to 5.4.
lua_interpreter() {
  local name
  for name in lua5.1 lua5.4 lua5.3 lua5.2 lua; do
    case $(command "$name" -e 'print(_VERSION)' 2>/dev/null || true) in
      "Lua 5."[1-4]) return ;;
    esac
  done
  apt_install "Lua 5.1 to 5.4" lua5.1
}

# Node.js with npm.
node_with_npm() {
  if ! has node || ! has npm; then apt_install "Node.js $NODE_MIN or later" nodejs npm; fi
  version_at_least "$(node --version | tr -d v)" "$NODE_MIN" ||
    fail "Node.js is too old ($(node --version)): install version $NODE_MIN or later and try again"
}

# Prints the path of Chromium or Chrome: CHROME_PATH, a program in PATH, or one that it installs.
chromium_path() {
  if [ -n "${CHROME_PATH:-}" ]; then
    [ -x "$CHROME_PATH" ] || fail "CHROME_PATH is no program: $CHROME_PATH"
    echo "$CHROME_PATH"
    return
  fi
  find_chromium && return
  apt_install Chromium chromium
  find_chromium || fail "Chromium is missing: install it, or set CHROME_PATH, and try again"
}

find_chromium() {
  local name
  for name in chromium chromium-browser google-chrome google-chrome-stable /usr/bin/chromium \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
    if has "$name"; then
      command -v "$name"
      return
    fi
  done
  return 1
}

# python_tool PROGRAM==VERSION PACKAGE==VERSION…: prints the folder of the program, which is
# installed with the packages into a Python environment of its own.
python_tool() {
  local packages=$*
  local folder=${packages//==/-}
  folder=$CACHE/${folder// /-}
  if [ ! -x "$folder/bin/${1%%==*}" ]; then
    has python3 || fail "Python 3 is missing: install it (Debian packages: python3 python3-venv) and try again"
    step "$packages" python_install "$folder" "$@" >&2
  fi
  echo "$folder/bin"
}

python_install() {
  local folder=$1
  shift
  rm -rf "$folder"
  if python3 -m venv "$folder" && "$folder/bin/pip" install --quiet "$@"; then return; fi
  rm -rf "$folder"
  fail "pip could not install $*: the reason is above (Debian needs the package python3-venv)"
}

# kubectl is one of the programs of a Kubernetes node and is built with them.
kubectl_from_node() {
  local folder
  if is_installed kubectl "$KUBECTL_MIN"; then return; fi
  folder=$("$ROOT/hack/offline/kubernetes.sh")
  mkdir -p "$CACHE/bin"
  ln -sf "$folder/kubectl" "$CACHE/bin/kubectl"
  is_installed kubectl "$KUBECTL_MIN" || fail "the kubectl that was built does not run: see $folder"
}

main "$@"
