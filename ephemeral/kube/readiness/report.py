"""Why the wait ended, in one message: object, last condition, warnings, last log lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ephemeral.errors import WaitError, WorkloadError
from ephemeral.kube.client import Kube
from ephemeral.kube.events import Event, describe
from ephemeral.kube.logs import last_words
from ephemeral.kube.objects import Object, subject
from ephemeral.kube.readiness.verdict import Verdict
from ephemeral.kube.readiness.world import World

_EVENTS = 8
_EXPLAINED = 3


def workload_error(kube: Kube, world: World, failures: Sequence[tuple[Object, Verdict]]) -> WorkloadError:
    """The error for objects that can't become ready; what it knows about each of the first three is in it."""
    lines = [f"{subject(item)}: {verdict.text}" for item, verdict in failures]
    for item, verdict in failures[:_EXPLAINED]:
        details = [*_condition(item), *_events(world.scene(item).events), *_log(kube, verdict)]
        heading = [f"about {subject(item)}:"] if details and len(failures) > 1 else []
        lines += heading + details
    hints = dict.fromkeys(verdict.hint for _, verdict in failures if verdict.hint)
    return WorkloadError("\n".join(lines), hint="\n".join(hints) or None)


def wait_error(waited: float, states: Mapping[str, Verdict], world: World | None, last_words: str) -> WaitError:
    """The error for a deadline that passed: every state that was not ready, and all fresh warnings."""
    missing = [f"{name}: {verdict.text}" for name, verdict in states.items() if verdict.state != "ready"]
    head = f"{len(missing)} of {len(states)} objects were not ready within {waited:g} s" if missing else last_words
    lines = [head, *(f"  {line}" for line in missing), *_events(world.events if world else ())]
    hint = "`ready.timeout` in ephemeral.yaml sets how long to wait"
    return WaitError("\n".join(lines), observed="; ".join(missing) or last_words, hint=hint)


def _condition(item: Object) -> Iterator[str]:
    conditions: Sequence[Mapping[str, Any]] = (item.get("status") or {}).get("conditions") or ()
    if conditions:
        last = max(conditions, key=lambda each: each.get("lastTransitionTime") or "")
        words = ": ".join(filter(None, (last.get("reason"), last.get("message"))))
        yield f"  last condition: {last.get('type')}={last.get('status')}" + (f" ({words})" if words else "")


def _events(events: Sequence[Event]) -> Iterator[str]:
    if events:
        yield "  warnings:"
        yield from (f"    {describe(event)}" for event in sorted(events, key=lambda each: each.last)[-_EVENTS:])


def _log(kube: Kube, verdict: Verdict) -> Iterator[str]:
    if verdict.pod and (lines := last_words(kube, verdict.pod)):
        yield f"  last log lines of {subject(verdict.pod)}:"
        yield from (f"    {line}" for line in lines)
