#!/usr/bin/env bash
# Builds the image of the journeys' reverse proxy, nginx, from a Debian package and prints its name.
# Where a registry can be reached it prints nothing: the journeys use the official image.
# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=debian.sh
. "$ROOT/hack/offline/debian.sh"

if registry_reachable; then exit; fi
package_image nginx 1.22 nginx "/usr/sbin:/usr/bin:/sbin:/bin"
