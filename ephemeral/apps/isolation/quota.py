"""One total for the environment, shared out to its namespaces: Kubernetes counts each namespace by itself."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_DOWN, Decimal

from ephemeral.apps.isolation.amounts import Amounts, total
from ephemeral.apps.isolation.demand import Part
from ephemeral.errors import SpecError
from ephemeral.spec.quantities import format_quantity, parse_quantity

_ALIASES = {name: f"requests.{name}" for name in ("cpu", "memory", "ephemeral-storage")}
_LISTED = 8


def canonical(resource: str) -> str:
    """The one name of a resource that has two: ``cpu`` is ``requests.cpu``."""
    return _ALIASES.get(resource, resource)


def shares(quota: Mapping[str, str], namespaces: Sequence[str], parts: Iterable[Part]) -> dict[str, dict[str, str]]:
    """Give each namespace what its objects take and an equal part of the rest; the shares add up to the total.

    Raises SpecError, with the arithmetic, when the objects take more than the total of any resource.
    """
    parts = list(parts)
    _refuse_excess(quota, parts)
    taken = {name: total(part.amounts for part in parts if part.namespace == name) for name in namespaces}
    shared: dict[str, dict[str, str]] = {name: {} for name in namespaces}
    for resource, limit in quota.items():
        split = _split(resource, parse_quantity(limit), taken)
        for name, amount in split.items():
            # The user's own spelling where nothing had to be divided.
            shared[name][resource] = limit if len(namespaces) == 1 else format_quantity(amount)
    return shared


def _split(resource: str, limit: Decimal, taken: Mapping[str, Amounts]) -> dict[str, Decimal]:
    key = canonical(resource)
    needs = {name: amounts.get(key, Decimal(0)) for name, amounts in taken.items()}
    rest = limit - sum(needs.values())
    unit = Decimal("0.001") if resource.endswith("cpu") else Decimal(1)
    equal = (rest / len(needs)).quantize(unit, ROUND_DOWN)
    split = {name: need + equal for name, need in needs.items()}
    first = next(iter(split))
    split[first] += rest - equal * len(needs)
    return split


def _refuse_excess(quota: Mapping[str, str], parts: Sequence[Part]) -> None:
    excesses = [words for resource, limit in quota.items() if (words := _excess(resource, limit, parts))]
    if excesses:
        raise SpecError(
            "\n".join(["the app takes more than the environment's quota", *(f"  {each}" for each in excesses)]),
            hint="raise `isolation.quota` in ephemeral.yaml, or lower replicas, requests and limits",
        )


def _excess(resource: str, limit: str, parts: Sequence[Part]) -> str:
    """The sum in words, largest parts first; empty while it fits."""
    key = canonical(resource)
    amounts = [(amount, part.subject) for part in parts if (amount := part.amounts.get(key, Decimal(0)))]
    needed = sum((amount for amount, _ in amounts), Decimal(0))
    if needed <= parse_quantity(limit):
        return ""
    largest = sorted(amounts, key=lambda each: -each[0])
    words = [f"{name} {format_quantity(amount)}" for amount, name in largest[:_LISTED]]
    if len(largest) > _LISTED:
        words.append(f"{len(largest) - _LISTED} more")
    return f"{resource}: {' + '.join(words)} = {format_quantity(needed)} > {limit}"
