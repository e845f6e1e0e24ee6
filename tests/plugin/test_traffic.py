"""Real pods behind `url` and `port_forward`."""

import json

import pytest

from tests.e2e.objects import deployment, service
from tests.images import BUSYBOX, busybox_image
from tests.plugin.conftest import Suite
from tests.plugin.suites import wait_nothing_left

pytestmark = pytest.mark.cluster

MODULE = """
    import pytest, threading, time, socket, urllib.error, urllib.request
    from pytest_ephemeral import expect

    def get(url):
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()

    def web_pods(kube):
        return kube.list("v1", "Pod", namespace="default", labels="app=web")

    def is_ready(pod):
        return any((each["type"], each["status"]) == ("Ready", "True") for each in pod["status"].get("conditions", []))

    def test_url(url):
        assert expect(url("web", path="/index.html")).answers(containing="hello")

    def test_a_port_of_a_service_by_number_and_by_name(port_forward):
        for port in (80, "http"):
            assert get(port_forward("service/web", port).url + "/index.html") == "hello\\n"
        assert get(port_forward("deployment/web", "main").url + "/index.html") == "hello\\n"

    def test_a_client_that_breaks_off_disturbs_nobody(port_forward):
        forward = port_forward("service/web", 80)
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(get(forward.url + "/index.html"))) for _ in range(8)]
        for thread in threads:
            thread.start()
            with socket.create_connection(("127.0.0.1", forward.port)) as rude:
                rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
                rude.sendall(b"GET /index.ht")
        for thread in threads:
            thread.join()
        assert answers == ["hello\\n"] * 8

    def test_the_port_stays_when_the_pod_is_replaced(port_forward, kube):
        forward = port_forward("service/web", 80)
        assert get(forward.url + "/index.html") == "hello\\n"
        old = {pod["metadata"]["name"] for pod in web_pods(kube)}
        for name in old:
            kube.delete("v1", "Pod", name, "default")
        while not any(is_ready(pod) and pod["metadata"]["name"] not in old for pod in web_pods(kube)):
            time.sleep(0.1)
        assert get(forward.url + "/index.html") == "hello\\n"

    def test_a_large_answer_and_a_large_question(port_forward):
        with socket.create_connection(("127.0.0.1", port_forward("pod/echo", 7).port)) as connection:
            sent = bytes(range(256)) * 8192
            threading.Thread(target=connection.sendall, args=(sent,)).start()
            got = b""
            while len(got) < len(sent):
                got += connection.recv(65536)
            assert got == sent

    def test_nobody_listens(port_forward):
        forward = port_forward("pod/echo", 9)
        with socket.create_connection(("127.0.0.1", forward.port)) as connection:
            assert connection.recv(1) == b""
        assert "refused" in forward.failures[0]

    def test_no_such_port(port_forward):
        port_forward("service/web", 81)

    def test_no_such_service(url):
        url("nowhere")

    @pytest.mark.parametrize("hold", [True, False])
    def test_a_preview(preview, url, hold):
        ends = {"on-pass": "hold", "on-fail": "hold"} if hold else {}
        found = preview(
            service=["web"],
            strategy="blue-green",
            grace="1s",
            load={"duration": "1s", "paths": [{"path": "/index.html"}]},
            checks=[{"run": ["true"]}],
            **ends,
        )
        state = found.start()
        assert (state.verdict, state.phase) == ("pass", "held" if hold else "promoted")
        if hold:
            assert get(found.url() + "index.html") == get(url("web") + "index.html") == "hello\\n"

    def test_no_candidate_outlives_its_test(kube):
        names = [each["metadata"]["name"] for each in kube.list("apps/v1", "Deployment", namespace="default")]
        assert names == ["web"]

    def test_logs(kube):
        expect(kube).pod("echo").logs_contain("listening")
        expect(kube).deployment("web").available()
"""


def test_real_pods(pytester: pytest.Pytester, suite: Suite) -> None:
    script = "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp"
    web = deployment("web", replicas=1, image=BUSYBOX, command=["sh", "-c", script])
    web["spec"]["template"]["spec"]["containers"][0]["ports"] = [{"name": "main", "containerPort": 8080}]
    exposed = service("web")
    exposed["spec"]["ports"] = [{"name": "http", "port": 80, "targetPort": "main"}]
    echo = ["sh", "-c", "echo listening; exec nc -ll -p 7 -e /bin/cat"]
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "echo", "namespace": "default"},
        "spec": {"containers": [{"name": "main", "image": BUSYBOX, "command": echo}]},
    }
    (pytester.path / "app.json").write_text(
        json.dumps({"apiVersion": "v1", "kind": "List", "items": [web, exposed, pod]})
    )
    spec = {"name": "traffic", "app": [{"manifests": "app.json"}], "images": {"busybox": str(busybox_image())}}
    (pytester.path / "ephemeral.yaml").write_text(json.dumps(spec))
    result = suite(MODULE, "--ephemeral-nodes=real")
    result.assert_outcomes(passed=10, failed=2)
    result.stdout.fnmatch_lines(["*Service default/web has no port 81; it has http.*"])
    result.stdout.fnmatch_lines(["*there is no Service default/nowhere.*"])
    wait_nothing_left()
