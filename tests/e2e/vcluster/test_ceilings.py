"""The ceilings of docs/host-clusters.md, applied as they stand there, hold and stay the admin's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ephemeral import Environment, up
from ephemeral.clusters.vcluster.rights import role_for
from ephemeral.errors import ClusterError, PolicyError
from ephemeral.kube.client import connect
from ephemeral.spec.model import Isolation
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.e2e.test_docs import blocks
from tests.e2e.vcluster.accounts import grant, kubeconfig_of, remove_namespace
from tests.e2e.vcluster.conftest import spec_on

pytestmark = pytest.mark.cluster


@pytest.fixture
def ceilings(host: Environment, repository: Path) -> Iterator[dict[str, Any]]:
    """All objects of the page, on the host; the policy's ConfigMap."""
    found = [yaml.safe_load_all(block) for block in blocks(repository / "docs/host-clusters.md", "yaml")]
    objects = [each for block in found for each in block if "kind" in each]
    assert [each["kind"] for each in objects] == [
        "Namespace",
        "ConfigMap",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    ]
    for each in objects:
        host.kube.apply(each)
    yield objects[1]
    for each in reversed(objects):
        metadata = each["metadata"]
        host.kube.delete(each["apiVersion"], each["kind"], metadata["name"], metadata.get("namespace"))
    remove_namespace(host, "ephemeral-system")


def test_the_ceilings_of_the_page_hold_and_whoever_holds_the_role_can_not_lift_them(
    host: Environment, ceilings: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(PolicyError, match=r"ttl asks for 9h; ConfigMap ephemeral-system/ephemeral-policy"):
        up(spec_on(host, "beyond", ttl="9h"))
    with pytest.raises(PolicyError, match="privileged"):
        up(spec_on(host, "beyond", isolation=Isolation(pod_security="privileged")))

    kubeconfig = kubeconfig_of(host, "maker", tmp_path)
    grant(host, "maker", role_for(""))
    maker = connect(kubeconfig)
    lifted = {**ceilings, "data": {"policy.yaml": "ttl: 365d"}}

    def refused() -> None:
        try:
            maker.apply(lifted, dry_run=True)
        except ClusterError as error:
            assert "only an admin of the host" in error.message  # noqa: PT017 - until it is, it is let through
        else:
            raise NotYet("it is let through")

    wait_until(refused, deadline=Deadline(30), what="the guard in force")
    for kind, name, namespace in (
        ("ConfigMap", "ephemeral-policy", "ephemeral-system"),
        ("Namespace", "ephemeral-system", None),
    ):
        with pytest.raises(ClusterError, match="only an admin of the host"):
            maker.delete("v1", kind, name, namespace)
    maker.apply({**ceilings, "metadata": {**ceilings["metadata"], "name": "another"}}, dry_run=True)
    host.kube.apply(ceilings)
