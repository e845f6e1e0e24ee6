"""A web app over HTTP: real pods behind a real Service."""

import urllib.error
import urllib.request

import pytest
from pytest_ephemeral import expect


def get(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read().decode()


def test_it_says_hello(url) -> None:
    assert get(url("web")) == "hello\n"


def test_what_is_not_there_is_404(url) -> None:
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(url("web", path="/nowhere.html"))


def test_a_pod_may_go_at_any_time(url, kube) -> None:
    address = url("web")
    pod, _ = expect(kube).pods("app=web").ready(2)
    kube.delete("v1", "Pod", pod["metadata"]["name"], "default")
    expect(address).answers(containing="hello")
    expect(kube).deployment("web").available()


def test_one_pod_by_itself(port_forward) -> None:
    assert get(f"{port_forward('deployment/web', 'http').url}/index.html") == "hello\n"


def test_its_log(kube, url) -> None:
    get(url("web"))
    assert "200" in expect(kube).deployment("web").logs_contain("response:200")
