"""The way to the host is cut for a while: during create, during delete, and while an environment is used."""

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ephemeral import Environment, up
from ephemeral.clusters.vcluster import VclusterProvider
from ephemeral.clusters.vcluster.stamp import find_stamp
from ephemeral.errors import EphemeralError
from ephemeral.fleet import collect
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.cuttable import CuttableWay, cuttable_way
from tests.e2e.objects import deployment
from tests.e2e.vcluster.conftest import nothing_left, spec_on
from tests.images import AGNHOST

pytestmark = [pytest.mark.cluster, pytest.mark.extended]

_STILL_SECONDS = 6.0


@pytest.fixture
def way(host: Environment) -> Iterator[CuttableWay]:
    server = urlsplit(_config(host.kubeconfig)["clusters"][0]["cluster"]["server"])
    assert server.hostname
    assert server.port
    with cuttable_way((server.hostname, server.port)) as way:
        yield way


@pytest.fixture
def far(host: Environment, way: CuttableWay, tmp_path: Path) -> Callable[[str], Spec]:
    """Specs of environments on the host, reached by the way."""
    config = _config(host.kubeconfig)
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{way.port}"
    kubeconfig = tmp_path / "far"
    kubeconfig.write_text(json.dumps(config))

    def spec(name: str) -> Spec:
        made = spec_on(host, name)
        return replace(made, cluster=replace(made.cluster, host=replace(made.cluster.host, kubeconfig=str(kubeconfig))))

    return spec


def _config(path: Path) -> dict:
    return json.loads(path.read_text())


def cut_for(way: CuttableWay, seconds: float) -> None:
    way.cut()
    threading.Timer(seconds, way.mend).start()


def test_cut_while_it_is_made(
    host: Environment, provider: VclusterProvider, far: Callable[[str], Spec], way: CuttableWay, monkeypatch
) -> None:
    """Either it is whole in the end, or the command says why not and nothing is left: at once, or to the reaper."""
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(up, far("cut"))
        wait_until(lambda: _stamped(provider, "cut"), deadline=Deadline(30), what="the stamp", interval=0.01)
        cut_for(way, 4)
        failure = begun.exception()
    if failure is None:
        environment = begun.result()
        assert environment.kube.get("v1", "ServiceAccount", "default", "default") is not None
        environment.down()
    else:
        assert isinstance(failure, EphemeralError)
        assert str(way.port) in failure.message, "it says what did not answer"
    if stamp := find_stamp(provider.host, "cut"):
        stamp.write(HEARTBEAT="2020-01-01T00:00:00+00:00")
        monkeypatch.setenv("EPHEMERAL_HOST_KUBECONFIG", str(host.kubeconfig))
        assert [each.error for each in collect()] == [""]
    nothing_left(provider, "cut")


def test_cut_while_it_is_used_and_while_it_is_removed(
    provider: VclusterProvider, far: Callable[[str], Spec], way: CuttableWay
) -> None:
    environment = up(far("cut"))
    cut_for(way, 2)

    def answers() -> None:
        try:
            environment.kube.transport.request("GET", "/readyz")
        except EphemeralError as error:
            raise NotYet(error.message) from error

    wait_until(answers, deadline=Deadline(60), what="the environment, once the way is mended")
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(environment.down)
        wait_until(lambda: _leaving(provider, "cut"), deadline=Deadline(30), what="the begin of its end", interval=0.01)
        cut_for(way, 4)
        ended.result()
    nothing_left(provider, "cut")


def test_a_host_whose_api_server_stands_still_for_a_while(host: Environment, provider: VclusterProvider) -> None:
    """As in a restart, of which our own hosts are not capable: their supervisor ends with it."""
    with up(spec_on(host, "still")) as environment:
        server = _api_server_of(host)
        os.kill(server, signal.SIGSTOP)
        try:
            time.sleep(_STILL_SECONDS)  # how long it lasts is the case itself
        finally:
            os.kill(server, signal.SIGCONT)
        file = Manifest(object=deployment("web", image=AGNHOST, args=["pause"]), origin="test")
        environment.deploy([file])  # ready: what watches on both sides has gone on
        assert environment.workloads()["Deployment default/web"] == "1/1 ready"
    nothing_left(provider, "still")


def _api_server_of(host: Environment) -> int:
    """Its pid on this machine; the environment's own record has the one inside."""
    (found,) = (
        int(process.name)
        for process in Path("/proc").glob("[0-9]*")
        if (words := _words(process)) and words[0].endswith(b"/kube-apiserver") and _is_below(words, host)
    )
    return found


def _words(process: Path) -> list[bytes]:
    try:
        return (process / "cmdline").read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []


def _is_below(words: list[bytes], host: Environment) -> bool:
    return any(os.fsencode(host.kubeconfig.parent) in word for word in words)


def _stamped(provider: VclusterProvider, name: str) -> None:
    if find_stamp(provider.host, name) is None:
        raise NotYet("no stamp yet")


def _leaving(provider: VclusterProvider, name: str) -> None:
    stamp = find_stamp(provider.host, name)
    if stamp and not stamp.is_terminating and stamp.phase != "removing":
        raise NotYet(f"phase {stamp.phase}")
