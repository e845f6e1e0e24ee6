"""The subset of Kubernetes' own conformance specs that real nodes pass is passed by a virtual cluster as well."""

from pathlib import Path

import pytest

from ephemeral import Environment, up
from ephemeral.spec.model import Isolation
from tests.conformance.specs import NOT_VIRTUAL, QUICK, any_of
from tests.conformance.suite import ask, load_images
from tests.e2e.vcluster.conftest import spec_on

pytestmark = [pytest.mark.cluster, pytest.mark.extended, pytest.mark.timeout(3600)]


def test_the_quick_subset_passes(host: Environment, tmp_path: Path) -> None:
    load_images(host)
    wanted = [pattern for pattern in QUICK if pattern not in NOT_VIRTUAL]
    with up(spec_on(host, "conformance", isolation=Isolation(preset="none"))) as environment:
        found = ask(environment, any_of(wanted), tmp_path)
    print(found)
    assert found.failed == {}
    assert len(found.passed) == len(wanted), found.passed.keys()
