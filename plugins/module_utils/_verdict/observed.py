# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the info modules returned, checked and typed: the verdict's input."""

from __future__ import annotations

import datetime as dt
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import normal_thumbprint
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

ASSIGNED_USE = "OAuthTokenIssuer"


class ObservationError(ValueError):
    """The input is not what the info modules return; the message names the place."""


@dataclass(frozen=True)
class Certificate:
    """A certificate as it is in one host's store. What could not be decoded is None or empty, and in ``problems``.

    :ivar services: those of Exchange that it is assigned to; None where the server does not tell.
    """

    thumbprint: str
    subject: str | None
    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    not_before: dt.datetime | None
    not_after: dt.datetime | None
    key_type: str | None
    key_size: int | None
    signature_hash: str | None
    key_usages: tuple[str, ...] | None
    extended_key_usages: tuple[str, ...] | None
    problems: tuple[str, ...]
    has_private_key: bool | None
    services: frozenset[str] | None


@dataclass(frozen=True)
class Store:
    """A host's certificates by thumbprint, or why they are not known."""

    host: str
    certificates: dict[str, Certificate]
    error: str | None = None


@dataclass(frozen=True)
class Assignment:
    """One of the assignments that lync_certificate_info returns."""

    thumbprint: str
    previous_thumbprint: str
    scope: str
    effective_date: dt.datetime | None


@dataclass(frozen=True)
class FrontEnd:
    """What lync_certificate_info returned: the host's store and its assignments of type OAuthTokenIssuer."""

    store: Store
    assignments: tuple[Assignment, ...]


@dataclass(frozen=True)
class AuthConfig:
    """AuthConfig, as far as the verdict looks at it. Thumbprints are empty where there is none."""

    current: str
    next: str
    next_effective_date: dt.datetime | None


@dataclass(frozen=True)
class ExchangeServers:
    """What one exchange_certificate_info returned: AuthConfig and the stores of the servers it asked."""

    auth_config: AuthConfig | None
    stores: tuple[Store, ...]


def read_instant(value: object, where: str) -> dt.datetime | None:
    """Return the point in time in ISO 8601 text or a datetime.

    Without a time zone it is UTC, as all dates of this collection are.
    """
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, dt.datetime) else dt.datetime.fromisoformat(str(value).strip())
    except ValueError:
        raise ObservationError(
            f"{where}: {value!r} is not a point in time in ISO 8601, such as 2026-08-01T12:00:00Z."
        ) from None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def read_number(value: object, where: str) -> int:
    """Return a number, which may be text where it comes from the command line."""
    try:
        return int(str(value))
    except ValueError:
        raise ObservationError(f"{where}: {value!r} is not a whole number.") from None


def read_front_end(data: object, where: str) -> FrontEnd:
    """Read one result of lync_certificate_info."""
    fields = _mapping(data, where)
    if failed := _failed(fields):
        return FrontEnd(failed, ())
    if fields.get("error"):
        return FrontEnd(_read_store(fields, "store", where), ())
    assigned = [
        _mapping(item, f"{where}.assigned[{index}]") for index, item in enumerate(_list(fields, "assigned", where))
    ]
    return FrontEnd(
        store=_read_store(fields, "store", where),
        assignments=tuple(
            read_assignment(item, f"{where}.assigned[{index}]")
            for index, item in enumerate(assigned)
            if item.get("use") == ASSIGNED_USE
        ),
    )


def read_exchange(data: object, where: str) -> ExchangeServers:
    """Read one result of exchange_certificate_info."""
    fields = _mapping(data, where)
    if failed := _failed(fields):
        return ExchangeServers(None, (failed,))
    servers = _list(fields, "servers", where)
    return ExchangeServers(
        auth_config=_read_auth_config(fields.get("auth_config"), f"{where}.auth_config"),
        stores=tuple(
            _read_store(_mapping(server, f"{where}.servers[{index}]"), "certificates", f"{where}.servers[{index}]")
            for index, server in enumerate(servers)
        ),
    )


