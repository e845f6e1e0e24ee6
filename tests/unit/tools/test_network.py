"""The ways out that users have: TLS, a proxy, a private certificate authority."""

import datetime
import ipaddress
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ephemeral import tools
from ephemeral.errors import ToolError


@pytest.fixture
def certificate(tmp_path):
    """A PEM file with a key and a certificate of 127.0.0.1, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mirror")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    built = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "mirror.pem"
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return pem


@pytest.fixture
def tls_mirror(monkeypatch, mirror, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    mirror.server.socket = context.wrap_socket(mirror.server.socket, server_side=True)
    monkeypatch.setenv("EPHEMERAL_MIRROR", mirror.url.replace("http:", "https:"))
    return mirror


def test_releases_come_over_tls(monkeypatch, tls_mirror, apiserver, certificate):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    tls_mirror.release(apiserver, b"content")
    tools.require(["kube-apiserver"])
    assert apiserver.cached.read_bytes() == b"content"


def test_a_certificate_that_nobody_vouches_for_is_refused(tls_mirror, apiserver):
    tls_mirror.release(apiserver, b"content")
    with pytest.raises(ToolError, match="certificate verify failed"):
        tools.require(["kube-apiserver"])
    assert tls_mirror.requests == []


def test_releases_come_through_a_proxy(monkeypatch, mirror, apiserver):
    monkeypatch.setenv("EPHEMERAL_MIRROR", "http://mirror.invalid")
    monkeypatch.setenv("http_proxy", mirror.url)
    mirror.release(apiserver, b"content")
    mirror.files = {f"http://mirror.invalid{path}": body for path, body in mirror.files.items()}
    tools.require(["kube-apiserver"])
    assert apiserver.cached.read_bytes() == b"content"


def test_a_proxy_that_is_down_is_an_unreachable_host(monkeypatch):
    monkeypatch.setenv("EPHEMERAL_MIRROR", "https://mirror.invalid")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    with pytest.raises(ToolError, match=r"mirror\.invalid can't be reached: Connection refused"):
        tools.require(["kube-apiserver"])
