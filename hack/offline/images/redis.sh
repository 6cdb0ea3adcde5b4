#!/usr/bin/env bash
# Completes the Redis image: redis-server and redis-cli on PATH, and a shell.
# shellcheck source-path=SCRIPTDIR source=trim.sh
. "$(dirname "$0")/trim.sh"

trim -not -name 'redis-*'
shell
user redis /data
