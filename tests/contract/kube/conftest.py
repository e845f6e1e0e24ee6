"""A client of the shared virtual cluster, a namespace per test, and stand-ins for what simulated nodes lack."""

import datetime
import ssl
import threading
import uuid
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ephemeral.kube import connect
from ephemeral.kube.objects import Manifest
from ephemeral.kube.transport import ApiError
from ephemeral.progress import Silent
from ephemeral.waiting import Deadline, NotYet, wait_until


@pytest.fixture(scope="session")
def kube(kubeconfig):
    client = connect(kubeconfig)
    yield client
    client.close()


@pytest.fixture
def deadline():
    """Far enough away to be met on a busy machine; near enough to end a test that hangs."""
    return Deadline(60)


@pytest.fixture
def namespace(kube, own_node):
    """A namespace that goes before the own nodes do, so that nothing new is put on them."""
    name = f"test-{uuid.uuid4().hex[:8]}"
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    yield name
    kube.delete("v1", "Namespace", name)


@pytest.fixture
def manifest(namespace):
    """Builds manifests whose objects are in the test's namespace unless they say otherwise."""

    def build(kind, name="web", api_version="v1", *, origin="test.yaml:1", **content):
        metadata = {"name": name, "namespace": namespace, **content.pop("metadata", {})}
        item = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **content}
        return Manifest(object=item, origin=origin)

    return build


@pytest.fixture
def deployment(manifest):
    """Builds Deployments of one container; further options go into the pod's spec."""

    def build(name="web", replicas=1, resources=None, **pod):
        container = {"name": "main", "image": "acme/web:1", "resources": resources or {}}
        labels = {"app": name}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container], **pod}}
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
        return manifest("Deployment", name, "apps/v1", spec=spec)

    return build


@pytest.fixture
def progress():
    """Remembers every state it is told."""

    class Remembering(Silent):
        def __init__(self):
            self.states = []

        def state(self, subject, text, *, readiness=None):
            self.states.append((subject, text))

    return Remembering()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1: its PEM text, and a file with it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(start).not_valid_after(start.replace(year=2120))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(pem + key.private_bytes(serialization.Encoding.PEM, *form))
    return pem.decode(), path


@pytest.fixture
def https_server(certificate):
    """Starts HTTPS servers on 127.0.0.1 from a request handler; gives the port."""
    servers = []

    def start(handler, port=0):
        class Quiet(handler, BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", port), Quiet)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate[1])
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return server.server_port

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def own_node(kube):
    """Creates nodes that no simulator touches: what their pods do is for the test to say. Gives the name."""
    names = []

    def create(port=0):
        name = f"own-{uuid.uuid4().hex[:8]}"
        taint = {"key": "test.dev/own", "effect": "NoSchedule"}
        kube.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}, "spec": {"taints": [taint]}})
        names.append(name)
        status = {
            "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
            "conditions": [{"type": "Ready", "status": "True"}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        }
        kube.patch("v1", "Node", name, {"status": status}, subresource="status")
        return name

    yield create
    for name in names:
        wait_until(lambda name=name: end_pods(kube, name), deadline=Deadline(60), what="own node empty")
        kube.delete("v1", "Node", name)


def end_pods(kube, node):
    """Remove the pods of a node, whose end no kubelet will confirm."""
    pods = kube.list("v1", "Pod", fields=f"spec.nodeName={node}")
    for place in (each["metadata"] for each in pods):
        path = f"/api/v1/namespaces/{place['namespace']}/pods/{place['name']}"
        with suppress(ApiError):
            kube.transport.request("DELETE", path, body={"gracePeriodSeconds": 0})
    if pods:
        raise NotYet(f"{len(pods)} pods left")
