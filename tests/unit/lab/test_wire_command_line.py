# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines, as Windows reads them."""

from __future__ import annotations

import base64

import pytest

from wire import cmd
from wire.command_line import arguments, statements
from wire.winrs import PowerShellCall, powershell_call

VARIABLES = {"COMPUTERNAME": "EX01", "USERNAME": "admin", "USERDOMAIN": "LITWARE", "USERPROFILE": r"C:\Users\admin"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("", []),
        ("  a  b ", ["a", "b"]),
        ('"a b" c', ["a b", "c"]),
        (r"a\\b", [r"a\\b"]),
        (r'"a\\" b', ["a\\", "b"]),
        (r"a\"b", ['a"b']),
        (r"a\\\"b c", [r"a\"b", "c"]),
        ('a"b c"d ""', ["ab cd", ""]),
    ],
)
def test_arguments(line: str, expected: list[str]) -> None:
    assert arguments(line) == expected


def test_statements() -> None:
    assert statements('echo "a&b" && x || y & z>&2') == [("", 'echo "a&b"'), ("&&", "x"), ("||", "y"), ("&", "z>&2")]


@pytest.mark.parametrize(
    ("line", "stdout", "stderr", "code"),
    [
        ("echo %computername% %nothing%", "EX01 %nothing%\r\n", "", 0),
        ("echo.", "\r\n", "", 0),
        ("cmd.exe /c echo out&&echo err>&2&&exit 1", "out\r\n", "err\r\n", 1),
        ("exit /b 7 & echo never", "", "", 7),
        ("nope && echo never", "", "'nope' is not recognized as an internal or external command,\r\n", 1),
        ("nope || echo saved", "saved\r\n", "'nope' is not recognized as an internal or external command,\r\n", 0),
        ("whoami", "litware\\admin\r\n", "", 0),
        ("set USERN", "USERNAME=admin\r\n", "", 0),
        ("cd", "C:\\Users\\admin\r\n", "", 0),
        (r"C:\Windows\System32\hostname.exe", "EX01\r\n", "", 0),
    ],
)
def test_cmd(line: str, stdout: str, stderr: str, code: int) -> None:
    done = cmd.run(line, VARIABLES, skip_shell=False)
    assert (done.stdout, done.exit_code) == (stdout, code)
    assert done.stderr.startswith(stderr)
    assert bool(done.stderr) == bool(stderr)


def test_without_cmd_a_program_needs_its_path() -> None:
    for line in ("echo hi", "hostname"):
        with pytest.raises(cmd.NoSuchProgramError):
            cmd.run(line, VARIABLES, skip_shell=True)
    assert cmd.run(r"C:\Windows\System32\hostname.exe", VARIABLES, skip_shell=True).stdout == "EX01\r\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["-NoLogo", "-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Bypass", "-s"], PowerShellCall(server=True)),
        (["-nop", "-enc", base64.b64encode("a b".encode("utf-16-le")).decode()], PowerShellCall(script="a b")),
        (["-Command", "a", "b"], PowerShellCall(script="a b")),
        (["-c", "-"], PowerShellCall()),
        (["Write-Host", "-Object", "x"], PowerShellCall(script="Write-Host -Object x")),
        (["-Version", "2.0", "-InputFormat", "xml", "-o", "xml", "$x"], PowerShellCall(script="$x")),
        (["-NoProfile", "-BogusSwitch", "x"], PowerShellCall(script="-BogusSwitch x")),
        (["-EncodedCommand", "YQ=="], PowerShellCall(script="\ufffd")),
        (["-File", r"C:\it's\x.ps1", "-A", "b"], PowerShellCall(script=r". 'C:\it''s\x.ps1' -A b")),
        (["-f", "-"], PowerShellCall()),
        ([], PowerShellCall()),
    ],
)
def test_powershell_call(words: list[str], expected: PowerShellCall) -> None:
    assert powershell_call(words) == expected


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-EncodedCommand", "!!!"], "not properly encoded"),
        (["-e", "abc"], "not properly encoded"),
        (["-EncodedCommand"], "a missing parameter"),
        (["-NoProfile", "-Command"], "a missing parameter"),
    ],
)
def test_powershell_refuses_its_command_line(words: list[str], said: str) -> None:
    assert said in powershell_call(words).refusal
