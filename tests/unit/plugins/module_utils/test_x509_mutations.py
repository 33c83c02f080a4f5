# SPDX-License-Identifier: GPL-3.0-or-later
"""Damaged certificates: none raises anything, none takes long, and what is not known is told.

EXCHANGE_LYNC_MUTATIONS sets how many are tried, EXCHANGE_LYNC_SEED another seed:

    EXCHANGE_LYNC_MUTATIONS=20000 .venv/bin/python -m pytest tests/unit/plugins/module_utils/test_x509_mutations.py

Keys are new in every run, so a seed repeats what is done to the certificates, not each octet; a failure shows the octets.
"""

from __future__ import annotations

import json
import os
import random
import time
import typing as t
from collections.abc import Callable, Iterator

import pytest

from ansible_collections.onprem.exchange_lync.plugins.module_utils._x509.certificate_facts import MAXIMUM_SIZE, describe
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils import der_writer as der
from ansible_collections.onprem.exchange_lync.tests.unit.plugins.module_utils.odd_certificates import ODD_CERTIFICATES

COUNT = int(os.environ.get("EXCHANGE_LYNC_MUTATIONS", "500"))
SEED = int(os.environ.get("EXCHANGE_LYNC_SEED", "7"))

HANGS = 10.0
"""Seconds of the processor that no certificate may take. The slowest one made here takes about one."""


def find_lengths(data: bytes, begin: int = 0, end: int | None = None) -> Iterator[int]:
    """Where the lengths of the elements are, as far as the encoding is whole; also inside octet strings, as in extensions."""
    end = len(data) if end is None else end
    while begin + 1 < end:
        octet, length, content = data[begin], data[begin + 1], begin + 2
        if length >= 0x80:
            content += length & 0x7F
            length = int.from_bytes(data[begin + 2 : content], "big")
        if content + length > end:
            return
        yield begin + 1
        if octet & 0x20 or octet == der.OCTET_STRING:
            yield from find_lengths(data, content, content + length)
        begin = content + length


def flip(data: bytearray, rng: random.Random) -> None:
    for _flip in range(rng.randint(1, 4)):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def cut(data: bytearray, rng: random.Random) -> None:
    del data[rng.randrange(len(data)) :]


def change_length(data: bytearray, rng: random.Random) -> None:
    place = rng.choice(list(find_lengths(bytes(data))))
    near = [(data[place] + step) % 256 for step in (-2, -1, 1, 2)]
    data[place] = rng.choice([0, 1, 0x7F, 0x80, 0x81, 0x82, 0x84, 0x88, 0xFF, *near])


def change_tag(data: bytearray, rng: random.Random) -> None:
    data[rng.choice(list(find_lengths(bytes(data)))) - 1] = rng.randrange(256)


def move(data: bytearray, rng: random.Random) -> None:
    begin, end = sorted(rng.sample(range(len(data)), 2))
    data[(place := rng.randrange(len(data))) : place] = data[begin : min(end, begin + 40)]


MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (flip, cut, change_length, change_tag, move)


def mutate(seeds: list[bytes], rng: random.Random) -> bytes:
    data = bytearray(rng.choice(seeds))
    rng.choice(MUTATIONS)(data, rng)
    return bytes(data)


def look_for_faults(facts: dict[str, t.Any]) -> list[str]:
    """What must not be: a fact that is missing and is no problem, or text that cannot be handed on."""
    json.dumps(facts, ensure_ascii=False).encode()
    known = ("subject", "issuer", "serial_number", "not_before", "not_after", "key_type", "is_ca", "self_signed")
    silent = [] if facts["problems"] else [name for name in known if facts[name] is None]
    return silent + [line for line in facts["problems"] + facts["remarks"] if not line.isprintable() or len(line) > 250]


def test_damaged_certificates_are_described(record_property: Callable[[str, object], None]) -> None:
    rng = random.Random(SEED)
    seeds = [odd.make() for odd in ODD_CERTIFICATES.values()]
    slowest, read, faults = 0.0, 0, []
    for _attempt in range(COUNT):
        data = mutate(seeds, rng)
        begun = time.process_time()
        facts: dict[str, t.Any] = {**describe(data)}
        slowest = max(slowest, time.process_time() - begun)
        read += facts["subject"] is not None
        faults += [(data.hex(), fault) for fault in look_for_faults(facts)]
    record_property(
        "agreement", f"seed {SEED}: {COUNT} damaged certificates, subject read of {read}, slowest {slowest:.3f} s"
    )
    assert faults == []
    assert read > COUNT / 4
    assert slowest < HANGS


def fill(element: bytes, around: int = 2000) -> bytes:
    """So many of an element that a certificate has the greatest size."""
    return element * ((MAXIMUM_SIZE - around) // len(element))


@pytest.mark.parametrize(
    "changes",
    [
        {"extensions": [der.alternative_names(fill(b"\x82\x00")), der.extension(der.POLICIES, b"\x01")]},
        {"extensions": [der.sequence()] * ((MAXIMUM_SIZE - 2000) // 2)},
        {"subject": der.sequence(fill(der.tlv(der.SET, der.attribute(der.COMMON_NAME, b"*", der.PRINTABLE))))},
        {"subject": der.sequence(der.tlv(der.SET, der.sequence(der.tlv(der.OID, fill(b"\x81")))))},
        {"serial": der.tlv(der.INTEGER, fill(b"\xff"))},
        {"not_before": der.tlv(der.UTC_TIME, fill(b"2"))},
        {
            "key": der.sequence(
                der.algorithm(der.RSA_KEY), der.bits(der.sequence(der.tlv(2, fill(b"\x7f")), der.integer(3)))
            )
        },
        {"version": der.explicit(0, der.integer(1)), "unique_ids": fill(b"\xa1\x80")},
        {"version": fill(b"\xa0\x82\xff\xff")},
    ],
)
def test_a_certificate_that_is_made_to_take_time_does_not(changes: dict[str, t.Any]) -> None:
    begun = time.process_time()
    facts = describe(der.certificate(**changes))
    assert facts["thumbprint"]
    assert len(facts["problems"] + facts["remarks"]) < 30
    assert time.process_time() - begun < HANGS
