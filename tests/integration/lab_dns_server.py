# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's DNS server by itself, in a process of its own: python lab_dns_server.py PRIMARY KEY SECRET ZONE_FILE ...

It answers until it is ended. Its first line is its port. Like the lab, it imports nothing of the collection.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lab"))
from farm.dns.server import NameServer, key_of, serve
from farm.dns.zones import Zones
from farm.scenario import Zone, ZoneRecord


def read_zone(file: Path) -> Zone:
    """A zone of the tests; the server makes its SOA record itself."""
    lines = [line.split() for line in file.read_text(encoding="ascii").splitlines()]
    records = [ZoneRecord(name, kind, data) for name, kind, data in (line for line in lines if len(line) == 3)]
    return Zone(file.stem, records)


def main() -> None:
    """Serve the zones."""
    primary, key_name, secret, *files = sys.argv[1:]
    zones = Zones([read_zone(Path(name)) for name in files], primary)
    for zone in zones.zones:
        ((start, ttl),) = zone.soa.items()
        zone.add(zone.origin, start.replace(minimum=1200), ttl)
    key = key_of({"name": key_name, "algorithm": "hmac-sha256", "secret": secret})
    print(serve(NameServer(zones, key)), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
