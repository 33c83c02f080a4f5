#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Installs what debian-packages.txt names and is missing; says nothing where all is there. No service is started.
# Where packages cannot be installed, it says which are missing and goes on: the checks that need them tell.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
log="$here/../../.cache/install-packages.log"

mapfile -t wanted < <(sed -E 's/[[:space:]]*#.*//; /^$/d' "$here/debian-packages.txt")

is_installed() {
    [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

give_up() {
    echo "$1"
    echo "Install them by hand, or the checks that need them fail: apt-get install ${missing[*]}"
    exit 0
}

missing=("${wanted[@]}")
if command -v dpkg-query >/dev/null; then
    missing=()
    for name in "${wanted[@]}"; do
        is_installed "$name" || missing+=("$name")
    done
fi
[ ${#missing[@]} -gt 0 ] || exit 0
command -v apt-get >/dev/null || give_up "Packages are not known here, and there is no apt-get to install them."
[ "$(id -u)" = 0 ] || give_up "Packages are missing, and only root can install them."

# Debian starts a service when it is installed, unless this file forbids it (invoke-rc.d(8)); the checks start their own
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "installing ${missing[*]}"
mkdir -p "$(dirname "$log")"
export DEBIAN_FRONTEND=noninteractive
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log"
    give_up "The packages could not be installed; the log is .cache/install-packages.log."
fi
