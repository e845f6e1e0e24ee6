"""What is known about a preview, kept in its cluster: one ConfigMap, written only by whoever has read its last version.

So whoever dies, the next one goes on; and of two that write at once, one learns that it was late.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import ApiError
from ephemeral.previews.names import LABEL

NAME = "ephemeral-preview"
Phase = Literal["running", "paused", "held", "promoting", "aborting", "promoted", "aborted"]
OVER: tuple[Phase, ...] = ("promoted", "aborted")
_WRITES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """A preview as it stands.

    ``step`` is the next one to do, ``weight`` what the candidate gets. ``holder`` is the process that works on it,
    which shows that it lives by counting ``beat`` up; ``asked`` is what somebody else wants of it meanwhile.
    ``updated`` says that the baseline has begun to become the candidate: from there on only a promotion can go on.
    ``history`` has lines of time and event; ``definition`` is a digest of the steps that it was started with.
    """

    phase: Phase
    services: tuple[str, ...]
    router: str
    definition: str
    grace: float
    timeout: float
    step: int = 0
    weight: int = 0
    holder: str = ""
    beat: int = 0
    asked: Literal["", "promote", "abort"] = ""
    updated: bool = False
    verdict: str = ""
    sentence: str = ""
    history: tuple[str, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """What `status` shows."""
        shown = ("phase", "services", "router", "weight", "verdict", "sentence", "history")
        values = asdict(self)
        return {key: list(values[key]) if isinstance(values[key], tuple) else values[key] for key in shown}

    @property
    def over(self) -> bool:
        """Whether it has come to its end."""
        return self.phase in OVER


class LateError(Exception):
    """Somebody else wrote the state first."""


class Store:
    """Reads and writes the one preview of an environment."""

    def __init__(self, kube: Kube, namespace: str) -> None:
        self._kube, self._namespace = kube, namespace

    def read(self) -> State | None:
        """The state; None when there never was a preview."""
        found = self._read()
        return found[0] if found else None

    def begin(self, state: State) -> None:
        """Write the first state of a preview, over the last of one that is over. Raises LateError."""
        found = self._read()
        if found and not found[0].over:
            raise LateError
        try:
            if found:
                self._kube.replace(_item(state, self._namespace, found[1]))
            else:
                self._kube.create(_item(state, self._namespace))
        except ApiError as error:
            if error.status == 409:
                raise LateError from error
            raise

    def change(self, decide: Callable[[State], State | None]) -> State:
        """Read, decide and write, again while others write in between; None: leave it. Return what it is then.

        What ``decide`` raises comes through. Raises LateError when there is no preview, or no end of others' writing.
        """
        for _ in range(_WRITES):
            found = self._read()
            if found is None:
                raise LateError
            state, version = found
            wanted = decide(state)
            if wanted is None:
                return state
            try:
                self._kube.replace(_item(wanted, self._namespace, version))
            except ApiError as error:
                if error.status != 409:
                    raise
            else:
                return wanted
        raise LateError

    def _read(self) -> tuple[State, str] | None:
        item = self._kube.get("v1", "ConfigMap", NAME, self._namespace)
        if item is None:
            return None
        return _state(json.loads(item["data"]["state"])), item["metadata"]["resourceVersion"]


def find_namespace(kube: Kube) -> str:
    """The namespace of the newest preview of an environment; ``default`` when there was none."""
    found = kube.list("v1", "ConfigMap", labels=f"{LABEL}=state")
    newest = max(found, key=lambda each: str(each["metadata"]["creationTimestamp"]), default=None)
    return str(newest["metadata"]["namespace"]) if newest else "default"


def changed(state: State, **values: Any) -> State:
    """A copy of a state with other values."""
    return replace(state, **values)


def _state(values: dict[str, Any]) -> State:
    known = {each.name for each in fields(State)}
    lists = {key: tuple(value) for key, value in values.items() if isinstance(value, list)}
    return State(**{key: value for key, value in {**values, **lists}.items() if key in known})


def _item(state: State, namespace: str, version: str = "") -> Object:
    metadata = {"name": NAME, "namespace": namespace, "labels": {LABEL: "state"}}
    if version:
        metadata["resourceVersion"] = version
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"state": json.dumps(asdict(state))}}
