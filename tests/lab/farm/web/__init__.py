# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host's web site says to whoever asks without an account: metadata documents, and the challenge of Autodiscover."""
