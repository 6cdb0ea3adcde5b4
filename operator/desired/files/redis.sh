#!/bin/sh
# Starts Redis with the password of its Secret. Of its image it asks for sh and redis-server (or
# Valkey's, by that name) on PATH. Told by the environment:
#   CONFIG_DIR      redis.conf
#   REDIS_PASSWORD  the default user's password
set -eu

fail() {
  echo "storefront: $*" >&2
  exit 1
}

[ -n "$REDIS_PASSWORD" ] || fail "the password is empty"
# A word that redis.conf would have to quote is refused rather than misread.
case $REDIS_PASSWORD in
*[!A-Za-z0-9._~+/=-]*) fail "the password has characters other than A-Z a-z 0-9 . _ ~ + / = -" ;;
esac

# By standard input: an argument could be read by every process of the node.
exec redis-server "$CONFIG_DIR/redis.conf" - <<CONF
requirepass $REDIS_PASSWORD
CONF
