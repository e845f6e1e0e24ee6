"""Watch a booting API server from outside and note when it reaches each point; the same for every contender."""

import base64
import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from urllib.parse import urlsplit

import yaml

from bench.processes import Cluster

POINTS = ("started", "schedulable", "ready")
_POLL_SECONDS = 0.005
_WEIGH_SECONDS = 0.1
_POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"generateName": "probe-"},
    "spec": {"containers": [{"name": "main", "image": "example.com/main:1"}]},
}


class Api:
    """One connection to the server of a kubeconfig; raises unless the file is there and complete."""

    def __init__(self, kubeconfig: Path) -> None:
        config = yaml.safe_load(kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE  # whoever answers on loopback: time is measured, not trust
        with NamedTemporaryFile() as file:
            file.write(_data(user, "client-certificate") + _data(user, "client-key"))
            file.flush()
            context.load_cert_chain(file.name)
        address = urlsplit(cluster["server"])
        self._connection = http.client.HTTPSConnection(address.hostname or "", address.port, context=context, timeout=5)

    def status(self, method: str, target: str, body: object = None) -> int:
        """Status of one request, 0 when nobody answers. The connection is kept: handshakes would slow the boot."""
        try:
            payload = json.dumps(body) if body else None
            self._connection.request(method, target, payload, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return 0
        return response.status


_REACHED: dict[str, Callable[[Api], bool]] = {
    "started": lambda api: api.status("GET", "/api/v1/namespaces") == 200,
    # Admission refuses it until the default ServiceAccount exists.
    "schedulable": lambda api: api.status("POST", "/api/v1/namespaces/default/pods?dryRun=All", _POD) == 201,
    "ready": lambda api: api.status("GET", "/readyz") == 200,
}


class Probe:
    """Polls from a thread of its own, as soon as the kubeconfig is complete, and weighs the cluster's processes."""

    def __init__(self, kubeconfig: Path, cluster: Cluster, wanted: tuple[str, ...] = POINTS) -> None:
        self.begin = time.monotonic()
        self.peak_bytes = 0
        self._moments: dict[str, float] = {}
        self._kubeconfig = kubeconfig
        self._cluster = cluster
        self._wanted = wanted
        self._over = threading.Event()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._watch, self._weigh)]

    def __enter__(self) -> "Probe":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait(self, seconds: float = 60) -> None:
        """Return when every point is reached. Raises TimeoutError."""
        self._threads[0].join(seconds)
        if set(self._wanted) - set(self._moments):
            raise TimeoutError(f"reached only {sorted(self._moments)} of {self._wanted}")

    def figures(self, begin: float | None = None) -> dict[str, float]:
        """Seconds from ``begin`` (monotonic; the probe's own start unless given) to each point, and peak memory."""
        zero = self.begin if begin is None else begin
        return {**{point: moment - zero for point, moment in self._moments.items()}, "peak-bytes": self.peak_bytes}

    def _watch(self) -> None:
        api = None
        while not self._over.is_set() and len(self._moments) < len(self._wanted):
            if api is None:
                api = _try_open(self._kubeconfig)
            else:
                for point in self._wanted:
                    if point not in self._moments and _REACHED[point](api):
                        self._moments[point] = time.monotonic()
            time.sleep(_POLL_SECONDS)

    def _weigh(self) -> None:
        while not self._over.wait(_WEIGH_SECONDS):
            self.peak_bytes = max(self.peak_bytes, self._cluster.resident_bytes())


def _try_open(kubeconfig: Path) -> Api | None:
    try:
        return Api(kubeconfig)
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError):
        return None  # not complete yet


def _data(user: dict[str, str], key: str) -> bytes:
    return base64.b64decode(user[f"{key}-data"]) if f"{key}-data" in user else Path(user[key]).read_bytes()
