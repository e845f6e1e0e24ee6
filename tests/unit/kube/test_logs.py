"""Which pods and containers a log is read from."""

from types import SimpleNamespace

import pytest

from ephemeral.errors import ClusterError
from ephemeral.kube.logs import Line, last_words, log_lines, pods_of
from ephemeral.kube.transport import ApiError


class FakeStream(list):
    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def stop(self):
        pass


class FakeTransport:
    """Has a log of some containers."""

    def __init__(self, **logs):
        self.logs = logs
        self.queries = []

    def lines(self, path, *, query, timeout):
        self.queries.append((path, query))
        if query["container"] not in self.logs:
            raise ApiError(f"container {query['container']} is waiting to start", status=400)
        return FakeStream(self.logs[query["container"]])


def kube(**logs):
    return SimpleNamespace(transport=FakeTransport(**logs))


def a_pod(*containers, init=(), **status):
    spec = {"containers": [{"name": name} for name in containers], "initContainers": [{"name": name} for name in init]}
    return {"kind": "Pod", "metadata": {"name": "web-1", "namespace": "shop"}, "spec": spec, "status": status}


def texts(lines):
    return [(line.container, line.text) for line in lines]


def test_all_containers_one_after_the_other():
    found = log_lines(kube(setup=["a"], web=["b", "c"]), [a_pod("web", init=["setup"])])
    assert texts(found) == [("setup", "a"), ("web", "b"), ("web", "c")]


def test_one_container_with_its_options():
    client = kube(web=["b"], side=["x"])
    found = list(log_lines(client, [a_pod("web", "side")], container="web", tail=5, previous=True))
    assert found == [Line(namespace="shop", pod="web-1", container="web", text="b")]
    path, query = client.transport.queries[0]
    assert path == "/api/v1/namespaces/shop/pods/web-1/log"
    assert query == {"container": "web", "tailLines": "5", "previous": "true", "follow": "false"}


def test_container_that_has_not_started_is_left_out():
    assert texts(log_lines(kube(web=["b"]), [a_pod("web", "late")])) == [("web", "b")]


def test_no_log_at_all_is_an_error():
    with pytest.raises(ApiError, match="waiting to start"):
        list(log_lines(kube(), [a_pod("web", "late")]))


def test_followed_logs_all_arrive():
    found = log_lines(kube(web=["a", "b"], side=["c"]), [a_pod("web", "side")], follow=True)
    assert sorted(texts(found)) == [("side", "c"), ("web", "a"), ("web", "b")]


def test_last_words_come_from_the_run_that_crashed():
    crashed = {"name": "web", "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    well = {"name": "side", "restartCount": 0, "ready": True, "state": {"running": {}}}
    client = kube(web=["panic"], side=["fine"])
    assert last_words(client, a_pod("web", "side", containerStatuses=[crashed, well])) == ["panic"]
    assert client.transport.queries[0][1]["previous"] == "true"


def test_last_words_where_no_kubelet_answers():
    crashed = {"name": "web", "restartCount": 3, "state": {"terminated": {"exitCode": 1}}}
    assert last_words(kube(), a_pod("web", containerStatuses=[crashed])) == []


class FakeKube:
    """One Deployment and pods by selector."""

    def __init__(self, selector):
        self.item = {"kind": "Deployment", "metadata": {"name": "web"}, "spec": {"selector": selector}}
        self.discovery = SimpleNamespace(by_name=lambda name: SimpleNamespace(api_version="apps/v1", kind="Deployment"))
        self.asked = []

    def get(self, api_version, kind, name, namespace):
        return self.item if name == "web" else None

    def list(self, api_version, kind, *, namespace, labels):
        self.asked.append((kind, namespace, labels))
        return []


@pytest.mark.parametrize(
    ("selector", "labels"),
    [
        ({"matchLabels": {"app": "web", "tier": "front"}}, "app=web,tier=front"),
        ({"app": "web"}, "app=web"),
        (
            {
                "matchLabels": {"app": "web"},
                "matchExpressions": [
                    {"key": "a", "operator": "In", "values": ["x", "y"]},
                    {"key": "b", "operator": "NotIn", "values": ["z"]},
                    {"key": "c", "operator": "Exists"},
                    {"key": "d", "operator": "DoesNotExist"},
                ],
            },
            "app=web,a in (x,y),b notin (z),c,!d",
        ),
    ],
)
def test_pods_of_a_workload(selector, labels):
    client = FakeKube(selector)
    pods_of(client, "deployment/web", namespace="shop")
    assert client.asked == [("Pod", "shop", labels)]


def test_pods_by_label():
    client = FakeKube({})
    pods_of(client, "app=web")
    assert client.asked == [("Pod", "default", "app=web")]


def test_pods_of_what_is_not_there():
    with pytest.raises(ClusterError, match="no Deployment shop/api"):
        pods_of(FakeKube({}), "deployment/api", namespace="shop")


def test_pods_of_what_selects_none():
    with pytest.raises(ClusterError, match="selects no pods"):
        pods_of(FakeKube({}), "deployment/web")