def assumed(front_ends: Sequence[FrontEnd], thumbprint: str) -> list[FrontEnd]:
    """The front ends as they would be after this certificate has been assigned globally.

    Assigning deploys it, with its private key, to those that lack it. Where no store has it yet (it is in a file), there is nothing to
    show, and the front ends are left out.
    """
    wanted = normal_thumbprint(thumbprint)
    stored = [item.store.certificates[wanted] for item in front_ends if wanted in item.store.certificates]
    if not stored:
        return []
    deployed = {wanted: max(stored, key=lambda item: bool(item.has_private_key))}
    assignment = Assignment(wanted, "", "Global", None)
    return [FrontEnd(replace(item.store, certificates=deployed), (assignment,)) for item in front_ends]


def _read_auth_config(data: object, where: str) -> AuthConfig | None:
    if data is None:
        return None
    fields = _mapping(data, where)
    return AuthConfig(
        current=normal_thumbprint(fields.get("current_certificate_thumbprint")),
        next=normal_thumbprint(fields.get("next_certificate_thumbprint")),
        next_effective_date=read_instant(
            fields.get("next_certificate_effective_date"), f"{where}.next_certificate_effective_date"
        ),
    )


def read_assignment(fields: Mapping[str, t.Any], where: str) -> Assignment:
    """Read one of the assignments that lync_certificate_info returns."""
    return Assignment(
        thumbprint=normal_thumbprint(fields.get("thumbprint")),
        previous_thumbprint=normal_thumbprint(fields.get("previous_thumbprint")),
        scope=str(fields.get("scope") or ""),
        effective_date=read_instant(fields.get("effective_date"), f"{where}.effective_date"),
    )


def _failed(fields: Mapping[str, t.Any]) -> Store | None:
    """The host that a task which failed has not read, where the result names it."""
    error = fields.get("error")
    if not fields.get("failed") or not isinstance(error, Mapping) or not error.get("host"):
        return None
    return Store(str(error["host"]), {}, error=str(fields.get("msg") or error.get("message")))


def _read_store(fields: Mapping[str, t.Any], key: str, where: str) -> Store:
    host = fields.get("host")
    if not host:
        raise ObservationError(f"{where}.host: missing; it names the host in every finding.")
    error = fields.get("error") or ("its certificate store was not read" if fields.get(key) is None else None)
    certificates = (
        []
        if error
        else [
            _read_certificate(item, f"{where}.{key}[{index}]") for index, item in enumerate(_list(fields, key, where))
        ]
    )
    return Store(host=str(host), certificates={item.thumbprint: item for item in certificates}, error=error)


def _read_certificate(data: object, where: str) -> Certificate:
    """Take the facts from the certificate itself, so that nobody has to trust, or pass on, what was decoded before."""
    fields = _mapping(data, where)
    raw_data = fields.get("raw_data")
    if not isinstance(raw_data, (str, bytes)) or not raw_data:
        raise ObservationError(f"{where}.raw_data: missing; it is the certificate itself, in base64.")
    facts = describe(raw_data)
    return Certificate(
        thumbprint=facts["thumbprint"] or normal_thumbprint(fields.get("thumbprint")),
        subject=facts["subject"],
        common_names=tuple(facts["common_names"]),
        dns_names=tuple(facts["dns_names"]),
        not_before=read_instant(facts["not_before"], where),
        not_after=read_instant(facts["not_after"], where),
        key_type=facts["key_type"],
        key_size=facts["key_size"],
        signature_hash=facts["signature_hash"],
        key_usages=None if facts["key_usages"] is None else tuple(facts["key_usages"]),
        extended_key_usages=None if facts["extended_key_usages"] is None else tuple(facts["extended_key_usages"]),
        problems=tuple(facts["problems"]),
        has_private_key=fields.get("has_private_key"),
        services=None if fields.get("services") is None else frozenset(_list(fields, "services", where)),
    )


def _mapping(data: object, where: str) -> Mapping[str, t.Any]:
    if not isinstance(data, Mapping):
        raise ObservationError(
            f"{where}: a dictionary is wanted, as the info module returns it, not {type(data).__name__}."
        )
    return data


def _list(fields: Mapping[str, t.Any], key: str, where: str) -> list[t.Any]:
    value = fields.get(key)
    if not isinstance(value, (list, tuple)):
        raise ObservationError(
            f"{where}.{key}: a list is wanted, as the info module returns it, not {type(value).__name__}."
        )
    return list(value)
