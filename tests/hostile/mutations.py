# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes something wrong out of something right, by a seed: bytes, texts of XML, HTTP heads and DER.

A change of single bytes is mostly refused by the first reader that sees it. So the formats have changes of their own, which leave
the rest right: an element more or less, a number at its border, a length that fits what it encloses.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

_NUMBERS = (0, 1, -1, 127, 128, 255, 256, 2**15, 2**31 - 1, 2**31, -(2**31) - 1, 2**32, 2**63, 2**64, 10**30, -(10**30))
_TEXTS = (
    b"", b" ", b"\n", b"\r\n", b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xc3", b"NaN", b"-INF", b"1e400", b"0x7f", b"P1Y", b"PT",
    b"_x0000_", b"_xD800_", b"_x", b"&amp;", b"&#0;", b"&#x1F4A9;", b"&lt;", b"&unknown;", b"<![CDATA[x]]>", b"<!-- x -->",
    b"<!DOCTYPE a>", b"<?x y?>", "\u202e\u0661\u2028".encode(), b"\x1b[2J", b"true", b"TRUE", b"ff" * 40, b"=" * 40,
)  # fmt: skip
_TAGS = (
    b"S", b"I32", b"I64", b"U64", b"By", b"D", b"Db", b"Sg", b"B", b"DT", b"TS", b"BA", b"G", b"URI", b"Nil", b"Version", b"XD", b"SBK",
    b"SS", b"C", b"Obj", b"Ref", b"TN", b"TNRef", b"T", b"ToString", b"MS", b"Props", b"LST", b"IE", b"QUE", b"STK", b"DCT", b"En", b"PR",
)  # fmt: skip
_ELEMENT = re.compile(rb"<([A-Za-z:_][\w:.-]*)([^<>]*?)(/?)>")
_NUMBER = re.compile(rb"-?\d+")
_ATTRIBUTE = re.compile(rb"""\s[\w:]+=(?:"[^"]*"|'[^']*')""")
LONGEST = 400_000

Change = Callable[[random.Random, bytes], bytes]


def mutate(chance: random.Random, data: bytes, changes: Sequence[Change]) -> bytes:
    """``data`` after one to four changes."""
    for _time in range(chance.choice((1, 1, 1, 1, 2, 2, 3, 4))):
        data = chance.choice(changes)(chance, data)[:LONGEST]
    return data


# Bytes


def flip_bytes(chance: random.Random, data: bytes) -> bytes:
    """Other bytes at a few places."""
    changed = bytearray(data)
    for _time in range(chance.randint(1, 4) if data else 0):
        changed[chance.randrange(len(changed))] = chance.choice(
            (0, 10, 13, 32, 34, 38, 60, 62, 127, 128, 255, chance.randrange(256))
        )
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """Only the beginning."""
    return data[: chance.randrange(len(data) + 1)]


def drop(chance: random.Random, data: bytes) -> bytes:
    """Without a part."""
    start, end = _range(chance, data)
    return data[:start] + data[end:]


def repeat(chance: random.Random, data: bytes) -> bytes:
    """A part again and again."""
    start, end = _range(chance, data)
    return data[:start] + data[start:end] * chance.choice((2, 3, 10, 200)) + data[end:]


def insert(chance: random.Random, data: bytes) -> bytes:
    """With what does not belong there."""
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.choice(_TEXTS) + data[at:]


def _range(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data) + 1)
    return start, min(len(data), start + chance.choice((1, 2, 4, 8, 64, 512)))


# XML


def rename_element(chance: random.Random, data: bytes) -> bytes:
    """An element of another name, its end with it where there is one."""
    found = _choose(chance, _ELEMENT, data)
    if found is None:
        return data
    name = chance.choice(_TAGS)
    rest = data[found.end() :]
    if not found[3]:
        rest = rest.replace(b"</" + found[1] + b">", b"</" + name + b">", 1)
    return data[: found.start()] + b"<" + name + found[2] + found[3] + b">" + rest


