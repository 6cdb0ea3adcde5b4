#!/bin/sh
# Starts PostgreSQL on a volume that is empty or contains data of this or of another major version.
#
# Requires only sh, initdb and postgres on PATH of the image. Environment:
#   PGDATA         the data folder, below the volume's root
#   PGHOST         the folder of the local socket
#   CONFIG_DIR     the folder of postgresql.conf and pg_hba.conf
#   PASSWORD_FILE  the file with the superuser's password
set -eu

main() {
  # The last line before an exit is the termination message in the container's status.
  [ -s "$PASSWORD_FILE" ] || fail "the superuser's password in $PASSWORD_FILE is empty"
  remove_incomplete_data
  [ -f "$PGDATA/PG_VERSION" ] || initialize
  reject_other_major
  restrict_permissions
  # As process 1, sh ignores signals without a trap. postgres replaces it below.
  trap 'exit 143' INT TERM
  set_password
  # exec keeps process id 1, which is also the id in a stale lock file after a crash.
  exec postgres -D "$PGDATA" -c "config_file=$CONFIG_DIR/postgresql.conf" \
    -c "hba_file=$CONFIG_DIR/pg_hba.conf" -c "unix_socket_directories=$PGHOST"
}

fail() {
  echo "storefront: $*" >&2
  exit 1
}

# An interrupted initdb leaves an incomplete data folder. This script writes a note beside the
# folder before initdb starts, and a marker file into the folder when initdb has completed. A folder
# with neither was provided by the user and is used as it is.
remove_incomplete_data() {
  note=
  [ ! -f "$PGDATA.note" ] || read -r note <"$PGDATA.note" || :
  if [ "$note" = unfinished ] && [ ! -f "$PGDATA/storefront-complete" ]; then
    rm -rf "$PGDATA" || fail "$PGDATA is incomplete and cannot be removed:" \
      "empty the volume and restart the pod"
  fi
}

# The marker is written before the sync, so that it never becomes durable without the data.
initialize() {
  echo unfinished >"$PGDATA.note"
  initdb -D "$PGDATA" --username=postgres --auth-local=peer --auth-host=reject \
    --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-sync >&2 ||
    fail "initdb could not create a database in $PGDATA"
  echo complete >"$PGDATA/storefront-complete"
  initdb -D "$PGDATA" --sync-only >&2
  echo complete >"$PGDATA.note"
}

reject_other_major() {
  read -r data <"$PGDATA/PG_VERSION"
  # "postgres (PostgreSQL) 17.2 (Debian 17.2-1)"
  # shellcheck disable=SC2046 # intentional word splitting
  set -- $(postgres --version)
  server=${3%%[!0-9]*}
  [ "$data" = "$server" ] || fail "the data on the volume is PostgreSQL $data and the image is" \
    "PostgreSQL $server: set spec.postgres.image to a PostgreSQL $data image, or dump the data" \
    "there and restore it into a new volume"
}

# The kubelet grants the pod's group (fsGroup) access to the volume, and postgres rejects a data
# folder with group access. If the image has no chmod, this relies on fsGroupChangePolicy alone.
restrict_permissions() {
  if command -v chmod >/dev/null; then chmod 700 "$PGDATA"; fi
}

# Sets the password before the server accepts connections, because an existing volume has the
# password of a former Secret. The server reads the file itself, so the password is in no argument,
# statement or log, and format() does all quoting.
set_password() {
  # shellcheck disable=SC2016 # PostgreSQL dollar quoting
  printf 'DO $$ BEGIN EXECUTE format(%s, rtrim(pg_read_file(%s), %s)); END $$\n' \
    "'ALTER ROLE postgres LOGIN PASSWORD %L'" "'$PASSWORD_FILE'" "E'\\r\\n'" |
    postgres --single -D "$PGDATA" -c "config_file=$CONFIG_DIR/postgresql.conf" \
      -c exit_on_error=on -c log_checkpoints=off postgres >/dev/null ||
    fail "the superuser's password could not be set on the data in $PGDATA"
}

main
