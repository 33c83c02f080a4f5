# Copyright (c) 2026, the onprem.exchange_lync contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules that run any cmdlet have in common."""

    DOCUMENTATION = r"""
options:
  cmdlet:
    description: The cmdlet's name. One cmdlet, no script text and no pipeline.
    type: str
    required: true
  parameters:
    description:
      - The cmdlet's parameters by name, without hyphens. A switch is given as V(true).
      - Text, numbers, booleans, lists and V(null) are sent as what they are in YAML. The cmdlet converts text where its parameter has
        another type, as on a command line; where the conversion depends on the server's language (dates) or must not be left to
        it, give the type with a dictionary of one key.
      - >-
        V({uri: TEXT}) is a System.Uri; V({guid: TEXT}) a System.Guid; V({datetime: TEXT}) a System.DateTime, given in ISO 8601 with a
        time zone; V({timespan: SECONDS}) a System.TimeSpan; V({bytes: BASE64}) a System.Byte array; V({hashtable: {…}}) a hashtable
        whose keys could be taken for one of these types.
      - >-
        Any other dictionary is a hashtable, for example V({Add: [a.example], Remove: [b.example]}) for a multi-valued property.
      - An empty C(Identity) is refused, as the products take it for all objects. C(ErrorAction) is always C(Stop).
      - A cmdlet that asks for confirmation gets no answer and fails; give V(Confirm=false) where it does.
    type: dict
    default: {}
  secret_parameters:
    description:
      - Parameters whose values are secret, by name. They are never shown, at no depth, nor written to a file.
      - >-
        Text is sent as a System.Security.SecureString; V({text: TEXT}) as a System.String, for cmdlets that take a password so;
        V({credential: {user: TEXT, password: TEXT}}) as a System.Management.Automation.PSCredential.
    type: dict
    default: {}
  select:
    description:
      - The properties to return of each object. The server leaves out all others, so that whole product objects do not travel.
      - V(*) names all of them.
      - Required for cmdlets with the verb C(Get). If not given, the objects of other cmdlets are returned as they come.
    type: list
    elements: str
  depth:
    description:
      - How many levels of objects are returned as dictionaries. Deeper objects are returned as text.
    type: int
    choices: [1, 2, 3, 4, 5]
    default: 2
  changes:
    description:
      - Whether the cmdlet changes something. One that does is not run in check mode, and the task is reported as changed.
      - V(auto) decides by the name. The verbs C(Compare), C(Find), C(Get), C(Measure) and C(Resolve) read, as do
        C(Test-CsCertificateConfiguration), C(Test-CsReplica), C(Test-OAuthConnectivity), C(Test-ReplicationHealth) and
        C(Test-ServiceHealth), and any cmdlet with C(WhatIf=true). All others count as changes, other tests among them, because many
        are synthetic transactions that send messages or write to a mailbox, such as C(Test-CsExStorageConnectivity).
        C(Get-ExchangeDiagnosticInfo) with C(Argument) counts as a change, because an argument may make the component act.
      - V(always) counts it as a change, whatever its name.
      - V(never) says that it changes nothing, so it also runs in check mode. It is refused for cmdlets that are known to change
        something.
    type: str
    choices: [auto, always, never]
    default: auto
attributes:
  check_mode:
    support: full
    details:
      - A cmdlet that only reads runs. One that changes something does not; the module only checks that the shell offers it.
  diff_mode:
    support: none
    details: [The module does not know what a cmdlet changes.]
  idempotent:
    support: none
    details: [A cmdlet that changes something is run each time.]
notes:
  - Prefer the module for a resource where there is one. It compares before it writes.
"""
