# SPDX-License-Identifier: GPL-3.0-or-later
"""Command lines, as Windows reads them."""

from __future__ import annotations

import base64

import pytest

from wire import cmd
from wire.command_line import arguments, statements, unquoted
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
    found = statements('echo "a&b" && x || y & z>&2 ^& more > "a file" 2>>log')
    assert [(each.operator, each.text) for each in found] == [
        ("", 'echo "a&b" '),
        ("&&", "x "),
        ("||", "y "),
        ("&", "z & more  "),
    ]
    assert [(each.stream, each.target, each.appends) for each in found[-1].redirections] == [
        (1, "&2", False),
        (1, "a file", False),
        (2, "log", True),
    ]


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("echo hi", "echo hi"),
        ('"echo hi & exit /b 3"', "echo hi & exit /b 3"),
        ('"echo "a b" c"', 'echo "a b" c'),
        ('"C:\\Program Files\\x.exe"', '"C:\\Program Files\\x.exe"'),
        ('"C:\\Program Files\\x.exe" "y"', 'C:\\Program Files\\x.exe" "y'),
        ('"echo', "echo"),
    ],
)
def test_what_cmd_takes_off_a_quoted_line(rest: str, expected: str) -> None:
    """The rules that ``cmd /?`` lists."""
    assert unquoted(rest) == expected


@pytest.mark.parametrize(
    ("line", "stdout", "stderr", "code"),
    [
        ("echo %computername% %nothing%", "EX01 %nothing%\r\n", "", 0),
        ("echo.", "\r\n", "", 0),
        ("cmd.exe /c echo out&&echo err>&2&&exit 1", "out\r\n", "err\r\n", 1),
        ("exit /b 7 & echo never", "", "", 7),
        ('"echo hi & exit /b 3"', "hi \r\n", "", 3),
        ('cmd /c "echo hi & exit /b 3"', "hi \r\n", "", 3),
        ("echo hi && echo there", "hi \r\nthere\r\n", "", 0),
        ("echo x > file", "", "", 0),
        ("echo x>file& echo y>>file& type file", "x\r\ny\r\n", "", 0),
        ("nope 2>nul || echo saved", "saved\r\n", "", 0),
        ("nope >out 2>&1 & type out", "'nope' is not recognized", "", 0),
        ("echo a^&b", "a&b\r\n", "", 0),
        ("type nothing", "", "The system cannot find the file specified.\r\n", 1),
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
    assert (
        done.stdout == stdout
        if stdout.endswith("\n")
        else done.stdout.startswith(stdout) and bool(done.stdout) == bool(stdout)
    )
    assert done.exit_code == code
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
