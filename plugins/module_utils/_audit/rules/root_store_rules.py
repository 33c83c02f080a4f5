# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the trusted roots of Lync's computers, whose contents decide whether they trust each other's certificates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.context import Context
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.finding import Breach, rule
from ansible_collections.onprem.exchange_lync.plugins.module_utils._audit.observation import Facts, FrontEnd
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe

MOST_ROOTS = 100
_CHECKS = "Checks to do in the Lync/Skype4B Certificate Store (blogs.technet.microsoft.com/uclobby)"
_STORE = r"Cert:\LocalMachine\Root"


def _list_roots(context: Context) -> Iterator[tuple[FrontEnd, list[str]]]:
    """The computers whose machine was asked, with the thumbprints in the store."""
    for front_end in context.front_ends:
        machine = front_end.machine
        if machine is not None and not machine["error"] and machine.get("roots") is not None:
            yield front_end, list(machine["roots"])


def _read_authorities(front_end: FrontEnd) -> dict[str, Facts]:
    """Every authority that the computer knows, by its thumbprint."""
    raw = front_end.machine["authorities"] if front_end.machine else ()
    return {str(item["thumbprint"]): {**item} for item in map(describe, raw)}


@rule(
    "root_store_misplaced",
    "warning",
    demand="The trusted roots of a front end are self-signed certificates only.",
    remedy=(
        rf"Move the certificate from Trusted Root Certification Authorities ({_STORE}) to Intermediate Certification Authorities "
        r"(Cert:\LocalMachine\CA), on the server and in the Group Policy that distributes it, and restart the Lync services."
    ),
    source=(
        f"Lync Server 2013 Front-End service cannot start in Windows Server 2012 (KB 2795828); OnPremDiag, "
        f"RDCheckMisplacedRootCACertificates; {_CHECKS}"
    ),
)
def find_misplaced_roots(context: Context) -> Iterator[Breach]:
    """Windows Server 2012 and later then trust no client certificate: HTTP 403.7 or 403.16 between Lync's own services."""
    for front_end, roots in _list_roots(context):
        known = _read_authorities(front_end)
        for thumbprint in dict.fromkeys(roots):
            found = known.get(thumbprint, {"subject": None, "issuer": None})
            # by their names, as Microsoft's check does: the signature of an old root may be one that nobody can check any more
            if found["subject"] and found["issuer"] and found["subject"] != found["issuer"]:
                evidence = (
                    f"{found['subject']} ({thumbprint}) is among the trusted roots, and {found['issuer']} issued it"
                )
                yield Breach(front_end.computer, evidence, thumbprint)


@rule(
    "root_store_duplicate",
    "info",
    demand="Each trusted root of a front end is there once.",
    remedy=(
        f"Delete what is there twice ({_STORE}), best in the Group Policy that distributes it. Windows is not known to mind."
    ),
    source=f"OnPremDiag, RDDuplicatesInTrustedRootCA; {_CHECKS}",
)
def find_duplicate_roots(context: Context) -> Iterator[Breach]:
    """It counts for the length of the list that SCHANNEL sends."""
    for front_end, roots in _list_roots(context):
        for thumbprint, count in Counter(roots).items():
            if count > 1:
                subject = _read_authorities(front_end).get(thumbprint, {}).get("subject")
                evidence = f"{subject or 'a certificate'} ({thumbprint}) is among the trusted roots {count} times"
                yield Breach(front_end.computer, evidence, thumbprint)


@rule(
    "root_store_too_many",
    "warning",
    demand=f"A front end has at most {MOST_ROOTS} trusted roots.",
    remedy=(
        f"Delete the authorities that nothing here needs ({_STORE}), and have no root update bring them again. Or have SCHANNEL send no "
        "list of trusted issuers (SendTrustedIssuerList 0), and restart the server."
    ),
    source=(
        f"SSL/TLS communication problems after you install KB 931125 (KB 2801679): 16 KB; OnPremDiag, RDCheckTooManyCertsRootCA; {_CHECKS}"
    ),
)
def find_too_many_roots(context: Context) -> Iterator[Breach]:
    """SCHANNEL cuts a longer list off, and clients do not find their own authority in it. Whether it sends the list is not read."""
    for front_end, roots in _list_roots(context):
        if len(roots) > MOST_ROOTS:
            yield Breach(front_end.computer, f"it has {len(roots)} trusted roots")
