"""Measure environments on a host against vcluster's CLI: ``python -m bench.vcluster [--rounds 3] [--output DIR]``.

One host, real nodes of our own, its images already there. Each round, interleaved: `vclusterctl create` with its
chart's defaults, and `ephemeral up` with the `isolated` preset. Whole processes, in seconds from their fork:

* dns: CoreDNS of the virtual cluster is Ready on the host, asked for by the same probe
* ready: `ephemeral up` has returned: API, default ServiceAccount and DNS answer, the policy is in force
* down: `vclusterctl delete`, `ephemeral down`: until nothing is left
* memory-bytes, pods: what the host's kubelet counts in its namespace, a few seconds after it is ready

Run it on a quiet machine: a start keeps two cores busy.
"""

import argparse
import json
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.contenders import Figures, run, seconds_of
from bench.nodes import _COMMAND
from bench.startup import machine, medians_of, spell
from ephemeral import Environment, up
from ephemeral.clusters.vcluster.usage import Usage, usage_by_namespace
from ephemeral.kube.client import Kube
from ephemeral.spec.model import Cluster, Isolation, Spec
from ephemeral.tools import require
from ephemeral.tools.places import cache_dir
from ephemeral.tools.vcluster import vcluster_release
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import programs, vcluster_images

_NAME = "bench"
_LIMIT_SECONDS = 180.0
#: Kubelet measures every 10 s at the latest.
_SETTLE_SECONDS = 12.0

#: title, what is measured, its bound, the aim
_BOUNDS: list[tuple[str, Callable[[dict[str, Figures]], float], float, float]] = [
    ("ready / vclusterctl create to DNS", lambda m: m["ephemeral"]["ready"] / m["vclusterctl"]["dns"], 0.5, 0.3),
    ("down / vclusterctl delete", lambda m: m["ephemeral"]["down"] / m["vclusterctl"]["down"], 0.6, 0.4),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    load_before = os.getloadavg()
    with host_with_images() as (host, folder):
        contenders: dict[str, Callable[[], Figures]] = {
            "vclusterctl": lambda: peer(host, folder),
            "ephemeral": lambda: ours(host, folder),
        }
        rounds: dict[str, list[Figures]] = {name: [] for name in contenders}
        for number in range(options.rounds):
            for name, contender in contenders.items():
                rounds[name].append(contender())
                print(f"round {number + 1}  {name:11} {spell(rounds[name][-1])}", flush=True)
    medians = {name: medians_of(figures) for name, figures in rounds.items()}
    print("\nmedians")
    for name, figures in medians.items():
        print(f"  {name:11} {spell(figures)}")
    print("\n  value   bound    aim")
    for title, value, bound, aim in _BOUNDS:
        verdict = "ok" if value(medians) <= bound else "MISSED"
        print(f"  {value(medians):5.2f}   {bound:5.2f}  {aim:5.2f}  {verdict:6}  {title}")
    facts = {"cores": os.cpu_count(), "load-before": load_before, "load-after": os.getloadavg(), **machine()}
    options.output.mkdir(parents=True, exist_ok=True)
    body = {"machine": facts, "medians": medians, "rounds": rounds}
    (options.output / "vcluster.json").write_text(json.dumps(body, indent=2))


def peer(host: Environment, folder: Path) -> Figures:
    """vcluster's own CLI: nothing is set but the image, since the chart in its module has no version."""
    release = vcluster_release()
    values = folder / "peer.json"
    image = {"repository": release.image, "tag": release.version}
    values.write_text(json.dumps({"controlPlane": {"statefulSet": {"image": image}}}))
    program = programs.vcluster()
    command = [program / "vclusterctl", "create", _NAME, f"--namespace={_NAME}", "--connect=false", "--add=false"]
    watch = Watch(host.kube, _NAME)
    run([*command, f"--local-chart-dir={program / 'chart'}", f"--values={values}"], None, folder)
    watch.thread.join()
    sizes = _sizes(host.kube, _NAME)
    delete = [program / "vclusterctl", "delete", _NAME, f"--namespace={_NAME}"]
    return {"dns": watch.moment, **sizes, "down": seconds_of(delete, None, folder)}


def ours(host: Environment, folder: Path) -> Figures:
    """`up` and `down` with the defaults, which isolate."""
    chart = {"source": str(programs.vcluster() / "chart")}
    place = {"provider": "vcluster", "host": {"kubeconfig": str(host.kubeconfig), "chart": chart}}
    (folder / "ephemeral.yaml").write_text(json.dumps({"name": _NAME, "cluster": place}))
    watch = Watch(host.kube, f"ephemeral-{_NAME}")
    ready = seconds_of([*_COMMAND, "up"], None, folder)
    watch.thread.join()
    sizes = _sizes(host.kube, f"ephemeral-{_NAME}")
    return {"dns": watch.moment, "ready": ready, **sizes, "down": seconds_of([*_COMMAND, "down", _NAME], None, folder)}


class Watch:
    """Looks at the host from outside: when CoreDNS of the virtual cluster in ``namespace`` is Ready."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self.moment = 0.0
        self._begin = time.monotonic()
        self._kube, self._namespace = kube, namespace
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self) -> None:
        deadline = Deadline(_LIMIT_SECONDS)
        wait_until(self._expect_dns, deadline=deadline, what="DNS", interval=0.05, max_interval=0.05)
        self.moment = time.monotonic() - self._begin

    def _expect_dns(self) -> None:
        pods = self._kube.list("v1", "Pod", namespace=self._namespace, labels="k8s-app=vcluster-kube-dns")
        conditions = [each for pod in pods for each in pod.get("status", {}).get("conditions", [])]
        if not any((each["type"], each["status"]) == ("Ready", "True") for each in conditions):
            raise NotYet("not Ready")


def settled_usage(kube: Kube, namespace: str) -> Usage:
    """What a namespace takes once it has come to rest."""
    time.sleep(_SETTLE_SECONDS)
    return usage_by_namespace(kube).get(namespace, Usage())


def _sizes(kube: Kube, namespace: str) -> Figures:
    usage = settled_usage(kube, namespace)
    return {"memory-bytes": usage.memory_bytes, "pods": usage.pods}


@contextmanager
def host_with_images() -> Iterator[tuple[Environment, Path]]:
    """A host with all images, and a folder for files: state, home and configuration are kept from the user's."""
    with tempfile.TemporaryDirectory(prefix="ephemeral-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / ".vcluster").mkdir()
        (folder / ".vcluster/config.json").write_text(json.dumps({"telemetryDisabled": True}))
        archives = vcluster_images.archives().values()
        helm = require(["helm"])["helm"]
        os.environ["EPHEMERAL_STATE_DIR"] = str(folder / "state")
        with up(Spec(name="bench-host", cluster=Cluster(), isolation=Isolation(preset="none"), ttl="2h")) as host:
            for archive in archives:
                host.load_image(archive)
            os.environ |= {
                "EPHEMERAL_CACHE_DIR": str(cache_dir()),
                "HOME": name,
                "KUBECONFIG": str(host.kubeconfig),
                "PATH": f"{helm.parent}:{os.environ['PATH']}",
                "VCLUSTER_SKIP_VERSION_CHECK": "true",
            }
            yield host, folder


if __name__ == "__main__":
    main()
