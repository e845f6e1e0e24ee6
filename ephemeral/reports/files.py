"""What a cluster said, as the text files of a bundle."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from ephemeral.kube.events import Event, describe
from ephemeral.reports.collectors import PodRow
from ephemeral.reports.evidence import Answers, Missing

Value = TypeVar("Value")


def files_of(answers: Answers) -> Iterator[tuple[str, str]]:
    """Path and content of each file."""
    yield "events.txt", _spell(answers.events, _event_lines)
    yield "pods.txt", _spell(answers.pods, _pod_table)
    yield "workloads.txt", _spell(answers.workloads, _state_lines)
    yield "objects.yaml", _spell(answers.objects, str)
    yield "logs/README.txt", _spell(answers.about_logs, "{}\n".format)
    for path, text in answers.logs.items():
        yield f"logs/{path}", text


def _spell(value: Value | Missing, spell: Callable[[Value], str]) -> str:
    return f"{value.reason}\n" if isinstance(value, Missing) else spell(value)


def _event_lines(events: Sequence[Event]) -> str:
    return "".join(
        f"{event.last:%H:%M:%S} {'Warning' if event.warning else 'Normal '} {describe(event)}\n" for event in events
    )


def _state_lines(states: Mapping[str, str]) -> str:
    return "".join(f"{title}: {state}\n" for title, state in states.items())


def _pod_table(pods: Sequence[PodRow]) -> str:
    rows = [[field.upper() for field in PodRow._fields], *pods]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return "".join(f"{line}\n" for line in lines)
