#!/bin/sh
# Starts Redis with the password of its Secret. Requires sh and redis-server (also from Valkey) on
# PATH of the image. Environment:
#   CONFIG_DIR      the folder of redis.conf
#   REDIS_PASSWORD  the default user's password
set -eu

fail() {
  echo "storefront: $*" >&2
  exit 1
}

[ -n "$REDIS_PASSWORD" ] || fail "the password is empty"
# Passwords that need quoting in redis.conf are rejected, so that they are never misread.
case $REDIS_PASSWORD in
*[!A-Za-z0-9._~+/=-]*) fail "the password contains characters other than A-Z a-z 0-9 . _ ~ + / = -" ;;
esac

# The password is passed on standard input, because arguments are visible to other processes.
exec redis-server "$CONFIG_DIR/redis.conf" - <<CONF
requirepass $REDIS_PASSWORD
CONF
