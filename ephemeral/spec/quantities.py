"""Kubernetes quantities: ``100m``, ``1.5``, ``20Gi``, ``1e3``."""

import re
from decimal import Decimal

from ephemeral.errors import SpecError

_BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SUFFIXES = {**{suffix: Decimal(10) ** power for suffix, power in _DECIMAL.items()}, **_BINARY}
_SHAPE = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eE]([+-]?[0-9]{1,2})|([A-Za-z]{0,2}))")


def parse_quantity(text: str) -> Decimal:
    """The amount in base units: cores, bytes, pieces. Raises SpecError.

    The grammar is that of k8s.io/apimachinery's `resource.Quantity`.
    """
    match = _SHAPE.fullmatch(str(text).strip())
    if not match or (match[3] or "") not in _SUFFIXES:
        raise SpecError(f"{text!r} is no quantity.", hint="Write it like 500m, 2, 1.5 or 20Gi.")
    scale = Decimal(10) ** int(match[2]) if match[2] else _SUFFIXES[match[3] or ""]
    return Decimal(match[1]) * scale


def format_quantity(amount: Decimal) -> str:
    """Spell an amount: ``20Gi``, ``250m``, ``3``. Exact down to a billionth, and read back by `parse_quantity`."""
    if amount and amount == amount.to_integral_value():
        for suffix, size in reversed(_BINARY.items()):
            if amount % size == 0:
                return f"{amount / size:f}{suffix}"
    suffixes = ("", "m", "u", "n")
    suffix = next((each for each in suffixes if amount % _SUFFIXES[each] == 0), suffixes[-1])
    return f"{(amount / _SUFFIXES[suffix]).to_integral_value():f}{suffix}"
