"""What every provider promises, asked of provider `vcluster` on a host."""

from collections.abc import Callable, Iterator

import pytest

from ephemeral import Environment
from ephemeral.clusters.vcluster import VclusterProvider
from ephemeral.clusters.vcluster.desk import desk_of
from ephemeral.clusters.vcluster.remains import left_of
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests.contract.clusters.test_provider_contract import (
    Making,
    test_a_cluster_lives_from_create_to_delete,
    test_a_detached_cluster_lives_until_its_lease_ends,
    test_credentials_of_one_are_nothing_to_another,
    test_nothing_that_is_no_name_reaches_a_provider,
)
from tests.e2e.vcluster.conftest import spec_on

__all__ = [
    "test_a_cluster_lives_from_create_to_delete",
    "test_a_detached_cluster_lives_until_its_lease_ends",
    "test_credentials_of_one_are_nothing_to_another",
    "test_nothing_that_is_no_name_reaches_a_provider",
]

pytestmark = pytest.mark.cluster


@pytest.fixture
def making(host: Environment) -> Iterator[Making]:
    making = Making(spec_on(host, "any").cluster)
    yield making
    for cluster in making.provider.list():
        making.provider.delete(cluster.name)


@pytest.fixture
def gone(making: Making) -> Callable[[str], None]:
    """Nothing of that name is on the host, nor on this machine."""
    provider = making.provider
    assert isinstance(provider, VclusterProvider)

    def wait(name: str) -> None:
        def attempt() -> None:
            if left := left_of(provider.host, name):
                raise NotYet(f"{left} on the host")
            if desk_of(name).folder.exists():
                raise NotYet(f"{desk_of(name).folder} is there")

        wait_until(attempt, deadline=Deadline(60), what=f"end of {name}")

    return wait
