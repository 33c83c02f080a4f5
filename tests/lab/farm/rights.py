# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may run what, and which calls need a second hop.

Groups are named as Exchange, Lync and Windows name them. On a product endpoint a cmdlet outside the caller's roles is not
offered at all; in the machine's own PowerShell it runs and then the directory, the store or the server refuses.
"""

from __future__ import annotations

from dataclasses import dataclass

ORGANIZATION = ("Organization Management",)
ORGANIZATION_VIEW = ("Organization Management", "View-Only Organization Management")
LYNC = ("RTCUniversalServerAdmins", "CsAdministrator")
LYNC_VIEW = (*LYNC, "RTCUniversalReadOnlyAdmins", "CsViewOnlyAdministrator")
LOCAL = ("Administrators",)
LOCAL_VIEW = ("Administrators", "Remote Management Users")
DNS = ("DnsAdmins", "Domain Admins")


@dataclass(frozen=True)
class Needs:
    """What a cmdlet needs: its shell, membership in one of the groups, the second server that it asks, and whether it is remote.

    ``hop`` is ``directory`` (Active Directory), ``store`` (the Central Management Store's database) or empty.
    ``at_endpoint`` is whether a predefined role of the product endpoint holds the cmdlet.
    """

    shell: str
    groups: tuple[str, ...]
    hop: str = ""
    at_endpoint: bool = True


EXCHANGE_READ = Needs("exchange", ORGANIZATION_VIEW, "directory")
EXCHANGE_WRITE = Needs("exchange", ORGANIZATION, "directory")
EXCHANGE_PARTNERS = Needs("exchange", ORGANIZATION, "directory")
"""Test-OAuthConnectivity.md of 2016 refers to "Partner applications - configure" of the permissions topics: Organization Management."""
LYNC_READ = Needs("lync", LYNC_VIEW, "store")
LYNC_WRITE = Needs("lync", LYNC, "store")
LYNC_LOCAL_READ = Needs("lync", (*LYNC_VIEW, *LOCAL))
LYNC_LOCAL_WRITE = Needs("lync", LYNC, "store", at_endpoint=False)
STORAGE = ("RTCUniversalUserAdmins", "RTC Local User Administrators")
LYNC_STORAGE = Needs("lync", STORAGE, at_endpoint=False)
"""Test-CsExStorageConnectivity.md: RTC Local User Administrators of the computer, or RTCUniversalUserAdmins."""
WINDOWS_READ = Needs("windows", LOCAL_VIEW, at_endpoint=False)
WINDOWS_WRITE = Needs("windows", LOCAL, at_endpoint=False)
DNS_ACCESS = Needs("windows", DNS, at_endpoint=False)
