# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lync / Skype for Business farm's cmdlets, a file per family."""
