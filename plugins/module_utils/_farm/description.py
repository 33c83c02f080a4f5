# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the farm shall be: the values of role ``farm``'s variables, checked, with what follows from them filled in.

The same values are the option ``description`` of ``farm_audit``. A description that was read once can be read again: nothing changes.
"""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields

from ansible_collections.onprem.exchange_lync.plugins.module_utils._autodiscover import AutodiscoverUrl
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_names import spell_domain
from ansible_collections.onprem.exchange_lync.plugins.module_utils._dns.dns_server_option import PROVIDERS, SERVER
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm import option_values as values
from ansible_collections.onprem.exchange_lync.plugins.module_utils._farm.option_values import Reader
from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import Url
from ansible_collections.onprem.exchange_lync.plugins.module_utils._ldap.directory_server_option import DIRECTORY_SERVER

RECORD_TYPES = ("CNAME", "A", "AAAA")
FAIL_ON = ("error", "warning", "never")
SECRETS = {"dns_server": "key_secret", "directory": "password"}
"""The variables that have a secret among their keys, and which key that is."""
FOLDERS = ("ConversationHistory", "Inbox", "Dumpster")


class DescriptionError(ValueError):
    """A description that cannot be used.

    :ivar problems: one sentence for each value that is wrong; each begins with the variable's name.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class WantedRecord:
    """A DNS record that the description asks for."""

    name: str
    value: tuple[str, ...]
    type: str = "CNAME"
    zone: str | None = None
    ttl: int | None = None


@dataclass(frozen=True)
class Description:
    """The description of a farm. Each field is the variable ``farm_<field>``; ``None`` stands for one that was left out."""

    sip_domains: tuple[str, ...]
    exchange_fqdn: str
    exchange_hosts: tuple[str, ...] = ()
    exchange_https_port: int = 443
    lync_hosts: tuple[str, ...] = ()
    lync_https_port: int = 443
    dns_hosts: tuple[str, ...] = ()
    dns_provider: str = "windows"
    dns_server: dict[str, t.Any] | None = None
    autodiscover_name: str = ""
    autodiscover_service_internal_uri: str = ""
    autodiscover_servers: tuple[str, ...] = ()
    exchange_autodiscover_url: str = ""
    exchange_autodiscover_allowed_domains: tuple[str, ...] | None = None
    lync_realm: str | None = None
    lync_service_name: str | None = None
    dns_records: tuple[WantedRecord, ...] | None = None
    oauth_token_issuer_thumbprint: str | None = None
    oauth_token_issuer_path: str | None = None
    oauth_token_issuer_automatic: bool = True
    oauth_token_issuer_effective_date: str | None = None
    lync_metadata_url: str | None = None
    exchange_metadata_url: str = ""
    linked_account: str | None = None
    domain_controller: str | None = None
    directory: dict[str, t.Any] | None = None
    replication_timeout: int = 300
    leave_out: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    tolerate: tuple[str, ...] = ()
    fail_on: str = "error"
    warn_days: int = 60
    now: str | None = None
    trust_sip_address: str | None = None
    trust_folder: str = "ConversationHistory"
    require_trust: bool = True
    read_machines: bool = False
    restart: bool = False

    @property
    def hosts(self) -> dict[str, tuple[str, ...]]:
        """The inventory's hosts by product. A DNS server that is asked from the controller is none of them."""
        dns_hosts = self.dns_hosts if self.dns_provider == "windows" else ()
        return {"exchange": self.exchange_hosts, "lync": self.lync_hosts, "dns": dns_hosts}

    def leaves_out(self, *names: str) -> bool:
        """Whether the user has left a server out, by any of its names, in any spelling."""
        left_out = {spell_domain(name) for name in self.leave_out}
        return any(spell_domain(name) in left_out for name in names if name)

    def allows(self, rule: str, *things: str) -> bool:
        """Whether what the rule holds back may be replaced, everywhere or for one of the things that it is about."""
        return _is_named(self.replace, rule, things)

    def accepts(self, rule: str, *things: str) -> bool:
        """Whether the findings of the rule are accepted, everywhere or for one of the things that they are about."""
        return _is_named(self.tolerate, rule, things)

    def as_dict(self) -> dict[str, t.Any]:
        """Plain values, as the filter returns them and the module takes them."""
        return {name: _plain(value) for name, value in asdict(self).items()}


