# SPDX-License-Identifier: GPL-3.0-or-later

"""The emulated farm: one process that holds the model of Exchange, Lync, Windows and DNS behind every emulated host."""
