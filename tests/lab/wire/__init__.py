# SPDX-License-Identifier: GPL-3.0-or-later
"""The wire of the emulated farm: HTTP(S), authentication, WS-Management, WinRS and PowerShell Remoting, one process per host."""
