# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate verdict inside an expression."""

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_verdict
short_description: Judge the certificates that Exchange and Lync trust each other by
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Judges the OAuthTokenIssuer certificate of Lync Server or Skype for Business Server and the Exchange Auth
    certificate, as M(onprem.exchange_lync.certificate_verdict) does, and returns the verdict.
positional: sip_domains, now
options:
  _input:
    description:
      - What to judge. A dictionary with the keys C(exchange) and C(lync), either of which may be left out; each is a
        list of results of M(onprem.exchange_lync.exchange_certificate_info) and
        M(onprem.exchange_lync.lync_certificate_info).
    type: dict
    required: true
  sip_domains:
    description: The SIP domains, the default one first. Needed when there are front ends to judge.
    type: list
    elements: str
    default: []
  now:
    description:
      - The moment to judge at, in ISO 8601, for example V(2026-08-01T12:00:00Z). UTC if it names no time zone.
      - The controller's clock, if not given.
    type: str
  warn_days:
    description: Fewer whole days left than this are a warning.
    type: int
    default: 60
  error_days:
    description: Fewer whole days left than this are an error.
    type: int
    default: 0
  minimum_key_size:
    description: The bits that an RSA key must have at least.
    type: int
    default: 2048
  autodiscover_names:
    description: The host names that each Exchange server should have a valid certificate for.
    type: list
    elements: str
    default: []
  assigning:
    description: The thumbprint of a certificate. Judge as if it had been assigned as OAuthTokenIssuer already.
    type: str
requirements:
  - cryptography
seealso:
  - module: onprem.exchange_lync.certificate_verdict
    description: The same judgement as a module, with the description of all rules.
"""

EXAMPLES = r"""
- name: Read the certificates of each front end
  onprem.exchange_lync.lync_certificate_info:
  register: certificates

- name: Say how long those of this front end last
  ansible.builtin.debug:
    msg: "{{ verdict.days_left }} days left"
  vars:
    verdict: "{{ {'lync': [certificates]} | onprem.exchange_lync.certificate_verdict(['litwareinc.com']) }}"

- name: Require that none of them is wrong at the end of the year
  ansible.builtin.assert:
    that: verdict.ok
    fail_msg: "{{ verdict.findings | map(attribute='remedy') | unique | join(' ') }}"
  vars:
    front_ends: "{{ groups['lync_servers'] | map('extract', hostvars, 'certificates') }}"
    end: "{{ now(utc=true).year }}-12-31T23:59:59Z"
    verdict: "{{ {'lync': front_ends} | onprem.exchange_lync.certificate_verdict(['litwareinc.com'], now=end) }}"
  run_once: true
"""

RETURN = r"""
_value:
  description:
    - The verdict, with the keys C(ok), C(now), C(days_left), C(summary), C(findings) and C(certificates).
    - See M(onprem.exchange_lync.certificate_verdict) for their meaning.
  type: dict
"""

import datetime as dt
import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError

if t.TYPE_CHECKING:
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import Verdict


def certificate_verdict(
    observed: object,
    sip_domains: str | Sequence[str] = (),
    now: str | dt.datetime | None = None,
    *,
    warn_days: int = 60,
    error_days: int = 0,
    minimum_key_size: int = 2048,
    autodiscover_names: str | Sequence[str] = (),
    assigning: str | None = None,
) -> Verdict:
    """Judge ``{"exchange": [...], "lync": [...]}``; the keywords are the module's options."""
    if not isinstance(observed, Mapping) or not observed.keys() <= {"exchange", "lync"}:
        raise AnsibleFilterError("certificate_verdict: a dictionary with the keys exchange and lync is wanted as input")
    # here, since core loads all filters of a collection in each worker that uses one of them
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ObservationError
    from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge

    try:
        return judge(
            now=now or dt.datetime.now(dt.UTC),
            exchange=observed.get("exchange", ()),
            lync=observed.get("lync", ()),
            sip_domains=[sip_domains] if isinstance(sip_domains, str) else sip_domains,
            warn_days=warn_days,
            error_days=error_days,
            minimum_key_size=minimum_key_size,
            autodiscover_names=[autodiscover_names] if isinstance(autodiscover_names, str) else autodiscover_names,
            assigning=assigning,
        )
    except (ObservationError, ShellError) as error:
        raise AnsibleFilterError(f"certificate_verdict: {error}") from error


class FilterModule:
    """What Ansible asks a filter plugin for."""

    def filters(self) -> dict[str, Callable[..., t.Any]]:
        """Return the filters by name."""
        return {"certificate_verdict": certificate_verdict}
