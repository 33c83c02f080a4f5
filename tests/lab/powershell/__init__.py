# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated PowerShell that runs in each emulated host's process: strict binder, pipelines, errors, a small part of the language."""
