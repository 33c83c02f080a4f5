# SPDX-License-Identifier: GPL-3.0-or-later

"""The Exchange organization's cmdlets, a file per family."""
