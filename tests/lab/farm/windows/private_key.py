# SPDX-License-Identifier: GPL-3.0-or-later

"""The private key of a certificate as .NET Framework shows it, which Windows PowerShell runs on.

X509Certificate2.PrivateKey is an RSACryptoServiceProvider for the key of a cryptographic service provider, with all that Windows
says of the key in its CspKeyContainerInfo (learn.microsoft.com: System.Security.Cryptography.RSACryptoServiceProvider,
CspKeyContainerInfo). The key of a key storage provider (CNG) makes the property throw, and a pipeline sees null.
"""

from __future__ import annotations

from psrpcore.types import PSList, PSObject, PSString

from farm.certificates import Stored
from farm.objects import enumeration, guid, psobject

CRYPTOGRAPHY = "System.Security.Cryptography"
PROVIDER = "Microsoft RSA SChannel Cryptographic Provider"
"""What Microsoft's templates for web servers name."""
PROVIDER_TYPE = 12
"""PROV_RSA_SCHANNEL (wincrypt.h)."""


def show_private_key(stored: Stored) -> PSObject | None:
    """The key, or null: without one, and for one that .NET Framework does not show this way."""
    if not stored.has_key or not stored.issued.has_csp:
        return None
    names = [f"{CRYPTOGRAPHY}.{name}" for name in ("RSACryptoServiceProvider", "RSA", "AsymmetricAlgorithm")]
    sizes = PSList(
        [
            psobject(
                [f"{CRYPTOGRAPHY}.KeySizes", "System.Object"],
                f"{CRYPTOGRAPHY}.KeySizes",
                MinSize=384,
                MaxSize=16384,
                SkipSize=8,
            )
        ]
    )
    sizes.PSObject.type_names = [f"{CRYPTOGRAPHY}.KeySizes[]", "System.Array", "System.Object"]
    return psobject(
        [*names, "System.Object"],
        names[0],
        PublicOnly=False,
        CspKeyContainerInfo=_show_container(stored),
        KeySize=stored.issued.bits,
        KeyExchangeAlgorithm=PSString("RSA-PKCS1-KeyEx"),
        SignatureAlgorithm=PSString("http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        PersistKeyInCsp=True,
        LegalKeySizes=sizes,
    )


def _show_container(stored: Stored) -> PSObject:
    name = f"{CRYPTOGRAPHY}.CspKeyContainerInfo"
    key, machine = guid(f"key {stored.issued.thumbprint}"), guid("machine")
    return psobject(
        [name, "System.Object"],
        name,
        MachineKeyStore=True,
        ProviderName=PSString(PROVIDER),
        ProviderType=PROVIDER_TYPE,
        KeyContainerName=PSString(f"le-{key}"),
        UniqueKeyContainerName=PSString(f"{key.hex}_{machine}"),
        KeyNumber=enumeration(f"{CRYPTOGRAPHY}.KeyNumber", "Exchange", 1),
        Exportable=stored.exportable,
        HardwareDevice=False,
        Removable=False,
        Accessible=True,
        Protected=False,
        CryptoKeySecurity=psobject(
            ["System.Security.AccessControl.CryptoKeySecurity", "System.Object"],
            "System.Security.AccessControl.CryptoKeySecurity",
        ),
        RandomlyGenerated=False,
    )
