# SPDX-License-Identifier: GPL-3.0-or-later
"""Every object that was captured from real Exchange servers (CSS-Exchange's, MIT), decoded and compared value by value.

The comparison reads the XML by itself, so that a mistake of the decoder is not on both sides.
"""

from __future__ import annotations

import base64
import collections
import datetime as dt
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cryptography import x509
from psrpcore.types import PSCryptoProvider, deserialize_clixml

from ansible_collections.onprem.exchange_lync.plugins.module_utils._values import RemoteObject, Uri
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.carrier import Deadline
from ansible_collections.onprem.exchange_lync.plugins.plugin_utils._remoting.clixml_values import Budget, Decoder

OBJECTS = 33
VALUES = 2109
PRIMITIVES: dict[str, tuple[type, t.Callable[[str], t.Any]]] = {
    "B": (bool, lambda text: text == "true"),
    "BA": (bytes, base64.b64decode),
    "By": (int, int),
    "Db": (float, float),
    "DT": (dt.datetime, lambda text: dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d", r"\1", text))),
    "G": (uuid.UUID, uuid.UUID),
    "I32": (int, int),
    "I64": (int, int),
    "URI": (Uri, Uri),
}


def unescaped(text: str) -> str:
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda match: chr(int(match[1], 16)), text)


class Comparison:
    """Walks the XML beside the decoded values."""

    def __init__(self) -> None:
        self.kinds: collections.Counter[str] = collections.Counter()
        self.differences: list[str] = []

    def compare(self, element: ET.Element, value: t.Any, path: str) -> None:
        tag, text = element.tag, element.text or ""
        self.kinds[tag] += 1
        if tag == "Nil":
            self._expect(path, value is None)
        elif tag == "S":
            self._expect(path, value.__class__ is str and value == unescaped(text))
        elif tag in PRIMITIVES:
            kind, read = PRIMITIVES[tag]
            self._expect(path, value.__class__ is kind and value == read(text))
        elif tag == "Obj":
            self._compare_object(element, value, path)
        else:
            self._expect(path, tag == "Ref")

    def _compare_object(self, element: ET.Element, value: t.Any, path: str) -> None:
        items = next(
            (child for tag in ("LST", "IE", "STK") for child in element.iter(tag) if child in list(element)), None
        )
        properties = [item for part in ("Props", "MS") for found in element.findall(part) for item in found]
        if items is not None:
            kept = value if isinstance(value, list) else list(value.items)
            self._expect(path, len(kept) == len(items))
            for index, (item, decoded) in enumerate(zip(items, kept, strict=True)):
                self.compare(item, decoded, f"{path}[{index}]")
        if not properties and items is not None:
            return
        if not isinstance(value, RemoteObject):
            self.differences.append(f"{path}: {type(value).__name__}")
            return
        said = element.find("ToString")
        self._expect(f"{path}.text", said is None or value.text == unescaped(said.text or ""))
        names = [name.text for name in element.findall("TN/T")]
        self._expect(f"{path}.type_names", not names or list(value.type_names) == names)
        number = element.find("I32")
        self._expect(f"{path}.value", number is None or value.value == int(number.text or ""))
        for item in properties:
            name = unescaped(item.attrib["N"])
            self.compare(item, value[name], f"{path}.{name}")

    def _expect(self, path: str, same: bool) -> None:
        if not same:
            self.differences.append(path)


def decoded(file: Path) -> list[t.Any]:
    objects = deserialize_clixml(file.read_text(encoding="utf-8-sig"), PSCryptoProvider())
    decoder = Decoder(Budget(1_000_000, 100_000_000, Deadline(None)))
    return [decoder.decode(item) for item in objects]


def tree(file: Path) -> ET.Element:
    return ET.fromstring(re.sub(r' xmlns="[^"]*"', "", file.read_text(encoding="utf-8-sig")))


def test_every_property(shared: Path, record_property: t.Any) -> None:
    comparison, count = Comparison(), 0
    for file in sorted((shared / "fixtures" / "clixml").glob("*.xml")):
        for index, (element, value) in enumerate(zip(tree(file), decoded(file), strict=True)):
            count += 1
            comparison.compare(element, value, f"{file.stem}[{index}]")
    kinds = ", ".join(f"{number} {kind}" for kind, number in comparison.kinds.most_common())
    agreement = f"{count} objects, {comparison.kinds.total() - len(comparison.differences)} of {comparison.kinds.total()} values"
    record_property("agreement", f"captured Exchange objects: {agreement} ({kinds})")
    assert comparison.differences == []
    assert (count, comparison.kinds.total()) == (OBJECTS, VALUES)


def test_what_the_modules_read(shared: Path) -> None:
    folder = shared / "fixtures" / "clixml"
    configuration = decoded(folder / "E19-GetAuthConfig.xml")[0]
    assert re.fullmatch(r"[0-9A-F]{40}", configuration["CurrentCertificateThumbprint"])
    assert configuration["NextCertificateThumbprint"] == ""
    assert configuration["NextCertificateEffectiveDate"] is None
    assert configuration["WhenChangedUTC"].utcoffset() == dt.timedelta(0)
    assert configuration["WhenChanged"] == configuration["WhenChangedUTC"]
    assert isinstance(configuration["Guid"], uuid.UUID)
    services = decoded(folder / "E19-GetWebServicesVirtualDirectory.xml")[0]
    assert isinstance(services["InternalUrl"], Uri) and services["InternalUrl"].startswith("https://")
    assert services["OAuthAuthentication"] is True
    applications = decoded(folder / "E19-GetPartnerApplication.xml")
    assert {str(item["AccountType"]) for item in applications} == {"OrganizationalAccount"}
    assert all(isinstance(item["CertificateStrings"], list) for item in applications)
    server = decoded(folder / "E19-GetExchangeServer.xml")[0]
    assert str(server["AdminDisplayVersion"]).startswith("Version 15.2")
    assert server["Site"].type_names[0] == "Microsoft.Exchange.Data.Directory.ADObjectId"


@pytest.mark.parametrize("name", ["E16-GetExchangeCertificate", "E19-GetExchangeCertificate"])
def test_certificates_come_as_raw_data(shared: Path, name: str) -> None:
    for item in decoded(shared / "fixtures" / "clixml" / f"{name}.xml"):
        assert x509.load_der_x509_certificate(item["RawData"]).version is x509.Version.v3
