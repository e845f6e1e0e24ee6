"""Credentials of one environment: made in milliseconds (ECDSA), shared with no other, gone with it."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

_LIFETIME = datetime.timedelta(days=365)
_CLOCK_SKEW = datetime.timedelta(hours=1)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key."""

    certificate: "x509.Certificate"
    key: "EllipticCurvePrivateKey"

    def certificate_pem(self) -> bytes:
        """PEM of the certificate."""
        from cryptography.hazmat.primitives.serialization import Encoding

        return self.certificate.public_bytes(Encoding.PEM)

    def key_pem(self) -> bytes:
        """PEM (PKCS 8, unencrypted) of the key."""
        return key_pem(self.key)

    def write(self, directory: Path, name: str) -> None:
        """Write NAME.crt and NAME.key, 0600."""
        write_private(directory / f"{name}.crt", self.certificate_pem())
        write_private(directory / f"{name}.key", self.key_pem())


def make_authority(common_name: str) -> Identity:
    """A certificate authority of its own."""
    return _issue(common_name, organization="", issuer=None, server_names=None)


def make_client(authority: Identity, common_name: str, organization: str = "") -> Identity:
    """A client certificate: user ``common_name`` in group ``organization``."""
    return _issue(common_name, organization=organization, issuer=authority, server_names=None)


def make_server(authority: Identity, common_name: str, names: list[str]) -> Identity:
    """A server certificate for host names and IP addresses."""
    return _issue(common_name, organization="", issuer=authority, server_names=names)


def make_key() -> "EllipticCurvePrivateKey":
    """A P-256 key, as for signing ServiceAccount tokens."""
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: "EllipticCurvePrivateKey") -> bytes:
    """PEM (PKCS 8, unencrypted) of a key."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: "EllipticCurvePrivateKey") -> bytes:
    """PEM of a key's public half."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, from its first byte on."""
    path.touch(mode=0o600)
    path.write_bytes(content)


def _issue(common_name: str, *, organization: str, issuer: Identity | None, server_names: list[str] | None) -> Identity:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    key = make_key()
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    subject = x509.Name(attributes)
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
    )
    if server_names is not None:
        alternatives = x509.SubjectAlternativeName([_general_name(name) for name in server_names])
        builder = builder.add_extension(alternatives, critical=False)
    if issuer:
        usage = ExtendedKeyUsageOID.SERVER_AUTH if server_names else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def _general_name(name: str) -> "x509.GeneralName":
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
