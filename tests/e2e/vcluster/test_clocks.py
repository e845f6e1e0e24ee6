"""A machine whose clock goes wrong: leases are judged by the host's."""

import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from ephemeral import Environment
from ephemeral.clusters import provider_for
from ephemeral.clusters.vcluster import VclusterProvider
from tests import programs
from tests.e2e.conftest import Run
from tests.e2e.vcluster.conftest import spec_on

pytestmark = pytest.mark.cluster


@pytest.fixture
def ahead(host: Environment) -> dict[str, str]:
    """Variables that put a process, and those that it starts, two hours ahead."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    clock = {"LD_PRELOAD": str(library), "FAKETIME": "+2h"}
    return {**os.environ, **clock, "EPHEMERAL_HOST_KUBECONFIG": str(host.kubeconfig)}


def test_an_environment_lives_as_long_by_the_hosts_clock(
    host: Environment, cli: Run, ahead: dict[str, str], tmp_path: Path
) -> None:
    place = {"provider": "vcluster", "host": {"chart": {"source": str(programs.vcluster() / "chart")}}}
    (tmp_path / "ephemeral.yaml").write_text(json.dumps({"name": "ahead", "cluster": place, "ttl": "1h"}))
    cli("up", env=ahead)
    provider = provider_for(spec_on(host, "any").cluster)
    assert isinstance(provider, VclusterProvider)
    left = provider.get("ahead").lease.expires_at - provider.host.now()
    assert timedelta(minutes=50) < left <= timedelta(hours=1)
    assert "Nothing to collect" in cli("gc", env=ahead).stdout
    assert [each["state"] for each in json.loads(cli("list", "--all", "-o", "json", env=ahead).stdout)] == ["running"]
    cli("down", "ahead", env=ahead)
    assert provider.list() == []
