"""More environments than one: what `cluster_factory` makes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pytest_ephemeral.options import SETTINGS

if TYPE_CHECKING:
    from ephemeral.environment import Environment


@contextmanager
def factory(config: pytest.Config, said: Any) -> "Iterator[Callable[..., Environment]]":
    """A function that makes environments; those that it made end with the block."""
    from pytest_ephemeral.making import Wanted
    from pytest_ephemeral.session import current_test, environments_of
    from pytest_ephemeral.specs import spec_of
    from pytest_ephemeral.variants import argument_complaints, default_variant

    settings = config.stash[SETTINGS]
    environments, numbers = environments_of(config), count(1)
    made: list[Wanted] = []

    def make(*, spec: Any = None, **arguments: Any) -> "Environment":
        for complaint in argument_complaints(arguments):
            raise pytest.UsageError(f"cluster_factory: {complaint}")
        variant = replace(default_variant(settings), **arguments)
        wanted = Wanted(
            spec=spec_of(said if spec is None else spec, variant, settings, config),
            scope="worker",  # its own process makes it
            test=current_test(config),
            number=next(numbers),
            keep=variant.keep or settings.keep,
        )
        environment = environments.acquire(wanted)
        made.append(wanted)
        return environment

    try:
        yield make
    finally:
        for wanted in made:
            environments.release(wanted)
