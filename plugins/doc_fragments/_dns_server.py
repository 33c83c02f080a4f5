# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that ask a DNS server have in common."""

    DOCUMENTATION = r"""
options:
  provider:
    description:
      - How the DNS server is asked.
      - V(windows) uses the DnsServer cmdlets on the host of the task, which must be the DNS server.
      - V(rfc2136) sends DNS messages from the controller to O(server), and changes records by dynamic updates, as in RFC 2136. No session
        on the host of the task is opened, so the task can run on C(localhost).
    type: str
    choices: [windows, rfc2136]
    default: windows
    version_added: 0.2.0
  server:
    description:
      - The DNS server for O(provider=rfc2136), and how messages to it are signed.
      - Name the primary server of the zone. Another server of the zone does not take updates, or is behind when it is read back.
      - Without a key, messages are not signed. Reading is often allowed so, updates hardly ever.
    type: dict
    version_added: 0.2.0
    suboptions:
      address:
        description:
          - The name or IP address of the server.
          - With O(server.gss_tsig=true), the server's Kerberos principal is C(DNS/) and this name. For an IP address it is C(DNS/) and the
            name of the primary server in the zone's SOA record. Give the name if you can, because that record is not signed.
        type: str
        required: true
      port:
        description: The port of the server.
        type: int
        default: 53
      protocol:
        description:
          - How the server is asked. A truncated answer over UDP is asked for again over TCP.
          - A question is sent again if its answer is lost. An update is sent once.
        type: str
        choices: [tcp, udp]
        default: tcp
      timeout:
        description: Seconds that one answer may take.
        type: float
        default: 10.0
      key_name:
        description:
          - The name of the key that the server shares with the controller (TSIG, RFC 8945). It signs updates and questions.
          - Needs O(server.key_secret).
        type: str
      key_secret:
        description: The secret of the shared key, in base64, as C(tsig-keygen) and C(keymgr) print it.
        type: str
      key_algorithm:
        description: The algorithm of the shared key.
        type: str
        choices: [hmac-sha1, hmac-sha224, hmac-sha256, hmac-sha384, hmac-sha512]
        default: hmac-sha256
      gss_tsig:
        description:
          - Whether updates are signed with Kerberos instead of a shared key (GSS-TSIG, RFC 3645), as zones of Active Directory need it that
            take secure updates only.
          - The ticket comes from the environment of C(ansible-playbook), from the cache that C(KRB5CCNAME) names, or from the keytab that
            C(KRB5_CLIENT_KTNAME) names. C(KRB5_CONFIG) may name another C(krb5.conf).
        type: bool
        default: false
"""
