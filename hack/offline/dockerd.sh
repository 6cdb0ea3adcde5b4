#!/usr/bin/env bash
# dockerd.sh up | down: the Docker engine that runs the cluster.
#
# up uses the engine that answers. If none does, and the user is root on a Debian machine, it
# installs and starts one. down stops only an engine that up started.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

STATE=$CACHE/dockerd
PID_FILE=$STATE/pid
CONFIG=$STATE/daemon.json
RUNC_WRAPPER=runc-without-sys-resource

main() {
  case ${1:-} in
    up) up ;;
    down) down ;;
    *) fail "usage: hack/offline/dockerd.sh up|down" ;;
  esac
}

up() {
  if docker_answers; then
    found "Docker engine"
  elif is_root && [ "$(uname)" = Linux ]; then
    need dockerd docker.io iptables
    step "Docker engine" start_engine
  elif has docker; then
    fail "Docker does not answer: start it, or get permission to use it, and try again"
  else
    fail "Docker is missing: install it (https://docs.docker.com/get-docker/) and try again"
  fi
  if ! has_sys_resource && ! privileged_works; then
    step "Docker runtime for a machine without CAP_SYS_RESOURCE" use_runc_wrapper
  fi
}

docker_answers() { has docker && docker info >/dev/null 2>&1; }
default_runtime() { docker info --format '{{.DefaultRuntime}}' 2>/dev/null; }

start_engine() {
  mkdir -p "$STATE"
  # Starts from the machine's own settings, if there are any.
  if [ -f /etc/docker/daemon.json ]; then
    cp /etc/docker/daemon.json "$CONFIG"
  elif [ ! -f "$CONFIG" ]; then
    echo '{}' >"$CONFIG"
  fi
  # A pid file that a killed engine left behind would prevent the start.
  rm -f /var/run/docker.pid
  setsid dockerd --config-file "$CONFIG" >"$STATE/log" 2>&1 </dev/null 9>&- &
  echo $! >"$PID_FILE"
  wait_until 60 docker_answers || fail "dockerd did not start: see $STATE/log"
}

# Some container hosts withhold this capability even from root. runc then cannot grant it either,
# which `docker run --privileged` requires.
has_sys_resource() {
  [ "$(uname)" = Linux ] || return 0
  local bounding
  bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
  [ $(((16#$bounding >> 24) & 1)) = 1 ]
}

# Runs an image that contains one program, which exits at once.
privileged_works() {
  local probe=storefront/probe:1
  if ! docker image inspect $probe >/dev/null 2>&1; then
    mkdir -p "$STATE"
    echo 'int main(void) { return 0; }' | cc -static -Os -s -o "$STATE/probe" -x c -
    tar -C "$STATE" -c probe | docker import - $probe >/dev/null
  fi
  docker run --rm --privileged --network none $probe /probe >/dev/null 2>&1
}

use_runc_wrapper() {
  if [ ! -f "$PID_FILE" ] || ! kill -0 "$(cat "$PID_FILE")" 2>/dev/null; then
    fail "this Docker engine cannot run privileged containers: stop it and let this script start one"
  fi
  install -m 755 "$ROOT/hack/offline/node/$RUNC_WRAPPER" "$STATE/$RUNC_WRAPPER"
  need jq jq
  jq --arg path "$STATE/$RUNC_WRAPPER" --arg name $RUNC_WRAPPER \
    '.runtimes[$name].path = $path | ."default-runtime" = $name' "$CONFIG" >"$CONFIG.new"
  mv "$CONFIG.new" "$CONFIG"
  kill -HUP "$(cat "$PID_FILE")" # dockerd reloads its configuration
  wait_until 10 wrapper_is_default || fail "dockerd did not accept $CONFIG: see $STATE/log"
  privileged_works || fail "this machine does not run privileged containers, which kind needs"
}

wrapper_is_default() { [ "$(default_runtime)" = $RUNC_WRAPPER ]; }

down() {
  [ -f "$PID_FILE" ] || return 0
  local pid
  pid=$(cat "$PID_FILE")
  rm -f "$PID_FILE"
  # After a restart of the machine the id may belong to another process.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
  step "stopping the Docker engine that make up started" stop_engine "$pid"
}

stop_engine() {
  kill "$1"
  wait_until 60 has_ended "$1" || fail "dockerd ($1) did not stop within a minute: see $STATE/log"
}

has_ended() { ! kill -0 "$1" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" = Z ]; }

main "$@"
