"""The first page of a bundle as text: what failed, what to do, where and when."""

from collections.abc import Mapping
from typing import Any

from ephemeral.reports.evidence import Known, Missing


def summarize(known: Known) -> str:
    """The failure in its own words first; then hint, diagnosis, versions, lease and phases."""
    parts = [_failure(known), _text(known.diagnosis), _facts(known.facts)]
    phases = [
        f"{phase.begin:8.3f} s  {phase.title}: {'failed' if phase.failed else 'done'} in {phase.seconds:.3f} s"
        for phase in known.timeline.phases
    ]
    parts.append("\n".join(phases))
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def spell(key: str, value: Any) -> str:
    """A fact's value for people."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return f"{value / 2**20:.0f} MiB" if key.endswith("-bytes") and isinstance(value, int) else str(value)


def _failure(known: Known) -> str:
    if known.failure is None:
        return "nothing failed"
    return known.failure.words + (f"\nhint: {known.failure.hint}" if known.failure.hint else "")


def _facts(facts: Mapping[str, Any] | Missing) -> str:
    if isinstance(facts, Missing):
        return facts.reason
    return "\n".join(f"{key}: {spell(key, value)}" for key, value in facts.items())


def _text(value: str | Missing) -> str:
    return value.reason if isinstance(value, Missing) else value
