"""Previews from start to end: podinfo as a good, slow, failing and broken candidate, under users' requests."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.errors import PreviewError, WorkloadError
from ephemeral.kube.objects import Manifest
from ephemeral.previews.asking import ask
from ephemeral.previews.observations import read_requests
from ephemeral.previews.preview import Preview
from ephemeral.previews.records import REQUESTS
from ephemeral.previews.routers.classes import OWN
from ephemeral.previews.routers.definitions import install_definitions
from ephemeral.previews.routers.routes import API, GATEWAY
from ephemeral.previews.state import State
from ephemeral.spec.load import load
from ephemeral.spec.model import Cluster, Spec
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import podinfo
from tests.e2e.conftest import CLI
from tests.images import podinfo_image, traefik_image

pytestmark = pytest.mark.cluster

NAME = "previews"
ERRORS = {"compare": "errors", "worse-by": "10%"}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    """One environment for all; each test leaves it with a baseline and no candidate."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(Spec(name=NAME, cluster=Cluster(nodes="real"))) as environment:
            environment.load_image(podinfo_image())
            environment.load_image(traefik_image())
            yield environment


@pytest.fixture(autouse=True)
def baseline(env: Environment, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("EPHEMERAL_STATE_DIR", str(env.kubeconfig.parents[2]))
    env.deploy([Manifest(object=each, origin="test") for each in podinfo.app()])
    yield
    left = env.kube.list("apps/v1", "Deployment", namespace="default", labels="ephemeral/preview=candidate")
    if left:
        env.preview().abort()


@pytest.fixture
def described(tmp_path: Path) -> Callable[..., Path]:
    """Write an ephemeral.yaml with this `preview:`."""

    def write(**keys: Any) -> Path:
        checks = keys.pop("checks", [ERRORS])
        load_keys = {"rate": 100, "duration": "20s", "port": "http", **keys.pop("load", {})}
        preview = {"service": "podinfo", "grace": "1s", "load": load_keys, "checks": checks, "warm-up": 0, **keys}
        path = tmp_path / "ephemeral.yaml"
        path.write_text(json.dumps({"name": NAME, "preview": preview}))
        return path

    return write


def preview_of(path: Path) -> Preview:
    return ephemeral.attach(NAME, spec=load(path).spec).preview()


def command(*words: str | Path) -> list[str]:
    return [*CLI, "preview", *map(str, words)]


def run(*words: str | Path, code: int, cwd: Path) -> dict[str, Any]:
    finished = subprocess.run(
        command(*words, "-o", "json"), cwd=cwd, capture_output=True, text=True, timeout=200, check=False
    )
    if finished.returncode != code:
        pytest.fail(f"exit {finished.returncode}, not {code}\n{finished.stdout}\n{finished.stderr}")
    found: dict[str, Any] = json.loads(finished.stdout)
    return found


def wait_for(env: Environment, what: Callable[[State], bool]) -> None:
    def attempt() -> None:
        try:
            state = env.preview().status()
        except PreviewError as error:  # not begun yet
            raise NotYet(error.message) from error
        if not what(state):
            raise NotYet(f"{state.phase}: {state.history[-1:]}")

    wait_until(attempt, deadline=Deadline(60), what="the moment", interval=0.02, max_interval=0.05)


def messages(env: Environment, times: int = 20, **headers: str) -> set[str]:
    url = env.url("podinfo", port="http")
    return {podinfo.message(url, headers) for _ in range(times)}


def test_a_gateway_whose_image_is_not_to_be_had_ends_the_start_with_why(
    env: Environment, described: Callable[..., Path]
) -> None:
    path = described(**{"gateway-image": "registry.invalid/no/such:1"})
    with pytest.raises(WorkloadError, match=r"ephemeral-gateway.*(ImagePull|ErrImage|registry\.invalid)"):
        preview_of(path).start()
    assert env.preview().status().phase == "aborted"
    assert messages(env) == {"baseline"}


@pytest.mark.extended  # it takes half a minute to believe that no pods come
def test_a_class_that_is_only_found_and_runs_its_pods_elsewhere_is_left_for_traefik(
    env: Environment, described: Callable[..., Path]
) -> None:
    metadata = {"metadata": {"name": "elsewhere"}}
    accepted = {"type": "Accepted", "status": "True", "reason": "Accepted", "message": "", "observedGeneration": 1}
    status = {"status": {"conditions": [{**accepted, "lastTransitionTime": "2020-01-01T00:00:00Z"}]}}
    item = {"apiVersion": API, "kind": "GatewayClass", **metadata, "spec": {"controllerName": "example.test/elsewhere"}}
    install_definitions(env.kube)
    env.kube.delete(API, "Gateway", GATEWAY, "default")  # of an earlier preview, whose class would be kept
    env.kube.apply(item)
    try:
        path, patch = f"/apis/{API}/gatewayclasses/elsewhere/status", {"Content-Type": "application/merge-patch+json"}
        env.kube.transport.request("PATCH", path, body=status, headers=patch)
        with pytest.raises(PreviewError, match="there is no Deployment, DaemonSet or StatefulSet"):
            preview_of(described(**{"gateway-class": "elsewhere"})).start()
        state = preview_of(described(load={"duration": "2s"}, **{"on-pass": "hold", "on-fail": "hold"})).start()
    finally:
        env.kube.delete(API, "GatewayClass", "elsewhere")
    assert state.phase == "held"
    live = env.kube.get(API, "Gateway", GATEWAY, "default") or {}
    assert live["spec"]["gatewayClassName"] == OWN


def test_a_failing_candidate_is_caught_and_aborted_and_no_request_to_the_baseline_fails(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    candidate = {"patch": podinfo.patch(tmp_path, RANDOM_ERROR="true")}
    path = described(candidate=candidate, steps=[{"weight": 50}, {"load": "20s"}, {"check": True}])
    with podinfo.traffic(env.url("podinfo", port="http"), headers={"x-ephemeral-preview": "baseline"}) as users:
        state = run("start", "-f", path, code=1, cwd=tmp_path)
    assert state["phase"] == "aborted"
    assert users.failures == []
    seen = list(read_requests(tmp_path / "ephemeral-report" / NAME / "preview" / REQUESTS))
    assert {each.status for each in seen if each.arm == "baseline"} == {200}
    assert any(each.failed for each in seen if each.arm == "candidate")
    assert len(seen) < 20 * 100, "it was caught before the load was over"
    assert ask(env.url("podinfo-preview", port="http")).status == 503
    assert messages(env) == {"baseline"}


def test_a_slow_candidate_fails_by_its_latency(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    slow = {"RANDOM_DELAY": "true", "RANDOM_DELAY_UNIT": "ms", "RANDOM_DELAY_MIN": "100", "RANDOM_DELAY_MAX": "200"}
    path = described(
        candidate={"patch": podinfo.patch(tmp_path, **slow)},
        checks=[{"compare": "p95", "worse-by": "50%", "slack": "20ms"}],
    )
    state = preview_of(path).start()
    assert (state.verdict, state.phase) == ("fail", "aborted")
    assert "p95" in state.sentence


@pytest.mark.extended  # in the core tier, one that is killed halfway is promoted so, and docs' examples are
def test_a_good_candidate_is_promoted_by_blue_green_and_nobody_notices(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    path = described(strategy="blue-green", candidate={"patch": podinfo.patch(tmp_path)})
    with podinfo.traffic(env.url("podinfo", port="http")) as users:
        state = run("start", "-f", path, code=0, cwd=tmp_path)
    assert (state["verdict"], state["phase"]) == ("pass", "promoted")
    assert users.failures == []
    assert messages(env) == {"candidate"}
    assert "Deployment default/podinfo-preview" not in env.workloads()


def test_a_promotion_of_a_canary_loses_no_request_either(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    steps = [{"header": True}, {"weight": 50}, {"scale": 3}, {"pause": "promote"}]
    path = described(candidate={"patch": podinfo.patch(tmp_path)}, steps=steps)
    with podinfo.traffic(env.url("podinfo", port="http")) as users:
        assert preview_of(path).start().phase == "paused"
        assert messages(env) == {"baseline", "candidate"}
        assert preview_of(path).promote().phase == "promoted"
    assert users.failures == []
    assert messages(env) == {"candidate"}


def test_a_candidate_that_never_gets_ready_is_removed_with_why(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    broken = {"RANDOM_DELAY_MIN": "9", "RANDOM_DELAY_MAX": "1"}
    path = described(candidate={"patch": podinfo.patch(tmp_path, **broken)})
    with podinfo.traffic(env.url("podinfo", port="http")) as users, pytest.raises(WorkloadError) as caught:
        preview_of(path).start()
    assert "podinfo-preview" in caught.value.message
    assert "random-delay-max" in caught.value.message
    assert env.preview().status().phase == "aborted"
    assert users.failures == []


@pytest.mark.extended  # in the core tier, it is one whose router is killed
def test_an_identical_candidate_is_said_to_be_one_and_judged_all_the_same(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    state = run("start", "-f", described(**{"on-pass": "hold"}), code=0, cwd=tmp_path)
    assert (state["verdict"], state["phase"]) == ("pass", "held")
    assert any("identical" in line for line in state["history"])


def test_where_both_are_broken_the_verdict_is_inconclusive(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    path = described(load={"duration": "4s", "paths": [{"path": "/status/500"}]})
    state = run("start", "-f", path, code=3, cwd=tmp_path)
    assert (state["verdict"], state["phase"]) == ("inconclusive", "held")


def test_commands_decide_too(env: Environment, described: Callable[..., Path], tmp_path: Path) -> None:
    script = 'curl -sf "$EPHEMERAL_PREVIEW_URL" | grep -q candidate && curl -sf "$EPHEMERAL_URL" | grep -q baseline'
    path = described(
        candidate={"patch": podinfo.patch(tmp_path)},
        steps=[{"run": ["sh", "-c", script]}, {"check": True}],
        checks=[{"name": "smoke", "run": ["sh", "-c", "echo broken >&2; exit 9"]}],
    )
    state = preview_of(path).start()
    assert (state.verdict, state.sentence) == ("fail", "smoke exited with code 9: broken.")


def test_a_router_that_is_killed_goes_on_where_it_was(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    path = described(load={"duration": "8s"}, **{"on-pass": "hold"})  # identical to the baseline, too
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(lambda: preview_of(path).start(records=tmp_path))
        wait_for(env, lambda state: "load of" in "".join(state.history[-1:]))
        for pod in env.kube.list("v1", "Pod", namespace="default", labels="ephemeral/preview=gateway"):
            env.kube.delete("v1", "Pod", pod["metadata"]["name"], "default")
        state = begun.result()
    assert state.verdict in ("pass", "inconclusive")
    assert any("identical" in line for line in state.history)
    last = list(read_requests(tmp_path / REQUESTS))[-50:]
    assert {each.arm for each in last} == {"baseline", "candidate"}
    assert not any(each.failed for each in last)


@pytest.mark.parametrize(
    ("strategy", "moment"),
    [
        pytest.param("blue-green", "load of", marks=pytest.mark.extended),
        pytest.param("blue-green", "in effect: 100 %", marks=pytest.mark.extended),
        pytest.param("blue-green", "the baseline is updated", marks=pytest.mark.extended),
        ("canary", "the baseline is updated"),
    ],
)
def test_whoever_is_killed_another_goes_on(
    env: Environment, described: Callable[..., Path], tmp_path: Path, strategy: str, moment: str
) -> None:
    path = described(strategy=strategy, candidate={"patch": podinfo.patch(tmp_path)}, grace="3s")
    with podinfo.traffic(env.url("podinfo", port="http")) as users:
        started = subprocess.Popen(
            command("start", "-f", path), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(env, lambda state: any(moment in line for line in state.history) and not state.over)
        started.send_signal(signal.SIGKILL)
        started.wait()
        verb = ["start", "-f", path] if moment == "load of" else ["promote", "-f", path]
        state = run(*verb, code=0, cwd=tmp_path)
    assert (state["verdict"], state["phase"]) == ("pass", "promoted")
    assert users.failures == [], state["history"]
    assert messages(env) == {"candidate"}
    assert "Deployment default/podinfo-preview" not in env.workloads()


def test_an_abort_stops_whoever_works_on_it_and_two_at_once_do_no_harm(
    env: Environment, described: Callable[..., Path], tmp_path: Path
) -> None:
    path = described(
        candidate={"patch": podinfo.patch(tmp_path)}, load={"duration": "60s"}, checks=[{"compare": "p99"}]
    )
    with podinfo.traffic(env.url("podinfo", port="http")) as users, ThreadPoolExecutor(3) as pool:
        begun = pool.submit(lambda: preview_of(path).start())
        wait_for(env, lambda state: "load of" in "".join(state.history[-1:]))
        aborts = [pool.submit(lambda: env.preview().abort()) for _ in range(2)]
        assert {each.result().phase for each in aborts} == {"aborted"}
        with pytest.raises(PreviewError, match="abort"):
            begun.result()
    assert users.failures == []
    assert messages(env) == {"baseline"}
    with pytest.raises(PreviewError, match="was aborted"):
        env.preview().promote()
