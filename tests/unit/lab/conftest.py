# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own tests: the lab is a script with packages beside it, so its folder comes on the path as Python puts it there."""

from __future__ import annotations

import datetime
import gc
import ipaddress
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from wire_stand_ins import Lab

HERE = Path(__file__).resolve().parent
for folder in (HERE.parents[1] / "lab", HERE):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate of localhost with its key, in PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(
        now + datetime.timedelta(days=2)
    )
    signed = builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())
    form, encoding, plain = serialization.PrivateFormat.PKCS8, serialization.Encoding.PEM, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("certificate") / "localhost.pem"
    path.write_bytes(signed.public_bytes(encoding) + key.private_bytes(encoding, form, plain))
    return path


@pytest.fixture
def start_lab(tmp_path: Path, certificate: Path) -> Iterator[Callable[..., Lab]]:
    """Starts hosts with stand-ins for their neighbours."""
    from wire_stand_ins import Lab

    labs: list[Lab] = []

    def start(changes: dict[str, Any] | None = None, **options: Any) -> Lab:
        labs.append(Lab(tmp_path, certificate, changes, **options))
        return labs[-1]

    yield start
    for lab in labs:
        lab.close()
    gc.collect()  # what clients leave to it, while the test's own filter of warnings holds and not in some later test


@pytest.fixture
def lab(start_lab: Callable[..., Lab]) -> Lab:
    """A host with stand-ins for its neighbours."""
    return start_lab()