def change_number(chance: random.Random, data: bytes) -> bytes:
    """A number at some border."""
    return _replace(chance, _NUMBER, data, str(chance.choice(_NUMBERS)).encode())


def change_text(chance: random.Random, data: bytes) -> bytes:
    """Another content of an element."""
    found = _choose(chance, re.compile(rb">[^<]+<"), data)
    return data if found is None else data[: found.start() + 1] + chance.choice(_TEXTS) + data[found.end() - 1 :]


def drop_attribute(chance: random.Random, data: bytes) -> bytes:
    """One attribute less."""
    return _replace(chance, _ATTRIBUTE, data, b"")


def double_attribute(chance: random.Random, data: bytes) -> bytes:
    """The attributes of one element at another."""
    source, target = _choose(chance, _ATTRIBUTE, data), _choose(chance, _ELEMENT, data)
    if source is None or target is None:
        return data
    at = target.start() + 1 + len(target[1])
    return data[:at] + source[0] + data[at:]


def move_element(chance: random.Random, data: bytes) -> bytes:
    """An element, with all it holds, at a second place."""
    found, target = _choose(chance, _ELEMENT, data), _choose(chance, _ELEMENT, data)
    if found is None or target is None:
        return data
    closing = b"</" + found[1] + b">"
    end = data.find(closing, found.end())
    whole = found[0] if found[3] or end < 0 else data[found.start() : end + len(closing)]
    return data[: target.start()] + whole * chance.choice((1, 1, 5, 100)) + data[target.start() :]


def nest(chance: random.Random, data: bytes) -> bytes:
    """An element deep inside others."""
    found = _choose(chance, _ELEMENT, data)
    depth, name = chance.choice((1, 10, 60, 2000)), chance.choice(_TAGS)
    if found is None or not found[3]:
        return data
    inside = b"<" + name + b">"
    return data[: found.start()] + inside * depth + found[0] + inside.replace(b"<", b"</") * depth + data[found.end() :]


# HTTP heads

_HEADERS = (
    b"Content-Length: 10", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Content-Length: 1, 2", b"Content-Length: x",
    b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Encoding: gzip", b"Content-Encoding: identity",
    b"Location: http://elsewhere.example/", b"Location: http://[", b"Location: //a@b:c", b"Connection: upgrade", b"Upgrade: h2c",
    b"Content-Type: multipart/encrypted;protocol=\"application/HTTP-SPNEGO-session-encrypted\";boundary=\"Encrypted Boundary\"",
    b"Content-Type: text/html; charset=utf-7", b"Set-Cookie: a=b; Domain=..", b"WWW-Authenticate: Negotiate",
    b"Server: Microsoft-HTTPAPI/2.0",
    b"WWW-Authenticate: Basic realm=\"" + b"x" * 3000 + b"\"", b": nothing", b"no colon", b" folded", b"X-Long: " + b"y" * 70_000, b"",
    b"\x1b[31mred: 1", "X-\u0661: \u202e".encode(),
)  # fmt: skip
_STATUS = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK", b"HTTP/1.1 204 No Content", b"HTTP/1.1 206 Partial Content", b"HTTP/1.1 301 Moved",
    b"HTTP/1.1 304 Not Modified", b"HTTP/1.1 400 Bad Request", b"HTTP/1.1 401 Unauthorized", b"HTTP/1.1 403 Forbidden",
    b"HTTP/1.1 407 Proxy",
    b"HTTP/1.1 413 Large", b"HTTP/1.1 500 Error", b"HTTP/1.1 503 Unavailable", b"HTTP/1.1 999 \x1b[2J", b"HTTP/1.1 99 Low",
    b"HTTP/1.1 -1 Low",
    b"HTTP/1.1 1000 High", b"HTTP/1.1 2e2 OK", b"HTTP/0.9 200 OK", b"HTTP/2 200", b"HTTP/1.1", b"ICY 200 OK", b"SSH-2.0-x", b"", b"200 OK",
    b"HTTP/1.1 200 " + b"z" * 70_000,
)  # fmt: skip


