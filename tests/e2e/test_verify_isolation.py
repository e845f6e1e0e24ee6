"""`ephemeral verify isolation` tells what holds from what does not, and leaves nothing of its own behind."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ephemeral.clusters import record
from ephemeral.clusters.local.paths import paths_of
from ephemeral.kube.client import Kube, connect
from tests.e2e.conftest import Run

pytestmark = pytest.mark.cluster

PUBLIC = "198.51.100.10"
#: What Kubernetes itself makes, some of it only seconds after it is ready.
_BOOTSTRAP = re.compile(
    r"Namespace (default|kube-.*)|ClusterRole (system:.*|admin|edit|view|cluster-admin)|Service kubernetes"
)


@pytest.fixture
def internet(machine: dict[str, list[str]]) -> Iterator[str]:
    """A network namespace with one public address that answers, so that no test depends on the real internet."""
    name, link = "ephemeral-internet", "eph-internet"
    _ip("netns", "add", name)
    try:
        _ip("link", "add", link, "type", "veth", "peer", "name", "far", "netns", name)
        _ip("addr", "add", "198.51.100.1/24", "dev", link)
        _ip("link", "set", link, "up")
        _ip("-n", name, "addr", "add", f"{PUBLIC}/24", "dev", "far")
        _ip("-n", name, "link", "set", "far", "up")
        program = (
            "import http.server as h; s = h.ThreadingHTTPServer(('', 80), h.BaseHTTPRequestHandler);"
            "print('up', flush=True); s.serve_forever()"
        )
        with subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", program],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as server:  # fmt: skip
            assert server.stdout
            assert server.stdout.readline() == "up\n"
            yield f"{PUBLIC}:80"
            server.kill()
    finally:
        _ip("netns", "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=10)


@pytest.fixture
def verify(cli: Run, internet: str) -> Callable[..., dict[str, dict[str, str]]]:
    """Run the command and return the findings by probe; what it made must be gone."""

    def run(*words: str, code: int) -> dict[str, dict[str, str]]:
        names = [words[0], *words[2:]]
        before = {name: _objects(name) for name in names}
        finished = cli("verify", "isolation", *words, "--public", internet, "-o", "json", code=code)
        assert {name: _objects(name) - before[name] for name in names} == {name: set() for name in names}
        return {each["probe"]: each for each in json.loads(finished.stdout)}

    return run


def _objects(name: str) -> set[str]:
    """What probes make, as far as it could stay."""
    kube = _kube(name)
    kinds = [
        ("v1", "Namespace"),
        ("v1", "Pod"),
        ("v1", "Service"),
        ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
        ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ]
    names = {f"{kind} {each['metadata']['name']}" for version, kind in kinds for each in kube.list(version, kind)}
    return {name for name in names if not _BOOTSTRAP.fullmatch(name)}


def _kube(name: str) -> Kube:
    return connect(paths_of(name).kubeconfig)


def _results(findings: dict[str, dict[str, str]], *results: str) -> set[str]:
    return {probe for probe, each in findings.items() if each["result"] in results}


def test_the_preset_holds_against_an_environment_without_rules(
    cli: Run, project: Callable[..., Path], verify: Callable[..., Any]
) -> None:
    cli("up", "-f", project("strict", cluster={}))
    cli("up", "-f", project("loose", cluster={}, isolation={"preset": "none"}))
    findings = verify("strict", "--against", "loose", code=0)
    assert _results(findings, "broken", "not probed") == set()
    assert findings["machine (tcp) from a pod"]["expected"] == "blocked"
    assert findings["machine (udp) from a pod"]["expected"] == "blocked"
    assert findings["metadata address from a pod"]["expected"] == "blocked"
    assert findings["machine by the API server's proxy"]["expected"] == "blocked"
    assert findings["public address from a pod"]["found"] == "open"
    assert findings["pod of strict from a pod of loose"]["expected"] == "blocked"
    assert _results(findings, "no promise") == {
        "pod that runs as root",
        "API server of strict from a pod of loose",
        "node port of strict from a pod of loose",
    }
    findings = verify("loose", "--against", "strict", code=0)
    assert findings["privileged pod"]["found"].startswith("admitted")
    # The same probes do see what is open: their silence above means something.
    for probe in ("machine (tcp) from a pod", "machine (udp) from a pod", "machine by the API server's proxy"):
        assert findings[probe]["found"].startswith("open"), findings[probe]
    assert findings["API server of strict from a pod of loose"]["found"] == "open"
    cli("down", "strict", "loose")


def test_without_another_environment_some_is_not_probed_and_says_how(
    cli: Run, project: Callable[..., Path], verify: Callable[..., Any]
) -> None:
    rules = {"pod-security": "restricted", "network": {"public-egress": False}}
    cli("up", "-f", project("alone", cluster={}, isolation=rules))
    findings = verify("alone", code=1)
    missing = _results(findings, "not probed")
    assert _results(findings, "broken", "no promise") == set()
    assert len(missing) == 4
    assert all("--against OTHER" in findings[probe]["found"] for probe in missing)
    assert findings["pod that runs as root"]["found"].startswith("refused")
    assert findings["public address from a pod"]["expected"] == "blocked"
    cli("down", "alone")


def test_what_was_broken_is_found(cli: Run, project: Callable[..., Path], verify: Callable[..., Any]) -> None:
    cli("up", "-f", project("holed", cluster={}))
    kube = _kube("holed")
    labels = {"pod-security.kubernetes.io/enforce": "privileged"}
    kube.patch("v1", "Namespace", "default", {"metadata": {"labels": labels}})
    kube.delete("v1", "ResourceQuota", "ephemeral", "default")
    kube.delete("v1", "LimitRange", "ephemeral", "default")
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    etcd = record.read_json(paths_of("holed").processes)["etcd"]["pid"]
    for chain in ("forward", "input"):
        command = [nft, "insert", "rule", "inet", "ephemeral", chain, "accept"]
        subprocess.run(["nsenter", f"--net=/proc/{etcd}/ns/net", *command], check=True, timeout=10)
    findings = verify("holed", code=1)
    assert _results(findings, "broken") >= {
        "privileged pod",
        "pod with hostPath",
        "quota in force",
        "pod beyond requests.cpu",
        "Service with a node port",
        "container without limits",
        "kubelet from a pod",
        "machine (tcp) from a pod",
        "pod from the machine",
        "kubelet from the machine",
    }
    assert findings["pod with hostPath"]["found"] == "admitted: in default"
    text = cli("verify", "isolation", "holed", code=1).stdout
    assert "broken: kubelet from a pod\n  $ in a pod of holed: nc -v -w 3 " in text
    cli("down", "holed")


def test_simulated_nodes_keep_what_an_api_can_keep(
    cli: Run, project: Callable[..., Path], verify: Callable[..., Any]
) -> None:
    cli("up", "-f", project("simulated-1"))
    cli("up", "-f", project("simulated-2"))
    findings = verify("simulated-1", "--against", "simulated-2", code=1)
    assert _results(findings, "broken") == set()
    assert _results(findings, "not probed") == {"traffic and tokens of pods"}
    assert "simulated and run nothing" in findings["traffic and tokens of pods"]["found"]


def test_a_quota_that_an_update_changed_is_what_is_promised_then(
    cli: Run, project: Callable[..., Path], verify: Callable[..., Any], tmp_path: Path
) -> None:
    from tests.e2e.objects import config_map

    spec = project("changing", config_map("any"))
    cli("up", "-f", spec)
    content = json.loads(spec.read_text()) | {"isolation": {"quota": {"pods": "7"}}}
    spec.write_text(json.dumps(content))
    cli("up", "-f", spec)
    findings = verify("changing", code=1)
    assert findings["quota in force"]["result"] == "holds"
    assert _kube("changing").list("v1", "ResourceQuota")[0]["spec"]["hard"]["pods"] == "7"
