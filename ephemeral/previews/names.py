"""What the objects of a preview are called, and the labels and headers by which its arms are told apart."""

import hashlib
from typing import Literal

Arm = Literal["baseline", "candidate"]

#: On everything that a preview adds to the cluster; its value says what the object is for.
LABEL = "ephemeral/preview"
#: On a copy: the name of what it was copied from.
ORIGINAL = "ephemeral/preview-of"
#: A request that carries it with ``candidate`` or ``baseline`` is led there; apps that forward it keep it.
REQUEST_HEADER = "x-ephemeral-preview"
#: An answer carries it and says who answered, where the router can say so.
RESPONSE_HEADER = "x-ephemeral-arm"

_LONGEST = 63


def candidate_name(name: str) -> str:
    """The candidate's copy of an object, and the Service at which the candidate answers."""
    return suffixed(name, "-preview")


def baseline_name(name: str) -> str:
    """The Service at which the baseline answers while a preview runs."""
    return suffixed(name, "-baseline")


def pods_name(name: str) -> str:
    """The Service that selects an arm's pods, behind the gateway."""
    return suffixed(name, "-pods")


def suffixed(name: str, suffix: str) -> str:
    """``name`` with ``suffix``; what would be too long is shortened, and told apart by a hash."""
    if len(name) + len(suffix) <= _LONGEST:
        return f"{name}{suffix}"
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: _LONGEST - len(suffix) - 7].rstrip('-.')}-{digest}{suffix}"
