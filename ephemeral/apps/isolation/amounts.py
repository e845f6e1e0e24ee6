"""Arithmetic on amounts of many resources at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal

#: ResourceQuota names -> amounts, in cores, bytes and pieces.
Amounts = Mapping[str, Decimal]


def total(each: Iterable[Amounts]) -> defaultdict[str, Decimal]:
    """The sum, resource by resource; what is in none of them is 0."""
    summed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for amounts in each:
        for name, amount in amounts.items():
            summed[name] += amount
    return summed


def highest(each: Iterable[Amounts]) -> Amounts:
    """The largest amount of every resource."""
    found: dict[str, Decimal] = {}
    for amounts in each:
        for name, amount in amounts.items():
            found[name] = max(found.get(name, amount), amount)
    return found


def times(amounts: Amounts, count: int) -> Amounts:
    """Every amount ``count`` times."""
    return {name: amount * count for name, amount in amounts.items()}


def pieces(*names: str) -> Amounts:
    """One of each."""
    return total({name: Decimal(1)} for name in names)
