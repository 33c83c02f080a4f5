# SPDX-License-Identifier: GPL-3.0-or-later
"""What OpenSSL shows of odd certificates is what we say of them."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import subprocess

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._kinds import instant
from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import describe
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.odd_certificates import ODD_CERTIFICATES

SHOW = "openssl x509 -inform DER -noout -text -nameopt RFC2253,utf8,-esc_msb -certopt no_pubkey,no_sigdump"

# OpenSSL does not load these at all; we read what can be read of them.
REFUSED = {
    "a subject that is damaged",
    "a serial number with needless zeros",
    "an empty serial number",
    "a fourth element",
    "an extension that is garbage",
    "basic constraints without an identifier",
    "a time that is a number",
}

# It shows the alternative names of these as a dump of octets.
DUMPED = {"a DNS name with a null", "alternative names that are garbage"}


@pytest.fixture(scope="session")
def openssl() -> str:
    """The openssl command, if it is OpenSSL's own and one whose output this test knows."""
    if not shutil.which("openssl"):
        pytest.skip("there is no openssl command")
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("OpenSSL 3."):
        pytest.skip(f"the openssl command is {version.strip()}, not OpenSSL 3")
    return version


def show(raw_data: bytes) -> str | None:
    """OpenSSL's text. Octets that are not UTF-8 are taken for Latin-1, as OpenSSL itself does in names."""
    answer = subprocess.run(SHOW.split(), input=raw_data, capture_output=True, check=False)
    if answer.returncode:
        return None
    return "\n".join(decode(line) for line in answer.stdout.split(b"\n"))


def decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def find_time(text: str, label: str) -> str | None:
    shown = re.search(rf"{label} ?: (.+)", text)
    assert shown
    if shown[1] == "Bad time value":
        return None
    moment = dt.datetime.strptime(re.sub(r"\.\d+", "", shown[1]), "%b %d %H:%M:%S %Y GMT")
    return instant(moment.replace(tzinfo=dt.UTC))


def find_dns_names(text: str) -> list[str]:
    """Those of the first such extension, which is the one that counts."""
    shown = re.search(r"Subject Alternative Name:[^\n]*\n +(.*)", text)
    return re.findall(r"DNS:([^,]+)", shown[1]) if shown else []


def find_subject(text: str) -> list[str]:
    """The attributes, sorted, since OpenSSL turns those of one relative name round."""
    shown = re.search(r"Subject: ?(.*)", text)
    assert shown
    return sorted(re.split("[,+]", shown[1]))


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize("name", sorted(ODD_CERTIFICATES.keys() - REFUSED))
def test_openssl_shows_what_we_say(name: str) -> None:
    raw_data = ODD_CERTIFICATES[name].make()
    facts, text = describe(raw_data), show(raw_data)
    assert text is not None
    assert find_subject(text) == sorted(re.split("[,+]", str(facts["subject"])))
    assert (find_time(text, "Not Before"), find_time(text, "Not After")) == (facts["not_before"], facts["not_after"])
    if name not in DUMPED:
        assert find_dns_names(text) == facts["dns_names"]


@pytest.mark.usefixtures("openssl")
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_openssl_refuses_what_we_think_it_refuses(name: str) -> None:
    assert show(ODD_CERTIFICATES[name].make()) is None
