#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Print the path of a Python that this collection supports: the newest found, or with --oldest the oldest.
# PYTHON in the environment overrides the search. Each candidate is run, not only looked up: a version
# manager's shim can be on PATH for a version that is not active, and then exits 127.
set -euo pipefail

supported=(3.13 3.12 3.11)
if [[ ${1:-} == --oldest ]]; then
  supported=(3.11 3.12 3.13)
fi

probe='import sys; import venv; print("%d.%d" % sys.version_info[:2], sys.executable)'

# Prints "VERSION EXECUTABLE" of a Python that runs, nothing otherwise.
ask() { "$1" -I -c "$probe" 2>/dev/null || true; }

candidates() {
  local version root
  for version in "${supported[@]}"; do
    echo "python$version"
  done
  if command -v pyenv >/dev/null; then
    # Both, because the second answer follows HOME, which a test run may have set to a folder of its own.
    for root in "$(dirname "$(command -v pyenv)")/.." "$(pyenv root 2>/dev/null || true)"; do
      printf '%s\n' "$root"/versions/3.*/bin/python3
    done
  fi
  echo python3
}

if [[ -n ${PYTHON:-} ]]; then
  answer=$(ask "$PYTHON")
  [[ -n $answer ]] || { echo "PYTHON=$PYTHON does not run" >&2; exit 1; }
  echo "${answer#* }"
  exit 0
fi

found=$(candidates | while read -r candidate; do ask "$candidate"; done)
for version in "${supported[@]}"; do
  while read -r has executable; do
    if [[ $has == "$version" ]]; then
      echo "$executable"
      exit 0
    fi
  done <<<"$found"
done
echo "No Python 3.11, 3.12 or 3.13 found on PATH. Install one (Debian: apt-get install python3 python3-venv)," >&2
echo "or name it: make venv PYTHON=/path/to/python3" >&2
exit 1
