# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``lync_certificate`` reads: what is assigned, and, only where something is to be done, all that a judgement needs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call
from ansible_collections.onprem.exchange_lync.plugins.module_utils._certificate_checks import (
    Certificate,
    Moment,
    read_certificate,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.assignments import (
    SOON,
    Assigned,
    find_end,
    find_in_use,
    find_signing,
    find_staged,
    read_assignment,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_fitness import Candidate
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.certificate_request import Request
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.front_end_certificates import (
    STORE,
    Facts,
    add_exportable,
    read_assigned,
    read_store,
)
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.pfx_file import read_pfx
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.token_issuer_choice import choose_token_issuer
from ansible_collections.onprem.exchange_lync.plugins.module_utils._lync.topology import read_sip_domains, read_version
from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet

_KEYS = ("use", "thumbprint", "previous_thumbprint", "scope", "effective_date", "subject", "not_after")
_WITHOUT_CNG = ("4.", "5.")
"""Builds of Lync Server 2010 and 2013, which cannot use a key of a CNG provider."""


@dataclass(frozen=True)
class Evidence:
    """All that a judgement needs.

    :ivar now: the server's clock, by which the server judges too.
    :ivar thumbprint: the certificate that is to be assigned.
    :ivar candidate: the same, typed; None where it is in a file that the server cannot look into.
    :ivar facts: the same, as the info module returns it.
    :ivar in_use_until: the end of the certificate in force; None where it is not known.
    :ivar in_store: whether the machine has it with its private key, so that no file is needed.
    """

    now: dt.datetime
    thumbprint: str
    candidate: Candidate | None = None
    facts: Facts | None = None
    in_use_until: dt.datetime | None = None
    in_store: bool = True


@dataclass(frozen=True)
class ObservedAssignments:
    """What is assigned.

    :ivar now: the host's clock, by which a staged assignment is told from one in force.
    :ivar assigned: the assignments of the use, as the module returns them.
    :ivar thumbprint: the certificate that the task means; empty for none.
    :ivar evidence: None where nothing is to be judged.
    """

    now: dt.datetime
    assigned: tuple[Facts, ...]
    thumbprint: str = ""
    evidence: Evidence | None = None

    @property
    def assignments(self) -> list[Assigned]:
        """The assignments, typed."""
        return [read_assignment(item) for item in self.assigned]

    @property
    def in_use(self) -> str:
        """The thumbprint in force by one clock at least, which is enough for what the task wants; empty for none."""
        return find_in_use(self.assignments, self.now + SOON)

    def find_staged(self) -> Assigned | None:
        """The assignment that is not in force yet, by any clock."""
        return find_staged(self.assignments, self.now + SOON)

    @property
    def signing(self) -> str:
        """The thumbprint that some server may still sign with, which nothing may take away: its successor is not in force everywhere."""
        return find_signing(self.assignments, self.now)[0]

    def find_pending(self) -> Assigned | None:
        """The assignment that may not be in force everywhere yet."""
        return find_signing(self.assignments, self.now)[1]

    def describe(self, thumbprint: str) -> Facts | None:
        """The assignment of a certificate, for the result.

        One that is staged stands for the one in force where the server shows it alone.
        """
        found = [item for item in self.assigned if item["thumbprint"] == thumbprint]
        return describe_assignment(found or self.assigned)


def describe_assignment(assigned: Sequence[Facts]) -> Facts | None:
    """The first of the assignments, for the result; None for none."""
    return {key: assigned[0][key] for key in _KEYS} if assigned else None


class Judge:
    """Reads the evidence of one task."""

    def __init__(self, call: Call, request: Request) -> None:
        self._lync, self._windows = call.shell("lync"), call.shell("windows")
        self._request = request
        self._everything: list[Facts] = []

    def read_file(self, thumbprint: str) -> Facts | None:
        """The certificate in the file; None where the server cannot look into it, though ``thumbprint`` says what it is."""
        return read_pfx(self._windows, self._request.path, self._request.password, thumbprint)

    def collect(self, observed: ObservedAssignments, in_file: Facts | None) -> Evidence:
        """The certificate (of the store, the file, or chosen), the end of the one that it follows, and the clock.

        :param in_file: the certificate in the file, where it was read already.
        :raises ShellError: of kind ``not_found`` where the certificate is in neither, or of kind ``conflict`` where none can be chosen.
        """
        now, domains = self._read_clock(), self._read_domains()
        self._everything = [*read_assigned(self._lync), *observed.assigned]
        stored = {item["thumbprint"]: item for item in self._read_store()}
        thumbprint = self._choose(stored, domains, now) if self._request.is_open else observed.thumbprint
        facts, followed = stored.get(thumbprint), stored.get(observed.signing)
        in_store = facts is not None and (bool(facts["has_private_key"]) or not self._request.path)
        if facts is None and not self._request.path:
            raise _refuse_absent(thumbprint, len(stored))
        if not in_store:
            facts = facts or in_file or self.read_file(thumbprint)
            facts = facts and {**facts, "has_private_key": None, "key_provider": None}  # the file brings the key
        candidate = facts and self._make_candidate(facts, domains)
        end = read_certificate(followed).not_after if followed else find_end(observed.assignments, observed.signing)
        return Evidence(now, thumbprint, candidate or None, facts, end, in_store)

    def _make_candidate(self, facts: Facts, domains: tuple[str, ...]) -> Candidate:
        certificate = read_certificate(facts)
        return Candidate(
            certificate,
            domains,
            assigned=any(item["thumbprint"] == certificate.thumbprint for item in self._everything),
            takes_cng=certificate.key_provider != "cng" or self._takes_cng(certificate),
        )

    def _takes_cng(self, certificate: Certificate) -> bool:
        # every key of an elliptic curve is CNG's, and all versions can request one (Request-CsCertificate, parameter KeyAlg)
        if certificate.key_type != "RSA":
            return True
        return not str(read_version(self._lync)["build"] or "").startswith(_WITHOUT_CNG)

    def _read_store(self) -> list[Facts]:
        store = read_store(self._windows)
        return add_exportable(store, self._windows) if self._request.is_global else store

    def _choose(self, stored: dict[str, Facts], domains: tuple[str, ...], now: dt.datetime) -> str:
        """The certificate that may be assigned though nobody named it.

        :raises ShellError: of kind ``conflict`` where there is no single safe answer.
        """
        default = next((str(item["thumbprint"]) for item in self._everything if item["use"] == "Default"), "")
        store, days = [read_certificate(item) for item in stored.values()], self._request.warn_days
        choice = choose_token_issuer(store, default, domains[0], Moment.at(now), warn_days=days)
        if not choice.thumbprint:
            named = "; ".join(f"{item.thumbprint} ({item})" for item in choice.proposals)
            remedy = f"Name one with O(thumbprint){f': {named}' if named else ', or give a file with O(path)'}."
            raise ShellError("conflict", f"no certificate was chosen: {choice.reason}.", remedy=remedy)
        return choice.thumbprint

    def _read_clock(self) -> dt.datetime:
        moments = self._windows.read_all(Cmdlet("Get-Date"))
        moment = moments[0] if moments else None
        return moment if isinstance(moment, dt.datetime) and moment.tzinfo else dt.datetime.now(dt.UTC)

    def _read_domains(self) -> tuple[str, ...]:
        """The SIP domains, the default one first; none for a use that needs no name."""
        if not self._request.is_global or self._request.sip_domains:
            return self._request.sip_domains
        domains = tuple(domain["name"] for domain in read_sip_domains(self._lync))
        if not domains:
            raise ShellError("not_found", "the deployment shows no SIP domain.", shell="lync", cmdlet="Get-CsSipDomain")
        return domains


def _refuse_absent(thumbprint: str, count: int) -> ShellError:
    remedy = "Import it there with its private key, assign it from a PFX file (O(path)), or correct O(thumbprint)."
    message = f"{thumbprint} is not among the {count} certificates of {STORE} on this host."
    return ShellError("not_found", message, remedy=remedy)
