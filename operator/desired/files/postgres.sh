#!/bin/sh
# Starts PostgreSQL on a volume that is empty, was ours before, or belongs to another major version.
#
# Of its image it asks for sh, initdb and postgres on PATH, nothing else. Told by the environment:
#   PGDATA         the data folder, below the volume's root
#   PGHOST         the folder of the local socket
#   CONFIG_DIR     postgresql.conf and pg_hba.conf
#   PASSWORD_FILE  the superuser's password
set -eu

main() {
  # What is said last before an exit is what the container's status shows.
  [ -s "$PASSWORD_FILE" ] || fail "the superuser's password in $PASSWORD_FILE is empty"
  remove_half_made
  [ -f "$PGDATA/PG_VERSION" ] || initialise
  refuse_other_major
  keep_private
  # As process 1, sh would leave a termination unheard until postgres has taken its place.
  trap 'exit 143' INT TERM
  set_password
  # As process 1, and so with the same id as in its own stale lock file after a crash.
  exec postgres -D "$PGDATA" -c "config_file=$CONFIG_DIR/postgresql.conf" \
    -c "hba_file=$CONFIG_DIR/pg_hba.conf" -c "unix_socket_directories=$PGHOST"
}

fail() {
  echo "storefront: $*" >&2
  exit 1
}

# An initdb that was killed leaves a folder that looks like data and is none. Ours carries a mark
# inside once it is complete, and a note beside it from before its first byte. A folder without
# either was brought by somebody: it is taken as it is.
remove_half_made() {
  note=
  [ ! -f "$PGDATA.note" ] || read -r note <"$PGDATA.note" || :
  if [ "$note" = unfinished ] && [ ! -f "$PGDATA/storefront-complete" ]; then
    rm -rf "$PGDATA" || fail "$PGDATA is half made: empty the volume and start again"
  fi
}

# The mark is written before the sync, so that it never outlives what it vouches for.
initialise() {
  echo unfinished >"$PGDATA.note"
  initdb -D "$PGDATA" --username=postgres --auth-local=peer --auth-host=reject \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-sync >&2 ||
    fail "initdb could not make a database in $PGDATA"
  echo complete >"$PGDATA/storefront-complete"
  initdb -D "$PGDATA" --sync-only >&2
  echo complete >"$PGDATA.note"
}

refuse_other_major() {
  read -r data <"$PGDATA/PG_VERSION"
  # "postgres (PostgreSQL) 17.2 (Debian 17.2-1)"
  # shellcheck disable=SC2046 # split on purpose
  set -- $(postgres --version)
  server=${3%%[!0-9]*}
  [ "$data" = "$server" ] || fail "the data on the volume is PostgreSQL $data and the image is" \
    "PostgreSQL $server: set spec.postgres.image to a PostgreSQL $data image, or dump the data" \
    "there and restore it into a new volume"
}

# A kubelet that hands the volume to our group also opens the data folder to it, which postgres
# refuses. Where the image has no chmod, the pod's fsGroupChangePolicy alone must do.
keep_private() {
  if command -v chmod >/dev/null; then chmod 700 "$PGDATA"; fi
}

# Before anybody can connect: a kept volume knows the password of a Secret that may be gone. The
# server reads the file itself, so the password is in no argument, statement or log, and needs no
# quoting but that of format().
set_password() {
  # shellcheck disable=SC2016 # the dollars are PostgreSQL's
  printf 'DO $$ BEGIN EXECUTE format(%s, rtrim(pg_read_file(%s), %s)); END $$\n' \
    "'ALTER ROLE postgres LOGIN PASSWORD %L'" "'$PASSWORD_FILE'" "E'\\r\\n'" |
    postgres --single -D "$PGDATA" -c "config_file=$CONFIG_DIR/postgresql.conf" \
      -c exit_on_error=on -c log_checkpoints=off postgres >/dev/null ||
    fail "the superuser's password could not be set on the data in $PGDATA"
}

main
