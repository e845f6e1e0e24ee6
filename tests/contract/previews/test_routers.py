"""What every router promises, on real pods under real requests."""

import http.client
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from scipy.stats import binom

from ephemeral.apps.files import read_manifests
from ephemeral.environment import Environment
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest
from ephemeral.previews.baseline import find_baseline
from ephemeral.previews.copies import copies, remove_copies
from ephemeral.previews.names import REQUEST_HEADER
from ephemeral.previews.routers import Router, Stage, router_named
from ephemeral.previews.wanted import wanted
from ephemeral.process import run
from tests import envoy_gateway, podinfo, programs
from tests.images import TRAEFIK

pytestmark = pytest.mark.cluster


def live_service(env: Environment) -> dict[str, Any]:
    found = env.kube.get("v1", "Service", "podinfo", "default")
    assert found
    return found


@pytest.fixture(scope="module")
def stage(env: Environment) -> Stage:
    def put(objects: Sequence[dict[str, Any]]) -> None:
        env.deploy([Manifest(object=each, origin="preview") for each in objects])

    return Stage(
        kube=env.kube,
        baseline=find_baseline(env.kube, ["podinfo"], namespace="default"),
        put=put,
        url=lambda service, port: env.url(service, port=port),
        progress=env.progress,
        gateway_image=TRAEFIK,
    )


@pytest.fixture(
    scope="module",
    params=["service", "replicas", "gateway-api", pytest.param("gateway-api of Envoy", marks=pytest.mark.extended)],
)
def router(request: pytest.FixtureRequest, env: Environment, stage: Stage, tmp_path_factory: Any) -> Iterator[Router]:
    """The router, prepared, with the candidate's pods ready."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(env.kubeconfig.parents[2]))
        name, _, other = request.param.partition(" of ")
        if other:
            for archive in envoy_gateway.images():
                env.load_image(archive)
            env.deploy(envoy_gateway.manifests())
        before = live_service(env)
        found = router_named(name, stage)
        with podinfo.traffic(env.url("podinfo", port=80)) as users:
            found.prepare()
            path = Path(podinfo.patch(tmp_path_factory.mktemp("patch")))
            patches = read_manifests((str(path),), base=path.parent)
            candidate = wanted(env.kube, stage.baseline, images={}, patches=patches, manifests=[])
            stage.put(copies(candidate, stage.baseline))
            assert answers(env) == {"baseline"}
        assert users.failures == []
        yield found
        with podinfo.traffic(env.url("podinfo", port=80)) as users:
            found.shift(0)
            found.release()
            remove_copies(env.kube, "default")
            assert answers(env) == {"baseline"}
        assert users.failures == []
        after = live_service(env)
        for key in ("selector", "ports"):
            assert after["spec"][key] == before["spec"][key]
        assert not after["metadata"].get("annotations")


def answers(env: Environment, times: int = 40, **headers: str) -> set[str]:
    url = env.url("podinfo", port=80)
    return {podinfo.message(url, headers) for _ in range(times)}


def count(url: str, requests: int, path: str = "/") -> Counter[str]:
    """Who answers how often, by the app's own word; eight connections that stay open."""
    place, seen, lock = urlsplit(url).netloc, Counter[str](), threading.Lock()

    def work() -> None:
        connection, mine = http.client.HTTPConnection(place, timeout=10), Counter[str]()
        for _ in range(requests // 8):
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
            mine["candidate" if b'"candidate"' in body else "baseline" if b'"baseline"' in body else "other"] += 1
        connection.close()
        with lock:
            seen.update(mine)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return seen


def test_all_and_nothing_are_switched_without_a_lost_request_and_back_again(router: Router, env: Environment) -> None:
    with podinfo.traffic(env.url("podinfo", port=80)) as users:
        router.shift(100)
        assert answers(env) == {"candidate"}
        router.shift(0)
        assert answers(env) == {"baseline"}
    assert users.failures == []
    assert users.statuses[200] > 0


def test_the_candidate_alone_answers_at_the_preview_url(router: Router, env: Environment) -> None:
    url = router.preview_url("podinfo", 80)
    assert {podinfo.message(url) for _ in range(20)} == {"candidate"}


def test_every_port_is_kept(router: Router, env: Environment) -> None:
    podcli = programs.podinfo() / "podcli"
    for url in (env.url("podinfo", port="grpc"), router.preview_url("podinfo", podinfo.GRPC)):
        run([podcli, "check", "grpc", urlsplit(url).netloc], timeout=20)


def test_load_knows_who_answered(router: Router, env: Environment) -> None:
    router.shift(100 if not router.weighted else 50)
    seen = Counter[tuple[str, str]]()
    routing = router.routing("podinfo", 80, lambda: 0.5)
    import random

    chance = random.Random(1)
    for _ in range(60):
        destination, intended, _ = routing.draw(chance)
        place = urlsplit(destination.url).netloc
        connection = http.client.HTTPConnection(place, timeout=10)
        connection.request("GET", "/", headers=dict(destination.headers))
        response = connection.getresponse()
        arm = routing.arm(intended, {key.lower(): value for key, value in response.getheaders()})
        seen[arm, "candidate" if b'"candidate"' in response.read() else "baseline"] += 1
        connection.close()
    router.shift(0)
    assert set(seen) == {("baseline", "baseline"), ("candidate", "candidate")}


def test_weights_are_kept_by_routers_that_have_them_and_no_other_claims_to(router: Router, env: Environment) -> None:
    url = env.url("podinfo", port=80)
    if router.name == "service":
        with pytest.raises(SpecError, match="0 or 100 percent, not 20"):
            router.shift(20)
    elif not router.weighted:
        assert router.shift(20) == "33 % of connections (1 of 3 pods; 20 % asked)"
        assert answers(env) == {"baseline", "candidate"}
    else:
        for percent in (5, 20, 50):
            router.shift(percent)
            seen = count(url, 10_000)
            low, high = binom.interval(0.999, 10_000, percent / 100)
            assert low <= seen["candidate"] <= high, seen
            assert seen["candidate"] + seen["baseline"] == 10_000
        with pytest.raises(SpecError, match="0 to 100"):
            router.shift(101)
    router.shift(0)


def test_the_header_leads_to_an_arm_whatever_the_weights(router: Router, env: Environment) -> None:
    if not router.by_header:
        assert answers(env, **{REQUEST_HEADER: "candidate"}) == {"baseline"}
        return
    for percent in (0, 100):
        router.shift(percent)
        for arm in ("baseline", "candidate"):
            assert answers(env, **{REQUEST_HEADER: arm}) == {arm}
    router.shift(0)


def test_what_it_did_already_can_be_done_again(router: Router, env: Environment, stage: Stage) -> None:
    again = router_named(router.name, stage)
    with podinfo.traffic(env.url("podinfo", port=80)) as users:
        again.prepare()
        again.shift(0)
        assert answers(env) == {"baseline"}
    assert users.failures == []