def change_status(chance: random.Random, data: bytes) -> bytes:
    """Another status line."""
    return chance.choice(_STATUS) + b"\r\n" + data.partition(b"\r\n")[2]


def add_header(chance: random.Random, data: bytes) -> bytes:
    """A header more, or many."""
    first, line_end, rest = data.partition(b"\r\n")
    return first + line_end + (chance.choice(_HEADERS) + b"\r\n") * chance.choice((1, 1, 1, 2, 150)) + rest


def change_header(chance: random.Random, data: bytes) -> bytes:
    """One header in another's place."""
    head, end, body = data.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    lines[chance.randrange(len(lines))] = chance.choice(_HEADERS)
    return b"\r\n".join(lines) + end + body


BYTES: tuple[Change, ...] = (flip_bytes, cut, drop, repeat, insert)
XML: tuple[Change, ...] = (
    *BYTES, *(change_number, change_text, drop_attribute, double_attribute, move_element, nest, rename_element) * 3,
)  # fmt: skip
HEADS: tuple[Change, ...] = (*BYTES, change_status, change_status, add_header, add_header, change_header, change_number)


# DER


def change_der(chance: random.Random, data: bytes) -> bytes:
    """Another value, tag or number of parts somewhere in the tree, with every length around it right."""
    parts = _parts(data)
    if not parts or chance.random() < 0.1:
        return chance.choice(BYTES)(chance, data)
    at = chance.randrange(len(parts))
    tag, value = parts[at]
    is_constructed = bool(tag & 0x20) or (tag == 0x04 and _parts(value) and chance.random() < 0.5)
    if is_constructed and chance.random() < 0.85:
        parts[at] = tag, change_der(chance, value)
    else:
        parts[at : at + 1] = _change_part(chance, tag, value)
    return b"".join(bytes([tag]) + _length(len(value)) + value for tag, value in parts)


def _change_part(chance: random.Random, tag: int, value: bytes) -> list[tuple[int, bytes]]:
    what = chance.randrange(6)
    if what == 0:
        return []
    if what == 1:
        return [(tag, value)] * chance.choice((2, 3, 100))
    if what == 2:
        return [
            (
                chance.choice(
                    (0x01, 0x02, 0x03, 0x05, 0x06, 0x0A, 0x0C, 0x13, 0x16, 0x17, 0x18, 0x1E, 0x30, 0x31, 0x82, 0xA0)
                ),
                value,
            )
        ]
    if what == 3:
        return [
            (
                tag,
                chance.choice((b"", b"\0", b"\xff", b"\x80" * 20, b"\x7f" * 300, b"99991231235959Z", b"000000000000Z")),
            )
        ]
    if what == 4:
        return [(tag, chance.choice(BYTES)(chance, value))]
    inside = value
    for _time in range(chance.choice((1, 20, 1000))):
        inside = bytes([tag | 0x20]) + _length(len(inside)) + inside
    return [(tag, inside)]


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and value of what stands side by side; nothing where it is no DER."""
    found, at = [], 0
    while at + 2 <= len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(data[start : start + size], "big"), start + size
        if start + length > len(data):
            return []
        found.append((tag, data[start : start + length]))
        at = start + length
    return found if at == len(data) else []


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def _choose(chance: random.Random, pattern: re.Pattern[bytes], data: bytes) -> re.Match[bytes] | None:
    found = list(pattern.finditer(data))
    return chance.choice(found) if found else None


def _replace(chance: random.Random, pattern: re.Pattern[bytes], data: bytes, by: bytes) -> bytes:
    found = _choose(chance, pattern, data)
    return data if found is None else data[: found.start()] + by + data[found.end() :]
