"""A client that waits seconds, not half a minute, for one answer: a wait with a timeout asks again by itself."""

import copy
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.transport import Transport

_SECONDS = 3.0


def impatient(kube: "Kube") -> "Kube":
    """The same client with a short timeout; what it knows about kinds is shared."""
    other = copy.copy(kube)
    other.transport = _Impatient(kube.transport)  # type: ignore[assignment]
    return other


class _Impatient:
    def __init__(self, transport: "Transport") -> None:
        self._transport = transport

    def request(self, *arguments: Any, timeout: float = _SECONDS, **options: Any) -> Any:
        return self._transport.request(*arguments, timeout=min(timeout, _SECONDS), **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
