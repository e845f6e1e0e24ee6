"""Examples and applications that others wrote: one line of ephemeral.yaml takes them to a host."""

import json
import os
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

import ephemeral
from ephemeral import Environment
from ephemeral.spec.model import Source
from tests import boutique, programs
from tests.e2e.conftest import Run
from tests.e2e.vcluster.conftest import spec_on

pytestmark = pytest.mark.cluster


@pytest.fixture
def moved(tmp_path: Path, repository: Path) -> Callable[[str], Path]:
    """An example's ephemeral.yaml with one line more, which says where."""

    def move(name: str) -> Path:
        folder = shutil.copytree(repository / "examples" / name, tmp_path / name)
        chart = programs.vcluster() / "chart"
        line = f"cluster: {{provider: vcluster, host: {{chart: {{source: {chart}}}}}}}\n"
        path = folder / "ephemeral.yaml"
        path.write_text(path.read_text() + line)
        return path

    return move


def test_the_podinfo_example_serves_real_traffic_from_a_host(
    host: Environment, cli: Run, moved: Callable[[str], Path]
) -> None:
    script = 'curl --silent --fail "${EPHEMERAL_URL}version"'
    env = {**os.environ, "EPHEMERAL_HOST_KUBECONFIG": str(host.kubeconfig)}
    finished = cli("run", "-f", moved("podinfo"), "--", "sh", "-c", script, env=env)
    assert json.loads(finished.stdout)["version"].startswith("6.")


@pytest.mark.extended
def test_online_boutique_lives_on_a_host_under_the_preset(host: Environment, shared_apps: Path) -> None:
    host.load_image(boutique.boutique_image())
    source = Source(kustomize=str(shared_apps / "online-boutique"))
    images = dict.fromkeys(boutique.IMAGES, boutique.IMAGE)
    with ephemeral.up(spec_on(host, "boutique", app=(source,), images=images)) as environment:
        workloads = environment.workloads()
        assert set(workloads.values()) == {"1/1 ready"}
        assert len(workloads) == len(boutique.IMAGES) + 1  # vcluster's CoreDNS
        with urllib.request.urlopen(environment.url("frontend"), timeout=10) as answer:
            assert answer.read().decode() == boutique.IMAGE
