#!/usr/bin/env bash
# Completes the PostgreSQL image: initdb, postgres, pg_isready and psql on PATH, and a shell.
# shellcheck source-path=SCRIPTDIR source=trim.sh
. "$(dirname "$0")/trim.sh"

trim -not -name getent -not -name locale # initdb runs them
# The JIT compiler and its library take 150 MB; queries of the shop do not use it.
rm -rf "$root"/usr/lib/postgresql/*/lib/{bitcode,llvmjit*} "$root"/usr/lib/*/{libLLVM*,libz3.so*} \
  "$root"/usr/lib/llvm-*
shell
user postgres /var/lib/postgresql
