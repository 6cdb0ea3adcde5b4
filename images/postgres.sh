#!/usr/bin/env bash
# PostgreSQL's image from Debian's packages: initdb, postgres, pg_isready and psql on PATH, and a shell.
# shellcheck source-path=SCRIPTDIR source=trim.sh
. "$(dirname "$0")/trim.sh"

trim -not -name getent -not -name locale # asked by initdb
# The just-in-time compiler weighs 150 MB with its library, for queries that a shop does not ask.
rm -rf "$root"/usr/lib/postgresql/*/lib/{bitcode,llvmjit*} "$root"/usr/lib/*/{libLLVM*,libz3.so*} \
  "$root"/usr/lib/llvm-*
shell
user postgres /var/lib/postgresql
