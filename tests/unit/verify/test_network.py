"""What is expected of each connection, and how what was seen is judged."""

import socket
from collections.abc import Iterator

import pytest

from ephemeral.spec.model import Isolation, Network
from ephemeral.spec.presets import resolve
from ephemeral.verify.finding import Finding
from ephemeral.verify.machine import listening
from ephemeral.verify.network import Attempt, findings_of, leaving
from ephemeral.verify.prober import attempt_all

ISOLATED = resolve(Isolation())
CLOSED = resolve(Isolation(network=Network(public_egress=False)))
BARE = resolve(Isolation(preset="none"))
ALLOWING = resolve(Isolation(network=Network(public_egress=False, allow_egress=("169.254.0.0/16", "203.0.113.0/24"))))


@pytest.mark.parametrize(
    ("policy", "private", "public"),
    [(ISOLATED, "blocked", "open"), (CLOSED, "blocked", "blocked"), (BARE, None, "open"), (ALLOWING, None, "open")],
    ids=["isolated", "closed", "none", "allowing"],
)
def test_what_may_leave(policy, private, public) -> None:
    assert leaving(policy, "169.254.169.254") == private
    assert leaving(policy, "203.0.113.9", public=True) == public


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port of this machine that nobody else gets while it is not listened on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def judge(*attempts: Attempt, answers: list[dict[str, str]]) -> list[Finding]:
    return list(findings_of(attempts, answers, "in a pod"))


def test_a_pod_that_reaches_one_of_many_addresses_breaks_the_promise() -> None:
    attempts = [Attempt(probe="machine", host=f"10.0.0.{number}", port=1, expected="blocked") for number in (1, 2, 3)]
    silent, reset = {"state": "silent", "detail": "no answer in 3 s"}, {"state": "reset", "detail": "refused"}
    (finding,) = judge(*attempts, answers=[silent, reset, silent])
    assert (finding.result, finding.found) == ("broken", "open: at 10.0.0.2 (refused)")
    assert "nc -v -w 3 10.0.0.2 1" in finding.did
    (finding,) = judge(*attempts, answers=[silent] * 3)
    assert (finding.result, finding.found) == ("holds", "blocked: no answer in 3 s")


def test_what_should_be_open_and_is_not_breaks_the_promise_too() -> None:
    attempt = Attempt(probe="own pod", host="10.0.0.1", port=1, expected="open")
    (finding,) = judge(attempt, answers=[{"state": "silent", "detail": "no answer in 3 s"}])
    assert (finding.result, finding.expected) == ("broken", "open")


def test_without_a_promise_all_is_right() -> None:
    attempt = Attempt(probe="metadata", host="169.254.169.254", port=80, expected=None)
    (finding,) = judge(attempt, answers=[{"state": "open", "detail": ""}])
    assert (finding.result, finding.expected, finding.found, finding.passed) == ("no promise", "-", "open", True)


def test_a_target_that_answers_nobody_proves_nothing(closed_port: int) -> None:
    attempt = Attempt(probe="API", host="127.0.0.1", port=closed_port, expected="blocked", controlled=True)
    (finding,) = judge(attempt, answers=[{"state": "silent", "detail": "no answer in 3 s"}])
    assert (finding.result, finding.passed) == ("not probed", False)
    assert "the machine does not get through to 127.0.0.1 either" in finding.found


def test_the_prober_tells_apart_who_answers(closed_port: int) -> None:
    with listening() as machine:
        wanted = [{"kind": kind, "host": "127.0.0.1", "port": machine.port} for kind in ("tcp", "udp")]
        wanted += [{"kind": kind, "host": "127.0.0.1", "port": closed_port} for kind in ("tcp", "udp")]
        wanted += [{"kind": "lookup", "host": "nobody.invalid", "port": 0}]
        answers = attempt_all(wanted)
    assert [each["state"] for each in answers] == ["open", "open", "reset", "reset", "unreachable"]
    assert all(machine.words in each["detail"] for each in answers[:2])
