#!/usr/bin/env bash
# dockerd.sh up | down: a Docker engine to run the cluster in.
#
# up uses the engine that answers. Where none does and we are root on a Debian machine, it installs
# and starts one; down ends that one, and never one that somebody else started.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

STATE=$CACHE/dockerd
PID_FILE=$STATE/pid
CONFIG=$STATE/daemon.json

main() {
  case ${1:-} in
    up) up ;;
    down) down ;;
    *) fail "usage: hack/dockerd.sh up|down" ;;
  esac
}

up() {
  if docker_answers; then
    found "Docker engine"
  elif is_root && [ "$(uname)" = Linux ]; then
    need dockerd docker.io iptables
    step "Docker engine" start_engine
  elif has docker; then
    fail "Docker does not answer: start it (or ask to be allowed to use it) and try again"
  else
    fail "Docker is missing: install it (https://docs.docker.com/get-docker/) and try again"
  fi
  if ! may_use_sys_resource && ! privileged_works; then
    step "Docker runtime for a machine without CAP_SYS_RESOURCE" use_lesser_runtime
  fi
}

docker_answers() { has docker && docker info >/dev/null 2>&1; }
default_runtime() { docker info --format '{{.DefaultRuntime}}' 2>/dev/null; }

start_engine() {
  mkdir -p "$STATE"
  # The machine's own settings, should it have any; changed below if need be.
  if [ -f /etc/docker/daemon.json ]; then
    cp /etc/docker/daemon.json "$CONFIG"
  elif [ ! -f "$CONFIG" ]; then
    echo '{}' >"$CONFIG"
  fi
  # A process id left behind by an engine that was killed would stop the new one.
  rm -f /var/run/docker.pid
  setsid dockerd --config-file "$CONFIG" >"$STATE/log" 2>&1 </dev/null 9>&- &
  echo $! >"$PID_FILE"
  wait_until 60 docker_answers || fail "dockerd did not start: see $STATE/log"
}

# Containers of some hosts lack this capability even as root; then runc cannot give it away either,
# which `docker run --privileged` asks of it.
may_use_sys_resource() {
  [ "$(uname)" = Linux ] || return 0
  local bounding
  bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
  [ $(((16#$bounding >> 24) & 1)) = 1 ]
}

# Tries it, with an image of one program that does nothing.
privileged_works() {
  local probe=storefront/probe:1
  if ! docker image inspect $probe >/dev/null 2>&1; then
    mkdir -p "$STATE"
    echo 'int main(void) { return 0; }' | cc -static -Os -s -o "$STATE/probe" -x c -
    tar -C "$STATE" -c probe | docker import - $probe >/dev/null
  fi
  docker run --rm --privileged --network none $probe /probe >/dev/null 2>&1
}

use_lesser_runtime() {
  if [ ! -f "$PID_FILE" ] || ! kill -0 "$(cat "$PID_FILE")" 2>/dev/null; then
    fail "this Docker engine cannot run privileged containers: end it and let this script start one"
  fi
  install -m 755 "$ROOT/hack/node/runc-lesser" "$STATE/runc-lesser"
  need jq jq
  jq --arg path "$STATE/runc-lesser" \
    '.runtimes.lesser.path = $path | ."default-runtime" = "lesser"' "$CONFIG" >"$CONFIG.new"
  mv "$CONFIG.new" "$CONFIG"
  kill -HUP "$(cat "$PID_FILE")" # dockerd reads its configuration anew
  wait_until 10 lesser_runtime_is_default || fail "dockerd did not take $CONFIG: see $STATE/log"
  privileged_works || fail "privileged containers do not run on this machine, which kind needs"
}

lesser_runtime_is_default() { [ "$(default_runtime)" = lesser ]; }

down() {
  [ -f "$PID_FILE" ] || return 0
  local pid
  pid=$(cat "$PID_FILE")
  rm -f "$PID_FILE"
  # The id may be another process's by now, if the machine was restarted.
  [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ] || return 0
  step "ending the Docker engine that was started for this" end_engine "$pid"
}

end_engine() {
  kill "$1"
  wait_until 60 ended "$1" || fail "dockerd ($1) did not end within a minute: see $STATE/log"
}

ended() { ! kill -0 "$1" 2>/dev/null || [ "$(cut -d' ' -f3 "/proc/$1/stat" 2>/dev/null)" = Z ]; }

main "$@"
