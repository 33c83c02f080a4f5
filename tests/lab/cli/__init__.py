# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's command line: `python tests/lab …`."""
