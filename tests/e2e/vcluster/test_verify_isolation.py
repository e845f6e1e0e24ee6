"""What isolation is worth on a host that enforces NetworkPolicies; test_whole.py has one that does not."""

import pytest

from ephemeral import Environment
from tests.e2e.vcluster.conftest import starting_host
from tests.e2e.vcluster.fleet import starting_fleet
from tests.python_image import PYTHON, python_image

pytestmark = pytest.mark.cluster

ENFORCEMENT = "NetworkPolicies of the host"


def verified(one: Environment, other: Environment) -> dict[str, object]:
    findings = one.verify_isolation(other, image=PYTHON)
    return {each.probe: each for each in findings}


def of(findings, *results: str) -> set[str]:
    return {probe for probe, each in findings.items() if each.result in results}


@pytest.mark.extended
def test_on_a_host_that_enforces_them_everything_holds(tmp_path_factory: pytest.TempPathFactory) -> None:
    with starting_host("walled", tmp_path_factory.mktemp("walled"), network="cilium") as host:
        host.load_image(python_image())
        with starting_fleet(host, ["left", "right"]) as (left, right):
            findings = verified(left, right)
    assert findings[ENFORCEMENT].found == "enforced"
    assert of(findings, "broken") == set()
    assert of(findings, "not probed") <= {"public address from a pod"}
