# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the collection's decoders many inputs that are wrong, and see that each is decoded or refused, in time and in little memory.

    .venv/bin/python tests/hostile/fuzz.py --answers 100000 --certificates 100000 [--seed N]

An input depends on the seed, its kind and its number alone (the certificates' RSA and ECDSA signatures apart), so a finding can be
made again: --kind KIND --number N. Findings are printed with the input in Base64; the exit code is 1 if there are any.
"""

from __future__ import annotations

import argparse
import base64
import collections
import json
import random
import resource
import sys
import time
import traceback
from dataclasses import dataclass, field

from ansible_collections.onprem.exchange_lync.plugins.module_utils._errors import ShellError
from decoders import SECONDS, Certificates, Clixml, Decoder, HttpHeads, Soap

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space: beyond them Python raises MemoryError, which is a finding."""
PEAK_MIB = 200
ANSWERS: dict[str, type[Clixml | Soap | HttpHeads]] = {"clixml": Clixml, "soap": Soap, "http": HttpHeads}


@dataclass
class Outcome:
    """What became of all inputs of one kind."""

    name: str
    count: int = 0
    ends: collections.Counter[str] = field(default_factory=collections.Counter)
    findings: list[str] = field(default_factory=list)
    slowest: float = 0.0
    seconds: float = 0.0

    def __str__(self) -> str:
        ends = ", ".join(f"{end} {count}" for end, count in self.ends.most_common())
        speed = f"{self.seconds:.0f} s, slowest {self.slowest * 1000:.0f} ms"
        return f"{self.name}: {self.count} inputs, {len(self.findings)} findings, {speed}; {ends}"


def run(decoder: Decoder, seed: int, numbers: range) -> Outcome:
    """Decode the inputs of these numbers."""
    outcome, begin = Outcome(decoder.name, len(numbers)), time.monotonic()
    for number in numbers:
        data = make(decoder, seed, number)
        started = time.monotonic()
        end, finding = _decode(decoder, data)
        took = time.monotonic() - started
        outcome.slowest = max(outcome.slowest, took)
        outcome.ends[end] += 1
        if took > SECONDS:
            finding = finding or f"took {took:.1f} s"
        if finding:
            shown = base64.b64encode(data[:1500]).decode()
            outcome.findings.append(f"--seed {seed} --kind {decoder.name} --number {number}: {finding}\n  {shown}")
    outcome.seconds = time.monotonic() - begin
    return outcome


def make(decoder: Decoder, seed: int, number: int) -> bytes:
    """The input of a number."""
    return decoder.make(random.Random(f"{seed} {decoder.name} {number}"))


def _decode(decoder: Decoder, data: bytes) -> tuple[str, str]:
    """How it ended, and what is wrong with that."""
    try:
        decoder.decode(data)
    except ShellError as error:
        return error.kind, _find_fault(error)
    except KeyboardInterrupt:
        raise
    # whatever it is, it is what is looked for; cryptography's panics are no Exception
    except BaseException as error:
        return type(error).__name__, "".join(traceback.format_exception(error)[-6:])
    return "decoded", ""


def _find_fault(error: ShellError) -> str:
    said = str(error)
    if "unforeseen" in said or "RecursionError" in said or "MemoryError" in said:
        return f"an error that nobody has thought of: {said}"
    if not said.isprintable():
        return f"an error with what cannot be shown: {said!r}"
    if len(said) > 4000:
        return f"an error of {len(said)} characters"
    json.dumps(error.details()).encode("utf-8")
    return ""


def peak_mib() -> float:
    """The most memory this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--answers", type=int, default=0, help="mutated answers: a third each of CLIXML, SOAP and HTTP heads"
    )
    parser.add_argument("--certificates", type=int, default=0)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kind", choices=[*ANSWERS, "certificates"], help="only this kind")
    parser.add_argument("--number", type=int, help="only this input")
    chosen = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    print(f"seed {chosen.seed}", flush=True)
    findings = 0
    for kind, count in _shares(chosen.answers, chosen.certificates).items():
        if chosen.kind not in (None, kind):
            continue
        decoder: Decoder = ANSWERS[kind]() if kind in ANSWERS else Certificates()
        numbers = range(count) if chosen.number is None else range(chosen.number, chosen.number + 1)
        outcome = run(decoder, chosen.seed, numbers)
        print(outcome, *outcome.findings, sep="\n", flush=True)
        findings += len(outcome.findings)
    print(f"peak memory {peak_mib():.0f} MiB; {findings} findings")
    sys.exit(1 if findings or peak_mib() > PEAK_MIB else 0)


def _shares(answers: int, certificates: int) -> dict[str, int]:
    third = answers // 3
    return {"clixml": answers - 2 * third, "soap": third, "http": third, "certificates": certificates}


if __name__ == "__main__":
    main()
