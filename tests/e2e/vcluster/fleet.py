"""Several environments on one host at the same time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from ephemeral import Environment, up
from tests.e2e.vcluster.conftest import spec_on


@contextmanager
def starting_fleet(host: Environment, names: Sequence[str], **keys: Any) -> Iterator[list[Environment]]:
    """All of them, begun at the same moment; all that were made are removed, whatever happens."""
    with ThreadPoolExecutor(len(names)) as pool:
        begun = [pool.submit(up, spec_on(host, name, **keys)) for name in names]
        try:
            yield [each.result() for each in begun]
        finally:
            made = [each.result() for each in begun if each.exception() is None]
            list(pool.map(Environment.down, made))
