"""Flagger as a peer: its controller and a Prometheus on this machine, a Traefik and its canaries in the environment.

Everything is set as in its guide for Gateway API (threshold 5, steps of 10 % up to 50 %, at most 1 % of errors within a
minute, p99 of at most 0.5 s within 30 s), except that it looks every 10 s, the least that it allows, instead of every
minute. The metrics are Traefik's, scraped every 5 s, as its chart has it. The guide's queries are Istio's: these ask
the same of Traefik.
"""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from bench.faulty_app import candidate, deployment
from bench.users import users
from ephemeral import Environment
from ephemeral.kube.objects import Manifest, Object
from ephemeral.previews.routers.definitions import install_definitions
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import programs, traefik

NAMESPACE = "peer"
SETTINGS = "interval 10s, threshold 5, stepWeight 10, maxWeight 50, errors <= 1 % in 1m, p99 <= 0.5 s in 30s, scrape 5s"

_API = "flagger.app/v1beta1"
_METRICS_PORT = 9100
_CLASS_LABEL = "bench-peer"
_PHASE_SECONDS = 300.0
#: For so long its metrics look back.
_WINDOW_SECONDS = 60.0
_SERVICE = '{service=~".*{{ namespace }}-{{ target }}-canary-.*"'
_QUERIES = {
    "error-rate": f"""
        100 - sum(rate(traefik_service_requests_total{_SERVICE}, code!~"5.*"}}[{{{{ interval }}}}]))
        / sum(rate(traefik_service_requests_total{_SERVICE}}}[{{{{ interval }}}}])) * 100
    """,
    "latency": f"""
        histogram_quantile(0.99, sum(
          rate(traefik_service_request_duration_seconds_bucket{_SERVICE}}}[{{{{ interval }}}}])
        ) by (le))
    """,
}


class Flagger:
    """The controller at work; `released` asks it to release a candidate."""

    def __init__(self, env: Environment, gateway: str, log: Path) -> None:
        self._kube = env.kube
        self._gateway = gateway
        self._log = log
        self._failed: dict[str, float] = {}

    def released(self, app: str, errors: float, revision: str, rate: float) -> dict[str, Any]:
        """Deploy a candidate that fails ``errors`` of its requests, under load, until Flagger has decided."""
        # The last candidate's errors must not be held against this one.
        time.sleep(max(0.0, self._failed.pop(app, 0.0) + _WINDOW_SECONDS - time.time()))
        host = {"host": _host(app)}
        primary = f"{app}-primary-"
        with users(
            self._gateway, rate, lambda pod: not pod.startswith(primary), headers=host, keep_alive=True
        ) as heard:
            begin = time.time()
            self._kube.strategic(candidate(app, NAMESPACE, errors, revision))
            self.wait_for(app, "Progressing")
            phase = self.wait_for(app, "Failed", "Succeeded")
            end = time.time()
        if phase == "Failed":
            self._failed[app] = end
        return {
            "verdict": {"Failed": "fail", "Succeeded": "pass"}[phase],
            "seconds": round(end - begin, 2),
            "at the candidate": sum(each.arm == "candidate" for each in heard if each.started >= begin),
            "sent": len(heard),
            "unanswered": sum(each.arm == "unknown" for each in heard),
        }

    def wait_for(self, app: str, *phases: str) -> str:
        """Return the phase of the app's Canary once it is one of these. Raises WaitError."""

        def attempt() -> str:
            status = (self._kube.get(_API, "Canary", app, NAMESPACE) or {}).get("status") or {}
            if status.get("phase") not in phases:
                raise NotYet(f"{status}; the log's end: {self._log.read_text()[-1000:]}")
            return str(status["phase"])

        what = f"Canary {app} {' or '.join(phases)}"
        return wait_until(attempt, deadline=Deadline(_PHASE_SECONDS), what=what, interval=0.1, max_interval=0.1)


