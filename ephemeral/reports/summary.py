"""The first page of a bundle: what failed, what to do, where and when."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ephemeral.errors import EphemeralError

if TYPE_CHECKING:
    from ephemeral.reports.bundle import Subject


def summarize(environment: "Subject", error: BaseException | None) -> str:
    """The failure in its own words first; then hint, diagnosis, versions, lease and phases."""
    parts = [_failure(error), attempt(environment.diagnose), attempt(lambda: _facts(environment.describe()))]
    phases = [
        f"{phase.begin:8.3f} s  {phase.title}: {'failed' if phase.failed else 'done'} in {phase.seconds:.3f} s"
        for phase in environment.timeline.phases
    ]
    parts.append("\n".join(phases))
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def attempt(collect: Callable[[], str]) -> str:
    """What a collector found, or why it found nothing: whatever it is, one collector's failure is its own."""
    try:
        return collect()
    except Exception as failure:
        return spell_failure(failure)


def spell_failure(failure: Exception) -> str:
    """What stands in place of what could not be gathered."""
    return f"could not be gathered: {type(failure).__name__}: {failure}\n"


def _failure(error: BaseException | None) -> str:
    if error is None:
        return "the command failed"
    words = str(error) or type(error).__name__
    return f"{words}\nhint: {error.hint}" if isinstance(error, EphemeralError) and error.hint else words


def _facts(facts: Mapping[str, Any]) -> str:
    return "\n".join(f"{key}: {_value(key, value)}" for key, value in facts.items())


def _value(key: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    return f"{value / 2**20:.0f} MiB" if key.endswith("-bytes") and isinstance(value, int) else str(value)
