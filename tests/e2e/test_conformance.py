"""A quick subset of Kubernetes' own conformance specs passes on real nodes."""

from pathlib import Path

import pytest

from tests.conformance.specs import QUICK, any_of
from tests.conformance.suite import run_specs

pytestmark = [pytest.mark.cluster, pytest.mark.extended, pytest.mark.timeout(3600)]


def test_the_quick_subset_passes(tmp_path: Path) -> None:
    found = run_specs(any_of(QUICK), tmp_path)
    print(found)
    assert found.failed == {}
    assert len(found.passed) == len(QUICK), found.passed.keys()