@contextmanager
def flagger(env: Environment, folder: Path, apps: dict[str, float]) -> Iterator[Flagger]:
    """Flagger with a canary of each app, which fails this part (0..1) of its requests. Raises RuntimeError."""
    prometheus = shutil.which("prometheus")
    if not prometheus:
        raise RuntimeError("prometheus is not on PATH: `apt-get install --no-install-recommends prometheus` on Debian.")
    install_definitions(env.kube)
    _deploy(env, traefik_with_metrics())
    _deploy(env, list(yaml.safe_load_all((programs.flagger() / "crds/crd.yaml").read_text())))
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    _deploy(env, [namespace, *(deployment(app, NAMESPACE, errors) for app, errors in apps.items())])
    scraped = env.url(traefik.NAME, port="metrics", namespace=traefik.NAMESPACE).partition("//")[2].strip("/")
    port, own = _free_port(), _free_port()
    _write_scraping(folder / "prometheus.yaml", scraped)
    log = folder / "flagger.log"
    with ExitStack() as stack:
        storage = [f"--storage.tsdb.path={folder / 'prometheus'}", f"--web.listen-address=127.0.0.1:{port}"]
        stack.enter_context(
            _running([prometheus, f"--config.file={folder / 'prometheus.yaml'}", *storage], folder / "prometheus.log")
        )
        metrics = f"http://127.0.0.1:{port}"
        _deploy_canaries(env, apps, metrics)
        words = [f"-kubeconfig={env.kubeconfig}", "-mesh-provider=gatewayapi:v1", f"-metrics-server={metrics}"]
        own_words = [f"-port={own}", f"-namespace={NAMESPACE}", "-log-level=info"]
        stack.enter_context(_running([str(programs.flagger() / "flagger"), *words, *own_words], log))
        peer = Flagger(env, env.url(traefik.NAME, port="http", namespace=traefik.NAMESPACE), log)
        for app in apps:
            peer.wait_for(app, "Initialized")
        yield peer


def traefik_with_metrics() -> list[Object]:
    """The tests' Traefik, which lets Prometheus look, leaves the previews' GatewayClass alone and logs no requests."""
    found = traefik.manifests()
    for each in found:
        if each["kind"] == "Deployment":
            [container] = each["spec"]["template"]["spec"]["containers"]
            container["args"].remove("--accesslog")
            container["args"] += [
                f"--providers.kubernetesgateway.labelselector={_CLASS_LABEL}",
                f"--entrypoints.metrics.address=:{_METRICS_PORT}",
                "--metrics.prometheus.entrypoint=metrics",
            ]
        elif each["kind"] == "Service":
            each["spec"]["ports"].append({"name": "metrics", "port": _METRICS_PORT, "targetPort": _METRICS_PORT})
        elif each["kind"] == "GatewayClass":
            each["metadata"]["labels"] = {_CLASS_LABEL: "true"}
    return found


def _deploy(env: Environment, objects: Sequence[Object]) -> None:
    env.deploy([Manifest(object=each, origin="bench") for each in objects])


def _deploy_canaries(env: Environment, apps: Iterable[str], metrics: str) -> None:
    for name, query in _QUERIES.items():
        provider = {"type": "prometheus", "address": metrics}
        env.kube.apply(_object("MetricTemplate", name, {"provider": provider, "query": query}))
    for app in apps:
        env.kube.apply(_object("Canary", app, _canary(app)))


def _object(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": _API, "kind": kind, "metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec}


def _canary(app: str) -> Object:
    return {
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": app},
        "progressDeadlineSeconds": 60,
        "service": {
            "port": 80,
            "targetPort": "http",
            "hosts": [_host(app)],
            "gatewayRefs": [{"name": traefik.GATEWAY, "namespace": traefik.NAMESPACE}],
        },
        "analysis": {
            "interval": "10s",
            "threshold": 5,
            "stepWeight": 10,
            "maxWeight": 50,
            "metrics": [
                _metric("error-rate", "1m", 1),
                _metric("latency", "30s", 0.5),
            ],
        },
    }


def _metric(name: str, interval: str, most: float) -> Object:
    return {"name": name, "templateRef": {"name": name}, "interval": interval, "thresholdRange": {"max": most}}


def _host(app: str) -> str:
    return f"{app}.bench.test"


def _write_scraping(path: Path, target: str) -> None:
    job = {"job_name": "traefik", "static_configs": [{"targets": [target]}]}
    path.write_text(yaml.safe_dump({"global": {"scrape_interval": "5s"}, "scrape_configs": [job]}))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def _running(argv: list[str], log: Path) -> Iterator[None]:
    with log.open("w") as lines, subprocess.Popen(argv, stdout=lines, stderr=subprocess.STDOUT) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait()
