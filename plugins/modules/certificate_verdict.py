#!/usr/bin/python

# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_verdict
short_description: Judge the certificates that Exchange and Lync trust each other by
version_added: 0.1.0
author:
  - The onprem.exchange_lync contributors (@onprem)
description:
  - Judges the OAuthTokenIssuer certificate of Lync Server or Skype for Business Server and the Exchange Auth
    certificate, on all hosts together, from what M(onprem.exchange_lync.exchange_certificate_info) and
    M(onprem.exchange_lync.lync_certificate_info) returned. If asked, looks for the Autodiscover names in the certificates of Exchange's web
    site as well.
  - All findings are returned at once, each with its rule, severity, host, evidence and remedy.
  - Opens no remote session and looks at nothing but its input. The filter
    P(onprem.exchange_lync.certificate_verdict#filter) is the same judgement inside an expression.
options:
  exchange:
    description:
      - What M(onprem.exchange_lync.exchange_certificate_info) returned, one result or more.
      - Each is a dictionary with C(servers), a list of dictionaries with C(host), C(certificates) and C(error), and
        C(auth_config), a dictionary with C(current_certificate_thumbprint), C(next_certificate_thumbprint) and
        C(next_certificate_effective_date). Of a certificate, C(raw_data), C(has_private_key) and C(services) are looked
        at; all else is decoded from C(raw_data). Other keys are ignored.
      - The result of a task that failed, under C(ignore_errors), counts as a host that was not read (C(host_not_read)).
      - AuthConfig belongs to the organisation. A result without C(auth_config) is judged by that of the first that
        has one.
    type: list
    elements: dict
    default: []
  lync:
    description:
      - What M(onprem.exchange_lync.lync_certificate_info) returned, one result for each front end.
      - Each is a dictionary with C(host), C(assigned), C(store) and C(error). C(assigned) is a list of dictionaries
        with C(use), C(thumbprint), C(previous_thumbprint), C(scope) and C(effective_date); C(store) is a list of
        certificates as in O(exchange). The result of a task that failed counts as there.
    type: list
    elements: dict
    default: []
  sip_domains:
    description:
      - The SIP domains, the default one first. Needed when O(lync) is given.
      - The subject (a CN) of the OAuthTokenIssuer certificate has to be the default SIP domain or a name below it. A
        certificate that has it only among its alternative names gets a warning. Further SIP domains may be in either
        place.
      - Names are compared without regard to case, trailing dots and the form of internationalised labels. A wildcard stands for one label.
    type: list
    elements: str
    default: []
  now:
    description:
      - The moment to judge at, in ISO 8601, for example V(2026-08-01T12:00:00Z). UTC if it names no time zone.
      - The controller's clock, if not given.
    type: str
  warn_days:
    description:
      - Fewer whole days left than this are a warning.
      - The default is where Microsoft's HealthChecker turns yellow and MonitorExchangeAuthCertificate stages a
        successor.
      - It is information only, no warning, if a successor is staged in time that lasts longer.
    type: int
    default: 60
  error_days:
    description:
      - Fewer whole days left than this are an error.
      - By default a certificate that is still valid is no error. HealthChecker turns red at V(30).
    type: int
    default: 0
  minimum_key_size:
    description: The bits that an RSA key must have at least.
    type: int
    default: 2048
  autodiscover_names:
    description:
      - The host names that clients and Lync are sent to for Autodiscover, for example V(autodiscover.litwareinc.com).
      - Each Exchange server in O(exchange) should have a valid certificate that is assigned to IIS and carries each name. Where C(services)
        of a certificate is null, it is taken to be assigned.
      - They are not looked for, if not given.
    type: list
    elements: str
    default: []
  assigning:
    description:
      - The thumbprint of a certificate, in the store of one of the front ends at least, that is going to be assigned as OAuthTokenIssuer.
      - The front ends are judged as if it had been assigned and deployed already. If none of them has it, they are not judged.
    type: str
  fail_on:
    description:
      - Fail if there is a finding of this severity or a graver one. The verdict is returned all the same.
    type: str
    choices: [error, warning, never]
    default: error
extends_documentation_fragment:
  - onprem.exchange_lync._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: [Nothing is changed.]
  idempotent:
    support: full
  platform:
    platforms: all
    details: [The module runs on the controller and asks no host.]
requirements:
  - cryptography
notes:
  - A wildcard subject such as C(*.litwareinc.com) carries the SIP domain, but gets a warning, as Lync supports no
    wildcard as the subject of any role.
seealso:
  - plugin: onprem.exchange_lync.certificate_verdict
    plugin_type: filter
    description: The same judgement as a filter.
  - module: onprem.exchange_lync.exchange_certificate_info
  - module: onprem.exchange_lync.lync_certificate_info
"""

EXAMPLES = r"""
- name: Judge the certificates of both farms together
  hosts: exchange_servers:lync_servers
  gather_facts: false
  tasks:
    - name: Read the certificates of each Exchange server
      onprem.exchange_lync.exchange_certificate_info:
      register: certificates_exchange
      when: inventory_hostname in groups['exchange_servers']

    - name: Read the certificates of each front end
      onprem.exchange_lync.lync_certificate_info:
      register: certificates_lync
      when: inventory_hostname in groups['lync_servers']

    - name: Judge them, and stop at a problem
      onprem.exchange_lync.certificate_verdict:
        exchange: "{{ groups['exchange_servers'] | map('extract', hostvars, 'certificates_exchange') }}"
        lync: "{{ groups['lync_servers'] | map('extract', hostvars, 'certificates_lync') }}"
        sip_domains: [litwareinc.com]
        autodiscover_names: [autodiscover.litwareinc.com]
        fail_on: warning
      run_once: true

    - name: Would everything still be right in half a year?
      onprem.exchange_lync.certificate_verdict:
        lync: "{{ groups['lync_servers'] | map('extract', hostvars, 'certificates_lync') }}"
        sip_domains: [litwareinc.com, contoso.com]
        now: "{{ '%Y-%m-%dT%H:%M:%SZ' | strftime(now(utc=true).timestamp() + 182 * 86400, utc=true) }}"
        fail_on: never
      register: in_half_a_year
      run_once: true
"""

RETURN = r"""
verdict:
  description: The verdict. Also returned when the module fails because of it.
  returned: success, and failure because of findings
  type: dict
  contains:
    ok:
      description: Whether there is no finding of severity V(error).
      type: bool
      returned: always
    now:
      description: The moment that was judged at.
      type: str
      returned: always
      sample: '2026-08-01T12:00:00Z'
    days_left:
      description: Whole days that the first of the certificates in use is still valid; negative once it has expired.
      type: int
      returned: always, null if none was found
    summary:
      description: The number of findings of each severity.
      type: dict
      returned: always
      sample: {error: 0, warning: 1, info: 0}
    findings:
      description: All findings, the gravest first, then by host and rule.
      type: list
      elements: dict
      returned: always
      contains:
        rule:
          description:
            - The rule that is broken.
            - 'Any certificate: V(host_not_read), V(certificate_missing), V(certificate_unreadable),
              V(private_key_missing), V(private_key_unknown), V(key_type), V(key_size), V(not_yet_valid), V(expired),
              V(expires_soon), V(rollover_too_late), V(server_authentication), V(digital_signature),
              V(signature_hash).'
            - 'OAuthTokenIssuer: V(token_issuer_unassigned), V(token_issuer_differs), V(token_issuer_scope),
              V(sip_domain_missing), V(sip_domain_not_in_subject), V(wildcard_subject).'
            - 'Exchange Auth certificate: V(auth_certificate_unassigned), V(auth_configuration_differs),
              V(auth_certificate_subject), V(auth_next_overdue).'
            - 'The web site of Exchange: V(autodiscover_name_missing).'
          type: str
          returned: always
        severity:
          description: V(error), V(warning) or V(info).
          type: str
          returned: always
        host:
          description: The host on which the rule is broken.
          type: str
          returned: always
        use:
          description: V(OAuthTokenIssuer), V(OAuthTokenIssuerStaged), V(ExchangeAuth), V(ExchangeAuthNext) or V(ExchangeIIS).
          type: str
          returned: always
        thumbprint:
          description: The certificate's thumbprint; empty if no certificate is concerned.
          type: str
          returned: always
        evidence:
          description: What was seen.
          type: str
          returned: always
        remedy:
          description: What to do.
          type: str
          returned: always
    certificates:
      description: The certificates that were found and judged, each once for each use.
      type: list
      elements: dict
      returned: always
      contains:
        use:
          description: As in the findings.
          type: str
          returned: always
        thumbprint:
          description: The certificate's thumbprint.
          type: str
          returned: always
        subject:
          description: The certificate's subject.
          type: str
          returned: always
        not_after:
          description: The end of its validity.
          type: str
          returned: always
        days_left:
          description: The whole days until then.
          type: int
          returned: always
        hosts:
          description: The hosts that have it.
          type: list
          elements: str
          returned: always
error:
  description:
    - What went wrong, in fields. C(kind) is what a task can decide by, C(message) and C(remedy) are for people.
    - C(host), C(shell), C(cmdlet), C(error_id) and C(category) say where, as far as that is known.
  returned: failure
  type: dict
"""

import datetime as dt

from ansible_collections.onprem.exchange_lync.plugins.module_utils._call import Call, ModuleSpec, Result, run_module
from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.observed import ObservationError
from ansible_collections.onprem.exchange_lync.plugins.module_utils._verdict.verdict import judge, sentence

SPEC = ModuleSpec(
    argument_spec={
        "exchange": {"type": "list", "elements": "dict", "default": []},
        "lync": {"type": "list", "elements": "dict", "default": []},
        "sip_domains": {"type": "list", "elements": "str", "default": []},
        "now": {"type": "str"},
        "warn_days": {"type": "int", "default": 60},
        "error_days": {"type": "int", "default": 0},
        "minimum_key_size": {"type": "int", "default": 2048},
        "autodiscover_names": {"type": "list", "elements": "str", "default": []},
        "assigning": {"type": "str"},
        "fail_on": {"type": "str", "choices": ["error", "warning", "never"], "default": "error"},
    },
)

_FATAL = {"error": ("error",), "warning": ("error", "warning"), "never": ()}


def run(call: Call) -> Result:
    """Judge, and fail where the verdict is graver than the task allows."""
    asked = dict(call.params)
    fatal = _FATAL[asked.pop("fail_on")]
    try:
        verdict = judge(**{**asked, "now": asked["now"] or dt.datetime.now(dt.UTC)})
    except ObservationError as error:
        raise ShellError("bad_input", str(error)) from error
    if any(verdict["summary"][severity] for severity in fatal):
        raise ShellError("certificate", sentence(verdict, fatal), result={"verdict": verdict})
    return {"changed": False, "verdict": verdict}


def main() -> None:
    """Run in a process of its own."""
    run_module(SPEC, run)


if __name__ == "__main__":
    main()
