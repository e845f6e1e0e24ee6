"""Sentences that wait: how they read, and how they fail."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_ephemeral import ExpectationError, expect
from pytest_ephemeral.expectations.jsonpath import find

from ephemeral.kube.client import Kube

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def kube(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kube]:
    """One cluster for all sentences."""
    import ephemeral
    from ephemeral.spec.model import Cluster, Spec

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        with ephemeral.up(Spec(name="expect", cluster=Cluster(nodes="simulated"))) as environment:
            yield environment.kube


def deployment(name: str, **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "x/y:1", **container}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"}, "spec": spec,
    }  # fmt: skip


def test_what_comes_later_is_awaited(kube: Kube) -> None:
    timer = threading.Timer(0.5, lambda: kube.apply(deployment("late")))
    timer.start()
    item = expect(kube).deployment("late").available()
    timer.join()
    assert item["status"]["availableReplicas"] == 2
    assert len(expect(kube).pods("app=late").ready(2)) == 2


def test_a_job_and_a_pod_complete(kube: Kube) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "x/y:1"}]}}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "once", "namespace": "default"}}
    kube.apply({**job, "spec": {"template": template}})
    expect(kube).job("once").complete()
    [pod] = kube.list("v1", "Pod", namespace="default", labels="job-name=once")
    expect(kube).pod(pod["metadata"]["name"]).complete()


def test_what_can_not_come_fails_at_once_in_the_clusters_words(kube: Kube) -> None:
    kube.apply(deployment("root", securityContext={"privileged": True}))
    with pytest.raises(ExpectationError) as caught:
        expect(kube).deployment("root").available(timeout=200)
    first = str(caught.value).splitlines()[0]
    assert first.startswith('Deployment default/root: 0/2 ready: pods "root-')
    assert 'violates PodSecurity "baseline:latest"' in first
    assert "hint: fix the securityContext" in str(caught.value)


def test_a_timeout_shows_the_last_state_and_the_warnings(kube: Kube) -> None:
    kube.apply(deployment("greedy", resources={"limits": {"cpu": "90"}, "requests": {"cpu": "90"}}))
    expect(kube).object("apps/v1", "ReplicaSet", "nothing").gone()
    with pytest.raises(ExpectationError) as caught:
        expect(kube).pods("app=greedy").ready(2, timeout=2)
    text = str(caught.value)
    assert text.startswith("expected pods default/app=greedy to be ready: not within 2 s; last seen: 0 of 0")
    assert "exceeded quota" in text.partition("warnings:")[2]
    with pytest.raises(ExpectationError, match="there is no such object"):
        expect(kube).deployment("nowhere").exists(timeout=0.2)


def test_values_and_conditions(kube: Kube) -> None:
    kube.apply(deployment("valued"))
    sentence = expect(kube).deployment("valued")
    sentence.condition("Available")
    sentence.value('{.status.conditions[?(@.type=="Available")].status}', True)
    sentence.value("{.spec.replicas}", 2)
    with pytest.raises(ExpectationError, match=r"last seen: \{\.spec\.replicas\} is 2\n"):
        sentence.value("{.spec.replicas}", 3, timeout=0.2)
    with pytest.raises(ExpectationError, match="Strange is not reported"):
        sentence.condition("Strange", timeout=0.2)
    with pytest.raises(ValueError, match="can't be read"):
        sentence.value("{.spec[}", 3)


def test_a_kind_and_its_objects(kube: Kube) -> None:
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    meta = {"name": "widgets.example.com"}
    kube.apply(
        {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": meta, "spec": spec}
    )
    expect(kube).crd("widgets.example.com").established()
    widget = {"apiVersion": "example.com/v1", "kind": "Widget"}
    kube.apply({**widget, "metadata": {"name": "held", "namespace": "default", "finalizers": ["example.com/held"]}})
    kube.delete("example.com/v1", "Widget", "held", "default")
    with pytest.raises(ExpectationError, match=r"it is being deleted, held by example\.com/held"):
        expect(kube).object("example.com/v1", "Widget", "held").gone(timeout=0.2)
    kube.patch("example.com/v1", "Widget", "held", {"metadata": {"finalizers": None}}, namespace="default")
    expect(kube).object("example.com/v1", "Widget", "held").gone()


class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200 if self.asked > 2 else 503)
        self.end_headers()
        self.wfile.write(b"hello" if self.asked > 2 else b"starting")

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def url() -> Iterator[str]:
    Handler.asked = 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def test_a_url_answers_in_the_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # of whoever runs the tests: not meant for them
    assert expect(url).answers(containing="hell") == "hello"
    with pytest.raises(ExpectationError, match=r"to answer 404.*status 200: hello"):
        expect(url).answers(404, timeout=0.2)


def test_nobody_answers() -> None:
    with pytest.raises(ExpectationError, match=r"no answer: .*refused"):
        expect("http://127.0.0.1:9/").answers(timeout=0.2)


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("{.a.b}", [1]),
        ("a.b", [1]),
        ("$.list[0].n", ["x"]),
        ("{.list[-1].n}", ["y"]),
        ("{.list[*].n}", ["x", "y"]),
        ("{.list[7].n}", []),
        ('{.list[?(@.n=="y")].on}', [True]),
        ("{.list[?(@.on==true)].n}", ["y"]),
        (r"{.a.with\.dot}", [2]),
        ("{.a['with.dot']}", [2]),
        ("{.nowhere.at.all}", []),
    ],
)
def test_jsonpath(path: str, found: list[Any]) -> None:
    item = {"a": {"b": 1, "with.dot": 2}, "list": [{"n": "x", "on": False}, {"n": "y", "on": True}]}
    assert find(path, item) == found