def _is_named(ids: tuple[str, ...], rule: str, things: tuple[str, ...]) -> bool:
    """Whether a list of rule ids has this one; one may be narrowed with ``@``, in any spelling of a host's name."""
    named = {(name, spell_domain(thing)) for name, _at, thing in (item.partition("@") for item in ids)}
    return any((rule, spell_domain(thing)) in named for thing in ("", *things))


def _plain(value: t.Any) -> t.Any:
    """Lists for tuples, at any depth."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def read_description(given: Mapping[str, t.Any], prefix: str = "farm_") -> Description:
    """Check the values and fill in what follows from them.

    :param given: values by variable name without prefix. ``None`` counts as left out; an empty text does not.
    :param prefix: what a variable is called before its name, for the messages.
    :raises DescriptionError: naming every value that is wrong.
    """
    read, problems = dict[str, t.Any](), list[str]()
    for name in sorted(given.keys() - _READERS.keys()):
        problems.append(f"{prefix}{name} is not a variable of the farm's description.")
    for name, reader in _READERS.items():
        if given.get(name) is None:
            continue
        try:
            read[name] = reader(given[name])
        except ValueError as error:
            problems.append(f"{prefix}{name}{error}")
    problems += [f"{prefix}{name} is required: {what}." for name, what in _REQUIRED.items() if given.get(name) is None]
    problems += _find_dns_problems(given, read.get("dns_provider", Description.dns_provider), prefix)
    if problems:
        raise DescriptionError(problems)
    return Description(**_completed(read))


def _find_dns_problems(given: Mapping[str, t.Any], provider: str, prefix: str) -> list[str]:
    """Whether there is a server for updates, and only then."""
    has_server = given.get("dns_server") is not None
    if provider == "rfc2136" and not has_server:
        return [f"{prefix}dns_server is required: give the address of the DNS server, and a key."]
    if provider != "rfc2136" and has_server:
        return [f"{prefix}dns_server is used with {prefix}dns_provider=rfc2136 only."]
    return []


def _completed(read: dict[str, t.Any]) -> dict[str, t.Any]:
    """The Autodiscover name and the URLs that follow from it, where they were left out."""
    name = read.get("autodiscover_name") or f"autodiscover.{read['sip_domains'][0]}"
    derived = {
        "autodiscover_name": name,
        "autodiscover_service_internal_uri": f"https://{name}/autodiscover/autodiscover.xml",
        "exchange_autodiscover_url": f"https://{name}/autodiscover/autodiscover.svc",
        "exchange_metadata_url": f"https://{name}/autodiscover/metadata/json/1",
    }
    return {**derived, **read}


def _read_records(value: t.Any) -> tuple[WantedRecord, ...]:
    if not isinstance(value, (list, tuple)):
        raise ValueError(" must be a list of records, each with name, value and, if it is not CNAME, type.")
    return tuple(_read_record(item, f"[{index}]") for index, item in enumerate(value))


def _read_record(item: t.Any, where: str) -> WantedRecord:
    known = {one.name for one in fields(WantedRecord)}
    if not isinstance(item, Mapping) or not {"name", "value"} <= item.keys() <= known:
        raise ValueError(f"{where} must be a dictionary with name and value, and optionally type, zone and ttl.")
    try:
        return WantedRecord(
            name=values.read_text(item["name"]),
            value=values.read_texts(item["value"]),
            type=values.read_choice(RECORD_TYPES)(item.get("type") or "CNAME"),
            zone=None if item.get("zone") is None else values.read_domain(item["zone"]),
            ttl=None if item.get("ttl") is None else values.read_number(0)(item["ttl"]),
        )
    except ValueError as error:
        raise ValueError(f"{where}{error}") from error


def _read_server(spec: Mapping[str, t.Any], secret: str) -> Reader:
    """The server without its secret, which a description, a finding or a report has no use for. farm_info checks the rest."""
    known = sorted(spec["options"])

    def read(value: t.Any) -> dict[str, t.Any]:
        if not isinstance(value, Mapping) or "address" not in value or not value.keys() <= set(known):
            raise ValueError(f" must be a dictionary with address, and optionally {', '.join(known[1:])}.")
        try:
            values.read_text(value["address"])
        except ValueError as error:
            raise ValueError(f".address{error}") from error
        return {name: item for name, item in value.items() if name != secret}

    return read


def _read_sip_address(value: t.Any) -> str:
    """The address of a mailbox's user, with ``sip:`` or without it."""
    text = values.read_text(value)
    name, at, domain = text.removeprefix("sip:").partition("@")
    if not name or not at or any(character.isspace() for character in text):
        raise ValueError(f": '{text}' is not a SIP address such as sip:user@litwareinc.com.")
    try:
        return f"sip:{name}@{values.read_domain(domain)}"
    except ValueError as error:
        raise ValueError(f": '{text}' is not a SIP address such as sip:user@litwareinc.com.") from error


