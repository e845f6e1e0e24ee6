"""What a run tells about its environments: before, and at the end."""

import statistics
from collections.abc import Iterator, Sequence

from pytest_ephemeral.making import Record

_FEW = 5


def tell(records: Sequence[Record]) -> Iterator[str]:
    """A line for each environment, or for all that single tests had; then how to reach what was kept."""
    single = [record for record in records if record.scope == "test"]
    if len(single) > _FEW:
        yield from _many(single)
    for record in records:
        if record.scope != "test" or len(single) <= _FEW:
            yield _line(record)
    for record in records:
        if record.kept:
            yield from _kept(record)


def _line(record: Record) -> str:
    phases = ", ".join(f"{title} {seconds:.2f} s" for title, seconds in record.phases)
    use = {"session": "of the run", "worker": "of a worker", "test": "of one test"}[record.scope]
    return f"{record.name}  {record.facts}; {record.origin}, {use}" + (f"; {phases}" if phases else "")


def _many(records: Sequence[Record]) -> Iterator[str]:
    """One line for many: what was slow shows in pytest's own --durations."""
    seconds: dict[str, list[float]] = {}
    for record in records:
        for title, each in record.phases:
            seconds.setdefault(title, []).append(each)
    medians = ", ".join(f"{title} {_median(each)}" for title, each in seconds.items())
    yield f"{len(records)} environments of one test each  {records[0].facts}; medians: {medians}"


def _median(seconds: Sequence[float]) -> str:
    median = statistics.median(seconds)
    return f"{median * 1000:.0f} ms" if median < 1 else f"{median:.2f} s"


def _kept(record: Record) -> Iterator[str]:
    yield f"kept until {record.kept}: {record.name}"
    yield f"  export KUBECONFIG={record.kubeconfig}"
    yield f"  ephemeral status {record.name}; ephemeral down {record.name}"
