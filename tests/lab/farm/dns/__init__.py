# SPDX-License-Identifier: GPL-3.0-or-later

"""The zones of the farm and the real DNS server that answers for them."""
