"""Findings about the API: refusals count only in the right words, quotas only as a sum."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ephemeral.kube.transport import ApiError
from ephemeral.spec.model import Isolation, Network
from ephemeral.spec.presets import policy_from_dict, resolve
from ephemeral.verify.admission import probe_pod_security
from ephemeral.verify.amounts import probe_amounts
from ephemeral.verify.subject import Subject

ISOLATED = resolve(Isolation(pod_security="restricted"))
BARE = resolve(Isolation(preset="none"))


class Answer:
    def __init__(self, body: Any) -> None:
        self.body = body

    def json(self) -> Any:
        return self.body


class Cluster:
    """Plays Kube and its transport; ``admit`` raises, or returns what the API server made of an object."""

    def __init__(self, admit: Callable[[dict[str, Any], str], Any], quotas: list[dict[str, str]]) -> None:
        self.admit, self.quotas = admit, quotas
        self.transport = self
        self.stored = False

    def request(self, method: str, path: str, *, query: dict[str, str], body: dict[str, Any]) -> Answer:
        self.stored = self.stored or query != {"dryRun": "All"}
        return Answer(self.admit(body, path.split("/")[4]))

    def list(self, version: str, kind: str, **_selectors: str) -> list[dict[str, Any]]:
        if kind == "Namespace":
            names = ("default", "kube-system", "shop", "ephemeral-verify-abcde")
            return [{"metadata": {"name": name}} for name in names]
        return [{"status": {"hard": hard}} for hard in self.quotas]


def subject(admit: Callable[..., Any], policy=ISOLATED, quotas=()) -> Subject:
    cluster: Any = Cluster(admit, list(quotas))
    return Subject(name="a", kubeconfig=Path("/k"), kube=cluster, policy=policy, vantage=None)


def refuse(words: str) -> Callable[..., Any]:
    def admit(item: dict[str, Any], namespace: str) -> Any:
        raise ApiError(words, status=403, reason="Forbidden")

    return admit


def test_refused_in_every_namespace_holds() -> None:
    findings = list(probe_pod_security(subject(refuse('pods "x" is forbidden: violates PodSecurity "restricted"'))))
    assert {each.result for each in findings} == {"holds"}
    assert len(findings) == 5
    assert "in default, kube-system, shop" in findings[0].found
    assert "ephemeral-verify-abcde" not in findings[0].found


def test_one_namespace_that_admits_breaks_the_promise_and_is_named() -> None:
    def admit(item: dict[str, Any], namespace: str) -> Any:
        return item if namespace == "shop" else refuse("violates PodSecurity")(item, namespace)

    for finding in probe_pod_security(subject(admit)):
        assert (finding.result, finding.found) == ("broken", "admitted: in shop")
        command, _, text = finding.did.partition(" <<< ")
        assert command == "kubectl --kubeconfig /k create --dry-run=server -n shop -f -"
        assert json.loads(text.strip("'"))["kind"] == "Pod"


def test_a_refusal_for_another_reason_is_no_pass() -> None:
    for finding in probe_pod_security(subject(refuse("exceeded quota: ephemeral"))):
        assert (finding.result, finding.passed) == ("not probed", False)
        assert "exceeded quota" in finding.found


def test_baseline_promises_nothing_about_root_and_none_promises_nothing_at_all() -> None:
    baseline = list(probe_pod_security(subject(lambda item, _: item, resolve(Isolation()))))
    assert [each.result for each in baseline] == ["broken"] * 4 + ["no promise"]
    bare = [
        *probe_pod_security(subject(lambda item, _: item, BARE)),
        *probe_amounts(subject(lambda item, _: item, BARE)),
    ]
    assert {each.result for each in bare} == {"no promise"}


def amounts(admit: Callable[..., Any], quotas: list[dict[str, str]]) -> dict[str, Any]:
    return {each.probe: each for each in probe_amounts(subject(admit, quotas=quotas))}


def halves() -> list[dict[str, str]]:
    """The preset's quota in two namespaces."""
    first = dict(ISOLATED.quota) | {"pods": "12"}
    return [first, dict.fromkeys(first, "0") | {"pods": "8"}]


def test_quotas_count_as_a_sum() -> None:
    words = "exceeded quota: ephemeral, requested: limits.cpu=21"
    assert amounts(refuse(words), halves())["quota in force"].result == "holds"
    broken = amounts(refuse(words), halves()[:1])["quota in force"]
    assert broken.result == "broken"
    assert "pods 12, not 20" in broken.found
    assert "requests.cpu unlimited, not 10" in amounts(refuse(words), [])["quota in force"].found


def test_a_pod_beyond_the_quota_that_is_admitted_breaks_the_promise() -> None:
    findings = amounts(lambda item, _: item, halves())
    assert findings["pod beyond requests.memory"].result == "broken"
    assert findings["Service with a node port"].found == "admitted: in default, shop"
    assert findings["container without limits"].result == "broken"


def test_defaults_are_compared_as_amounts() -> None:
    def admit(item: dict[str, Any], namespace: str) -> Any:
        given = {"limits": {**ISOLATED.default_limits, "cpu": "1000m"}, "requests": dict(ISOLATED.default_requests)}
        return {"spec": {"containers": [{"resources": given}]}}

    assert amounts(admit, halves())["container without limits"].result == "holds"


@pytest.mark.parametrize(
    "isolation", [Isolation(), Isolation(preset="none", network=Network(allow_egress=("10.0.0.0/8",)))]
)
def test_a_policy_survives_the_record(isolation: Isolation) -> None:
    policy = resolve(isolation)
    assert policy_from_dict(json.loads(json.dumps(asdict(policy)))) == policy