def _read_url(service: t.Literal["xml", "svc"]) -> Reader:
    def read(value: t.Any) -> str:
        try:
            return str(AutodiscoverUrl(service).accept(values.read_text(value)))
        except ValueError as error:
            raise ValueError(error if str(error).startswith(" ") else f": {error}.") from error

    return read


def _read_metadata_url(value: t.Any) -> str:
    try:
        return str(Url().accept(values.read_text(value)))
    except ValueError as error:
        raise ValueError(error if str(error).startswith(" ") else f": {error}.") from error


_REQUIRED = {
    "sip_domains": "list the SIP domains, the default one first",
    "exchange_fqdn": "give the full name of the Exchange server, or of its load balancer",
}

_READERS: dict[str, Callable[[t.Any], t.Any]] = {
    "exchange_hosts": values.read_texts,
    "lync_hosts": values.read_texts,
    "lync_https_port": values.read_number(1),
    "dns_hosts": values.read_texts,
    "dns_provider": values.read_choice(PROVIDERS),
    "dns_server": _read_server(SERVER, SECRETS["dns_server"]),
    "sip_domains": values.read_domains,
    "exchange_fqdn": values.read_full_name,
    "exchange_https_port": values.read_number(1),
    "autodiscover_name": values.read_full_name,
    "autodiscover_service_internal_uri": _read_url("xml"),
    "autodiscover_servers": values.read_texts,
    "exchange_autodiscover_url": _read_url("svc"),
    "exchange_autodiscover_allowed_domains": values.read_wildcard_domains,
    "lync_realm": values.read_text,
    "lync_service_name": values.read_text,
    "dns_records": _read_records,
    "oauth_token_issuer_thumbprint": values.read_thumbprint,
    "oauth_token_issuer_path": values.read_text,
    "oauth_token_issuer_automatic": values.read_flag,
    "oauth_token_issuer_effective_date": values.read_moment,
    "lync_metadata_url": _read_metadata_url,
    "exchange_metadata_url": _read_metadata_url,
    "linked_account": values.read_text,
    "domain_controller": values.read_full_name,
    "directory": _read_server(DIRECTORY_SERVER, SECRETS["directory"]),
    "replication_timeout": values.read_number(0),
    "leave_out": values.read_texts,
    "replace": values.read_texts,
    "tolerate": values.read_texts,
    "fail_on": values.read_choice(FAIL_ON),
    "warn_days": values.read_number(0),
    "now": values.read_moment,
    "trust_sip_address": _read_sip_address,
    "trust_folder": values.read_choice(FOLDERS),
    "require_trust": values.read_flag,
    "read_machines": values.read_flag,
    "restart": values.read_flag,
}

NAMES = tuple(_READERS)
"""The variables of a description, without their prefix."""
