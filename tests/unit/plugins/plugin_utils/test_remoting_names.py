# SPDX-License-Identifier: GPL-3.0-or-later
"""What is matched by name exists under that name, and what is a code has its number."""

from __future__ import annotations

import ast
import importlib
import importlib.util
from pathlib import Path

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils import _libraries as libraries
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting import (
    framing,
    http_adapter,
    soap,
    transport_errors,
    wsman_faults,
)

OURS = {"framing": framing, "http_adapter": http_adapter, "soap": soap}
NAMES = sorted({*transport_errors.EXPLAINED, *transport_errors._TRANSPORT_ERRORS})
OPTIONAL = {"gssapi", "krb5", "kerberos"}
"""Those of Kerberos, which need a compiler: a name of theirs is only looked up where they are installed."""


def classes_in(library: str, *parts: str) -> set[str]:
    """The classes of a module, by its text."""
    package = importlib.util.find_spec(library)
    assert package is not None and package.origin is not None
    text = Path(package.origin).parent.joinpath(*parts).with_suffix(".py").read_text(encoding="utf-8")
    return {node.name for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}


@pytest.mark.parametrize("name", NAMES)
def test_every_exception_exists_in_its_library(name: str) -> None:
    module, _dot, exception = name.rpartition(".")
    if module in OURS:
        assert issubclass(getattr(OURS[module], exception), Exception)
        return
    library = module.partition(".")[0]
    if "requests_kerberos" in module:  # part of pywinrm, but not to be imported without kerberos
        assert exception in classes_in(library, *module.split(".")[1:])
        return
    if library in OPTIONAL and importlib.util.find_spec(library) is None:
        pytest.skip(f"{library} is not installed here (bindep.txt); make strangers has it")
    assert issubclass(getattr(importlib.import_module(module), exception), BaseException)


def test_every_library_that_can_be_missing_is_one() -> None:
    for name, library in vars(libraries).items():
        if isinstance(library, libraries.Library) and library.module.partition(".")[0] not in OPTIONAL:
            assert importlib.util.find_spec(library.module) is not None, name


def test_fault_codes_are_those_of_the_header() -> None:
    """wsmerror.h of the Windows SDK numbers them in facility 0x33; the decimal figures are those that clients know them by."""
    codes = {name: code for name, code in vars(wsman_faults).items() if name.startswith("ERROR_WSMAN_")}
    assert all(0x80338000 <= code < 0x80339000 for code in codes.values())
    assert len(set(codes.values())) == len(codes)
    assert codes["ERROR_WSMAN_OPERATION_TIMEDOUT"] == 2150858793
    assert codes["ERROR_WSMAN_UNEXPECTED_SELECTORS"] == 2150858843
    assert codes["ERROR_WSMAN_QUOTA_MAX_SHELLS"] == 2150859173
    assert codes["ERROR_WSMAN_REMOTESHELLS_NOT_ALLOWED"] == 2150859180


@pytest.mark.parametrize(
    "code",
    [
        wsman_faults.ERROR_WSMAN_OPERATION_TIMEDOUT,
        wsman_faults.ERROR_OPERATION_ABORTED,
        wsman_faults.RPC_S_CALL_FAILED,
        wsman_faults.E_BROKEN_PIPE,
        wsman_faults.ERROR_BUSY,
    ],
)
def test_a_fault_that_tells_of_the_operation_is_no_refusal(code: int) -> None:
    assert code not in wsman_faults.REFUSALS
