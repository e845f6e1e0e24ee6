"""The Kubernetes version is a choice: more than one is really run."""

import pytest

import ephemeral
from ephemeral.spec.model import Cluster, Source, Spec
from ephemeral.tools import resolve_kubernetes

pytestmark = [pytest.mark.cluster, pytest.mark.extended, pytest.mark.timeout(2400)]


@pytest.mark.parametrize("version", ["1.35", "1.36"])
def test_an_environment_of_that_version(version: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / "web.yaml").write_text(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 2\n"
        "  selector: {matchLabels: {app: web}}\n  template:\n    metadata: {labels: {app: web}}\n"
        "    spec: {containers: [{name: main, image: example.com/web:1}]}\n"
    )
    cluster = Cluster(nodes="simulated", kubernetes=version)
    spec = Spec(name="versioned", cluster=cluster, app=(Source(manifests=(str(folder),)),))
    with ephemeral.up(spec) as env:
        assert env.kubernetes == resolve_kubernetes(version)
        served = env.kube.transport.request("GET", "/version").json()
        assert served["gitVersion"] == f"v{env.kubernetes}"
        assert env.workloads() == {"Deployment default/web": "2/2 ready"}
