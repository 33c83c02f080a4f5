# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that ask a domain controller by LDAP have in common."""

    DOCUMENTATION = r"""
options:
  server:
    description:
      - The domain controller, and how to log on to it. It is asked from the controller; no session on the host of the task is opened.
      - There is no unencrypted way. Messages are inside TLS, or sealed by Kerberos.
    type: dict
    required: true
    suboptions:
      address:
        description:
          - The name or IP address of a domain controller.
          - Its certificate must carry it. A Kerberos ticket is for C(ldap/) and this name, so give its full name.
        type: str
        required: true
      protocol:
        description:
          - V(ldaps) is LDAP inside TLS. The domain controller needs a certificate.
          - V(ldap) needs a Kerberos ticket, which seals all messages. It works without a certificate, and with every setting of the policy
            on LDAP server signing.
        type: str
        choices: [ldaps, ldap]
        default: ldaps
      port:
        description: The port. Defaults to 636 for V(ldaps) and to 389 for V(ldap).
        type: int
      user:
        description:
          - The account for a logon with a password, as V(user@litwareinc.com), as C(LITWARE\\user), or as a distinguished name.
          - If it is not given, a Kerberos ticket is used. It comes from the environment of C(ansible-playbook), from the cache that
            C(KRB5CCNAME) names, or from the keytab that C(KRB5_CLIENT_KTNAME) names. C(KRB5_CONFIG) may name another C(krb5.conf).
          - Only with O(server.protocol=ldaps), and together with O(server.password).
        type: str
      password:
        description: The password of O(server.user).
        type: str
      validate_certs:
        description: Whether the certificate of the domain controller must be valid, trusted, and for O(server.address).
        type: bool
        default: true
      ca_path:
        description:
          - A file with the certificates of the authorities to trust, in PEM, or a folder of such files that C(openssl rehash) has prepared.
          - If it is not given, the authorities of the controller's system are trusted.
        type: path
      timeout:
        description: Seconds that the connection and each answer may take.
        type: int
        default: 10
"""
