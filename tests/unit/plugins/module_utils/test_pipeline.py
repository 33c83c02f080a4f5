# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.onprem.exchange_lync.plugins.module_utils._pipeline import Cmdlet, Pipeline, select
from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import Credential, Secret, Uri


def test_is_shown_as_an_administrator_would_type_it() -> None:
    cmdlet = Cmdlet(
        "Set-X", Identity="O'Hara", Force=True, Confirm=False, Uri=Uri("https://a/"), List=["a", 1], None_=None
    )
    # a Boolean needs its argument and a switch takes one with a colon only: this form is right for both
    said = "Set-X -Identity 'O''Hara' -Force:$true -Confirm:$false -Uri 'https://a/' -List 'a', 1 -None_ $null"
    assert str(cmdlet) == said


def test_shows_no_secret() -> None:
    cmdlet = Cmdlet(
        "Import-X",
        Password=Secret("hunter2"),
        Credential=Credential("svc", Secret("hunter2")),
        Map={"p": Secret("hunter2")},
    )
    assert "hunter2" not in str(cmdlet)
    assert "'svc'" in str(cmdlet)


def test_survives_the_socket() -> None:
    cmdlet = Cmdlet("Get-X").with_parameters(name="a parameter called name", Uri=Uri("https://a/"))
    pipeline = Pipeline((cmdlet, select("Name")), write=True)
    assert Pipeline.decoded(json.loads(json.dumps(pipeline.encoded()))) == pipeline
    assert pipeline.subject == "Get-X"
