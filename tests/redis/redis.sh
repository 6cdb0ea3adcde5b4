# A private Redis with the carts of customers; sourced by the scripts of this folder after lib.sh.
# Its files are in $folder, which the script makes.
# shellcheck shell=bash disable=SC2154

# A function of awk that writes a command of the Redis protocol.
# shellcheck disable=SC2034
PROTOCOL='
  function command(text,   words, n, i) {
    n = split(text, words, " ")
    printf "*%d\r\n", n
    for (i = 1; i <= n; i++) printf "$%d\r\n%s\r\n", length(words[i]), words[i]
  }'

# start_redis ARGUMENT…: starts the server with more arguments, and sets `redis_pid` and `sha`, the
# digest of the script of the cart service.
start_redis() {
  redis-server --unixsocket "$folder/socket" --save '' --appendonly no --dir "$folder" "$@" \
    >"$folder/redis.log" &
  redis_pid=$!
  wait_until 10 redis ping >"$folder/ping" 2>&1 || fail "Redis does not start: $(cat "$folder/redis.log")"
  sha=$(redis -x script load <services/cart/src/store/script.lua)
}

redis() { redis-cli -s "$folder/socket" "$@"; }

# memory NAME: a figure of the section `memory`, such as used_memory.
memory() { redis info memory | tr -d '\r' | sed -n "s/^$1://p"; }

# send_commands: sends the commands of the standard input, and fails if one of them fails.
send_commands() {
  redis --pipe >"$folder/replies"
  grep -q 'errors: 0' "$folder/replies" || fail "$(cat "$folder/replies")"
}
