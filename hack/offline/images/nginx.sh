#!/usr/bin/env bash
# Completes the nginx image: nginx on PATH, and a shell with wget.
# shellcheck source-path=SCRIPTDIR source=trim.sh
. "$(dirname "$0")/trim.sh"

trim -not -name nginx
shell
user nginx /var/lib/nginx
