"""Logs through a real API server, from a stand-in for a kubelet."""

import threading
from typing import ClassVar

import pytest

from ephemeral.kube import apply_all, wait_ready
from ephemeral.kube.logs import log_lines, pods_of
from ephemeral.kube.transport import ApiError

pytestmark = pytest.mark.cluster


@pytest.fixture
def kubelet(https_server):
    """Answers like a kubelet: the container's name and the options it is asked with; follows until released."""

    class Kubelet:
        release = threading.Event()
        asked: ClassVar[list] = []

        def do_GET(self):  # noqa: N802
            self.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            path = self.path.partition("?")[0]
            self.chunk(f"hello from {path.rpartition('/')[2]}\n")
            if "follow=true" in self.path:
                self.release.wait(30)
                self.chunk("bye\n")
            self.wfile.write(b"0\r\n\r\n")

        def chunk(self, text):
            self.wfile.write(b"%x\r\n%s\r\n" % (len(text), text.encode()))
            self.wfile.flush()

    yield Kubelet, https_server(Kubelet)
    Kubelet.release.set()


@pytest.fixture
def running(kube, manifest, kubelet, own_node, deadline):
    """A running pod with two containers whose logs the stand-in has."""
    containers = [{"name": name, "image": "a"} for name in ("web", "side")]
    spec = {"nodeName": own_node(kubelet[1]), "containers": containers}
    [applied] = apply_all(kube, [manifest("Pod", spec=spec, metadata={"labels": {"app": "web"}})], deadline=deadline)
    place = applied["metadata"]
    status = {"phase": "Running"}
    return kube.patch(
        "v1", "Pod", place["name"], {"status": status}, namespace=place["namespace"], subresource="status"
    )


def test_logs_of_a_pod(kube, running, kubelet):
    lines = [(each.container, each.text) for each in log_lines(kube, [running], tail=7)]
    assert lines == [("web", "hello from web"), ("side", "hello from side")]
    assert all("tailLines=7" in path for path in kubelet[0].asked)


def test_pods_by_workload_and_label(kube, running, namespace, manifest, deadline):
    apply_all(
        kube, [manifest("Service", spec={"selector": {"app": "web"}, "ports": [{"port": 80}]})], deadline=deadline
    )
    for name in ("pod/web", "service/web", "svc/web", "app=web"):
        assert [each["metadata"]["name"] for each in pods_of(kube, name, namespace=namespace)] == ["web"], name


def test_followed_lines_come_while_the_container_runs(kube, running, kubelet):
    lines = log_lines(kube, [running], container="web", follow=True)
    assert next(lines).text == "hello from web"
    kubelet[0].release.set()
    assert [each.text for each in lines] == ["bye"]


def test_following_can_be_left(kube, running, kubelet):
    lines = log_lines(kube, [running], follow=True)
    assert {next(lines).text, next(lines).text} == {"hello from web", "hello from side"}
    lines.close()
    assert [each for each in threading.enumerate() if each.name == "follow-log" and not ended(each)] == []


def ended(thread):
    thread.join(10)
    return not thread.is_alive()


def test_simulated_pods_have_no_logs(kube, manifest, deadline):
    pod = manifest("Pod", spec={"containers": [{"name": "web", "image": "a"}]})
    [applied] = apply_all(kube, [pod], deadline=deadline)
    wait_ready(kube, [applied], deadline=deadline)
    live = kube.get("v1", "Pod", "web", applied["metadata"]["namespace"])
    with pytest.raises(ApiError):
        list(log_lines(kube, [live]))
