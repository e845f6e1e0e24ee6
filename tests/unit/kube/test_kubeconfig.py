"""Reading kubeconfigs."""

import base64
import datetime
import json
import ssl
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ephemeral.errors import ClusterError
from ephemeral.kube.kubeconfig import read_access


@pytest.fixture(scope="module")
def pem():
    """A self-signed certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2120))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return certificate, key.private_bytes(serialization.Encoding.PEM, *form)


@pytest.fixture
def write(tmp_path):
    def write(user, cluster=None, **more):
        config = {
            "contexts": [{"name": "c", "context": {"cluster": "a", "user": "b"}}],
            "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:6443/", **(cluster or {})}}],
            "users": [{"name": "b", "user": user}],
            "current-context": "c",
        }
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps(config | more))
        return path

    return write


def encoded(content):
    return base64.b64encode(content).decode()


def test_inline_certificates_leave_no_file(write, pem, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    user = {"client-certificate-data": encoded(pem[0]), "client-key-data": encoded(pem[1])}
    access = read_access(write(user, {"certificate-authority-data": encoded(pem[0])}))
    assert access.server == "https://127.0.0.1:6443"
    assert [each["serialNumber"] for each in access.tls.get_ca_certs()] == ["01"]
    assert access.tls.verify_mode is ssl.CERT_REQUIRED
    assert access.authorization() is None


def test_certificate_files_are_relative_to_the_kubeconfig(write, pem, tmp_path):
    for name, content in zip(("crt", "key"), pem, strict=True):
        (tmp_path / name).write_bytes(content)
    access = read_access(write({"client-certificate": "crt", "client-key": "key"}, {"certificate-authority": "crt"}))
    assert len(access.tls.get_ca_certs()) == 1


def test_key_of_another_certificate_is_refused(write, pem):
    other = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = write({"client-certificate-data": encoded(pem[0]), "client-key-data": encoded(other)})
    with pytest.raises(ClusterError, match=r"can't be used.*mismatch"):
        read_access(path)


def test_token(write):
    assert read_access(write({"token": "abc"})).authorization() == "Bearer abc"


def test_token_file_is_read_each_time(write, tmp_path):
    access = read_access(write({"tokenFile": "token"}))
    (tmp_path / "token").write_text("one\n")
    assert access.authorization() == "Bearer one"
    (tmp_path / "token").write_text("two\n")
    assert access.authorization() == "Bearer two"


def test_unverified_tls(write):
    assert read_access(write({}, {"insecure-skip-tls-verify": True})).tls.verify_mode is ssl.CERT_NONE


def test_plain_http_needs_no_tls(write):
    assert read_access(write({}, {"server": "http://127.0.0.1:8001"})).tls is None


def test_names_and_proxies_are_passed_on(write):
    access = read_access(write({}, {"tls-server-name": "kubernetes", "proxy-url": "http://127.0.0.1:3128"}))
    assert (access.tls_server_name, access.proxy) == ("kubernetes", "http://127.0.0.1:3128")


def test_credential_plugin(write, tmp_path):
    answer = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-plugin"},
    }
    plugin = tmp_path / "plugin.py"
    plugin.write_text(f"print({json.dumps(answer)!r})")
    command = {"apiVersion": "client.authentication.k8s.io/v1", "command": sys.executable, "args": [str(plugin)]}
    access = read_access(write({"exec": {**command, "interactiveMode": "Never"}}, {"insecure-skip-tls-verify": True}))
    assert access.authorization() == "Bearer from-plugin"
    assert access.server == "https://127.0.0.1:6443"


def test_plain_kubeconfigs_do_not_import_the_official_client(write):
    code = (
        "import sys, pathlib; from ephemeral.kube import connect; connect(pathlib.Path(sys.argv[1]));"
        "sys.exit('kubernetes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(write({"token": "abc"}))]).returncode == 0


def test_server_is_missing(write):
    path = write({})
    path.write_text(path.read_text().replace('"server"', '"serve"'))
    with pytest.raises(ClusterError, match="does not say 'server'"):
        read_access(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("a: [", "is not YAML"),
        ("current-context: x", "no contexts entry named 'x'"),
        ('{"contexts": [{"name": "", "context": {}}]}', "no clusters entry named ''"),
    ],
)
def test_unusable(tmp_path, content, words):
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(ClusterError, match=words):
        read_access(path)


def test_missing(tmp_path):
    with pytest.raises(ClusterError, match="can't be read: No such file"):
        read_access(tmp_path / "none")
