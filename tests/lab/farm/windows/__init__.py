# SPDX-License-Identifier: GPL-3.0-or-later

"""What every Windows host answers: services, the certificate store, the clock, DnsServer."""
