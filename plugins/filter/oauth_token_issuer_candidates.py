# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The candidates for OAuthTokenIssuer inside an expression."""

from __future__ import annotations

DOCUMENTATION = r"""
name: oauth_token_issuer_candidates
short_description: Find the certificates that could be the OAuthTokenIssuer
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Asks the certificate verdict about each certificate in the store of a front end, as if it were assigned, and returns them all, the
    best first, each with what there would be against it.
  - Those against which there would be neither an error nor a warning come first. Among equals, the best carries the default SIP domain
    itself as its subject, then lasts longest.
positional: sip_domains, now
options:
  _input:
    description: The result of M(onprem.exchange_lync.lync_certificate_info) on the front end that is going to assign the certificate.
    type: dict
    required: true
  sip_domains:
    description: The SIP domains, the default one first.
    type: list
    elements: str
    required: true
  now:
    description: The moment to judge at, in ISO 8601. The controller's clock, if not given.
    type: str
  warn_days:
    description: Fewer whole days left than this are a finding.
    type: int
    default: 60
  minimum_key_size:
    description: The bits that an RSA key must have at least.
    type: int
    default: 2048
requirements:
  - cryptography
seealso:
  - module: onprem.exchange_lync.certificate_verdict
  - module: onprem.exchange_lync.lync_certificate
"""

EXAMPLES = r"""
- name: Read the certificates of this front end
  onprem.exchange_lync.lync_certificate_info:
  register: certificates

- name: Name the certificates that could be assigned
  ansible.builtin.debug:
    msg: "{{ candidates | rejectattr('findings') | map(attribute='thumbprint') }}"
  vars:
    candidates: "{{ certificates | onprem.exchange_lync.oauth_token_issuer_candidates(['litwareinc.com']) }}"
"""

RETURN = r"""
_value:
  description:
    - All certificates of the store, each with C(thumbprint), C(subject), C(friendly_name), C(not_after) and C(findings).
    - C(findings) is a list of dictionaries with C(rule) and C(evidence), as in M(onprem.exchange_lync.certificate_verdict). It is empty
      for a certificate that is fit.
  type: list
  elements: dict
"""

import datetime as dt
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.candidates import Candidate


def oauth_token_issuer_candidates(
    front_end: Mapping[str, t.Any],
    sip_domains: str | Sequence[str],
    now: str | dt.datetime | None = None,
    *,
    warn_days: int = 60,
    minimum_key_size: int = 2048,
) -> list[Candidate]:
    """The certificates of a front end, the best first; the keywords are the verdict's options."""
    policy = {"now": now or dt.datetime.now(dt.UTC), "warn_days": warn_days, "minimum_key_size": minimum_key_size}
    domains = [sip_domains] if isinstance(sip_domains, str) else sip_domains
    if not isinstance(front_end, Mapping):
        raise AnsibleFilterError("oauth_token_issuer_candidates: a result of lync_certificate_info is wanted as input")
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.candidates import candidates
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ObservationError

    try:
        return candidates(front_end, sip_domains=domains, **policy)
    except (ObservationError, ShellError) as error:
        raise AnsibleFilterError(f"oauth_token_issuer_candidates: {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"oauth_token_issuer_candidates": oauth_token_issuer_candidates}
