# SPDX-License-Identifier: GPL-3.0-or-later

"""Values of Exchange's own types inside its configuration objects, with the members that captured ones have."""

from __future__ import annotations

from collections.abc import Iterable

from psrpcore.types import PSDouble, PSInt64, PSList, PSObject, PSString

from farm.objects import psobject

DATA = "Microsoft.Exchange.Data"
_ASSEMBLY = "Microsoft.Exchange.Data, Version=15.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35"
_ADDRESS = f"{DATA}.NetworkAddress"


def long_path(path: str) -> PSObject:
    """A path on a local disk."""
    return psobject(
        [f"{DATA}.LocalLongFullPath", f"{DATA}.LongPath", "System.Object"],
        path,
        PathName=PSString(path),
        IsLocalFull=True,
        IsUnc=False,
        DriveName=PSString(path.partition("\\")[0]),
    )


def no_time() -> PSObject:
    """A duration of nothing, as what is left of a trial that is over."""
    whole = dict.fromkeys(("Days", "Hours", "Milliseconds", "Minutes", "Seconds"), 0)
    total = {f"Total{name}": PSDouble(0) for name in whole}
    return psobject(
        [f"{DATA}.EnhancedTimeSpan", "System.ValueType", "System.Object"],
        "00:00:00",
        **whole,
        Ticks=PSInt64(0),
        **total,
        Sign=0,
    )


def network_addresses(addresses: Iterable[tuple[str, str]]) -> PSList:
    """How a server is reached, by protocol."""
    found = PSList([_network_address(protocol, address) for protocol, address in addresses])
    element = f"[[{_ADDRESS}, {_ASSEMBLY}]]"
    found.PSObject.type_names = [
        f"{DATA}.NetworkAddressCollection",
        f"{DATA}.ProtocolAddressCollection`1{element}",
        f"{DATA}.MultiValuedProperty`1{element}",
        f"{DATA}.MultiValuedPropertyBase",
        "System.Object",
    ]
    return found


def _network_address(protocol: str, address: str) -> PSObject:
    return psobject(
        [f"{DATA}.CustomNetworkAddress", _ADDRESS, f"{DATA}.ProtocolAddress", "System.Object"],
        f"{protocol}:{address}",
        ProtocolType=PSString(protocol),
        AddressString=PSString(address),
    )
