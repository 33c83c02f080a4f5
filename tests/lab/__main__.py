# SPDX-License-Identifier: GPL-3.0-or-later

"""`python tests/lab …`: start, look into and stop a lab."""

from __future__ import annotations

import sys

from cli.main import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
