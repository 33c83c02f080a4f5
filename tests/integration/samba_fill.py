# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill a domain that samba-tool has just provisioned, while nothing serves it: accounts, service principals, keytabs, and DNS records.

    /usr/bin/python3 samba_fill.py SMB_CONF KEYTABS <description.json

Python is Debian's own, which has Samba's libraries. The description names what is wanted; see samba_domain.py.
"""

from __future__ import annotations

import importlib
import json
import secrets
import sys
from pathlib import Path
from typing import Any

DELEGATES, SENSITIVE = 0x80000, 0x100000
"""Bits of userAccountControl: TRUSTED_FOR_DELEGATION and NOT_DELEGATED (MS-ADTS 2.2.16)."""
AES = 24
"""msDS-SupportedEncryptionTypes (MS-KILE 2.2.7): AES with keys of 128 and of 256 bits."""


def load(name: str) -> Any:
    """A module of Samba's."""
    return importlib.import_module(name)


class Directory:
    """The domain's database, opened as the system."""

    def __init__(self, configuration: str, keytabs: Path) -> None:
        self.parameters = load("samba.param").LoadParm()
        self.parameters.load(configuration)
        self.keytabs = keytabs
        self.database = load("samba.samdb").SamDB(
            session_info=load("samba.auth").system_session(self.parameters), lp=self.parameters
        )
        self.ldb = load("ldb")
        load("samba").enable_net_export_keytab()
        self.net = load("samba.net").Net(None, self.parameters)

    def allow_any_password(self) -> None:
        """The accounts are those of the lab's scenarios, with their passwords."""
        for name in ("pwdProperties", "minPwdLength", "minPwdAge", "maxPwdAge", "pwdHistoryLength"):
            self.change(self.database.domain_dn(), name, ["0"])

    def change(self, dn: str, name: str, values: list[Any]) -> None:
        """Replace an attribute."""
        message = self.ldb.Message(self.ldb.Dn(self.database, str(dn)))
        message[name] = self.ldb.MessageElement(values, self.ldb.FLAG_MOD_REPLACE, name)
        self.database.modify(message)

    def find(self, account: str) -> Any:
        """An account, by its name of old."""
        (found,) = self.database.search(expression=f"(sAMAccountName={account})", attrs=["userAccountControl"])
        return found

    def set_flags(self, account: str, flags: int) -> None:
        """Add bits to userAccountControl."""
        found = self.find(account)
        self.change(found.dn, "userAccountControl", [str(int(str(found["userAccountControl"])) | flags)])

    def add_user(self, user: dict[str, Any]) -> None:
        """A user, or the password of one that is there."""
        if user["name"] == "administrator":
            self.database.setpassword("(sAMAccountName=administrator)", user["password"])
        else:
            self.database.newuser(user["name"], user["password"])
        self.change(self.find(user["name"]).dn, "msDS-SupportedEncryptionTypes", [str(AES)])
        if user.get("must_change"):
            self.change(self.find(user["name"]).dn, "pwdLastSet", ["0"])
        if user.get("sensitive"):
            self.set_flags(user["name"], SENSITIVE)
        for dn in user.get("hidden", ()):
            self.hide(dn, user["name"])
        for group in user.get("groups", ()):
            self.database.add_remove_group_members(group, [user["name"]])
        if user.get("keytab"):
            self.net.export_keytab(keytab=str(self.keytabs / f"{user['name']}.keytab"), principal=user["name"])

    def hide(self, dn: str, account: str) -> None:
        """Deny an account to read an object and what is below it."""
        (found,) = self.database.search(expression=f"(sAMAccountName={account})", attrs=["objectSid"])
        sid = load("samba.ndr").ndr_unpack(load("samba.dcerpc.security").dom_sid, found["objectSid"][0])
        load("samba.sd_utils").SDUtils(self.database).dacl_add_ace(dn, f"(D;CI;RPLCLORC;;;{sid})")

    def add_computer(self, fqdn: str, principals: list[str]) -> None:
        """A member server, which may delegate, with all its names, and one keytab for them."""
        short = fqdn.partition(".")[0].upper()
        self.database.newcomputer(short, service_principal_name_list=principals)
        self.database.setpassword(f"(sAMAccountName={self.ldb.binary_encode(short)}$)", secrets.token_hex(16))
        dn = self.find(f"{short}$").dn
        self.change(dn, "dNSHostName", [fqdn])
        self.change(dn, "msDS-SupportedEncryptionTypes", [str(AES)])
        self.set_flags(f"{short}$", DELEGATES)
        self.net.export_keytab(keytab=str(self.keytabs / f"{fqdn}.keytab"), principal=f"{short}$")

    def add_principals(self, account: str, principals: list[str]) -> None:
        """Service principals beside those that an account has."""
        message = self.ldb.Message(self.find(account).dn)
        name = "servicePrincipalName"
        message[name] = self.ldb.MessageElement(principals, self.ldb.FLAG_MOD_ADD, name)
        self.database.modify(message)

    def add_zone(self, zone: str) -> None:
        """A zone with the rights of the domain's own, where it is not there."""
        dns = load("samba.provision.sambadns")
        domain = str(self.database.domain_dn())
        groups = self.database.search(expression="(sAMAccountName=DnsAdmins)", attrs=["objectSid"])
        admins = load("samba.ndr").ndr_unpack(load("samba.dcerpc.security").dom_sid, groups[0]["objectSid"][0])
        sid = load("samba.dcerpc.security").dom_sid(self.database.get_domain_sid())
        dns.add_domain_record(self.database, domain, "DC=DomainDnsZones", zone, sid, str(admins))

    def set_records(self, zone: str, name: str, records: list[list[str]], ttl: int) -> None:
        """All records of a name."""
        made = [self.make_record(kind, data, ttl) for kind, data in records]
        packed = [load("samba.ndr").ndr_pack(record) for record in made]
        dn = f"DC={name},DC={zone},CN=MicrosoftDNS,DC=DomainDnsZones,{self.database.domain_dn()}"
        if self.database.search(base=dn.partition(",")[2], expression=f"(dc={name})", scope=self.ldb.SCOPE_ONELEVEL):
            self.change(dn, "dnsRecord", packed)
            return
        message = self.ldb.Message(self.ldb.Dn(self.database, dn))
        message["objectClass"] = ["top", "dnsNode"]
        message["dnsRecord"] = self.ldb.MessageElement(packed, self.ldb.FLAG_MOD_ADD, "dnsRecord")
        self.database.add(message)

    @staticmethod
    def make_record(kind: str, data: str, ttl: int) -> Any:
        """One record, with data as a zone file has it, full names without their last dots."""
        dns = load("samba.provision.sambadns")
        if kind == "SOA":
            primary, mail, *numbers = data.split()
            names = ("serial", "refresh", "retry", "expire", "minimum")
            return dns.SOARecord(primary, mail, ttl=ttl, **dict(zip(names, map(int, numbers), strict=True)))
        make = {"A": dns.ARecord, "NS": dns.NSRecord, "CNAME": dns.CNAMERecord}[kind]
        return make(data, ttl=ttl)


def main() -> None:
    """Fill it."""
    configuration, keytabs = sys.argv[1:]
    wanted = json.load(sys.stdin)
    directory = Directory(configuration, Path(keytabs))
    directory.allow_any_password()
    for user in wanted["users"]:
        directory.add_user(user)
    for fqdn, principals in wanted["computers"].items():
        directory.add_computer(fqdn, principals)
    for account, principals in wanted["principals"].items():
        directory.add_principals(account, principals)
    for zone in wanted["new_zones"]:
        directory.add_zone(zone)
    for zone, name, records, ttl in wanted["records"]:
        directory.set_records(zone, name, records, ttl)


if __name__ == "__main__":
    main()
