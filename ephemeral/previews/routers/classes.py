"""Which GatewayClass splits a preview's requests: the one that is named, else the one that the environment offers."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from ephemeral.errors import PreviewError, SpecError, WaitError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object, condition
from ephemeral.previews.names import LABEL
from ephemeral.previews.routers.routes import API
from ephemeral.waiting import Deadline, NotYet, wait_until

#: Name of the class that comes with Traefik, and is there only because of a preview.
OWN = "ephemeral"

#: Beyond what every implementation has: an answer has to say which arm gave it.
_NEEDED = "HTTPRouteResponseHeaderModification"
#: A controller that is ready takes its class within a moment; a class without one stays as it is.
_TAKEN_SECONDS = 5.0


def find_class(kube: Kube, wanted: str) -> str:
    """The name of the class to use; OWN where the environment offers none.

    ``wanted`` is its name, OWN, or empty. Raises SpecError when there is no such class or it can't be told which,
    PreviewError when its controller does not accept it, or lacks a feature that a preview needs.
    """
    if wanted == OWN:
        return OWN
    found = _of_others(kube)
    if not wanted:
        return _only(kube, found)
    if wanted not in found:
        raise SpecError(
            f"preview.gateway-class: there is no GatewayClass {wanted}; there is {', '.join(found) or 'none'}.",
            hint=f"`gateway-class: {OWN}` installs Traefik into the environment.",
        )
    chosen = _taken(kube, found)[wanted]
    accepted = condition(chosen, "Accepted")
    if accepted.get("status") != "True":
        why = f"{accepted.get('reason', 'no condition')}: {accepted.get('message', 'no controller has taken it')}"
        raise PreviewError(f"GatewayClass {wanted} is not accepted ({why}).", hint=_OTHERWISE)
    return _able(chosen)


def _only(kube: Kube, found: Mapping[str, Object]) -> str:
    accepted = {name: each for name, each in _taken(kube, found).items() if _is_accepted(each)}
    if len(accepted) > 1:
        raise SpecError(
            f"several GatewayClasses could split the preview's requests: {', '.join(sorted(accepted))}.",
            hint=f"`preview: {{gateway-class: NAME}}` says which; `{OWN}` installs Traefik into the environment.",
        )
    return _able(*accepted.values()) if accepted else OWN


def _of_others(kube: Kube) -> dict[str, Object]:
    """By name, without the one that a preview brought."""
    if kube.discovery.find(API, "GatewayClass") is None:
        return {}
    found = {each["metadata"]["name"]: each for each in kube.list(API, "GatewayClass")}
    return {name: each for name, each in found.items() if LABEL not in (each["metadata"].get("labels") or {})}


def _taken(kube: Kube, found: Mapping[str, Object]) -> Mapping[str, Object]:
    """The classes once no controller may still be about to say whether it accepts one."""
    last = found

    def attempt() -> None:
        nonlocal last
        if any(_is_open(each) for each in last.values()):
            last = _of_others(kube)
            raise NotYet("a class is open")

    with suppress(WaitError):  # a class that nobody ever takes is none
        wait_until(attempt, deadline=Deadline(_TAKEN_SECONDS), what="GatewayClasses taken", max_interval=0.2)
    return last


def _is_open(item: Object) -> bool:
    return condition(item, "Accepted").get("status") not in ("True", "False")


def _is_accepted(item: Object) -> bool:
    return condition(item, "Accepted").get("status") == "True"


def _able(chosen: Object) -> str:
    name: str = chosen["metadata"]["name"]
    features = set(_features(chosen))
    if features and _NEEDED not in features:
        raise PreviewError(
            f"GatewayClass {name} does not support {_NEEDED}: nobody would know which arm gave an answer.",
            hint=_OTHERWISE,
        )
    return name


def _features(item: Object) -> Iterator[str]:
    """What the class says that it supports; many say nothing. Gateway API 1.0 had plain names."""
    said: list[Any] = (item.get("status") or {}).get("supportedFeatures") or []
    for each in said:
        yield each["name"] if isinstance(each, dict) else str(each)


_OTHERWISE = f"`preview: {{gateway-class: {OWN}}}` installs Traefik into the environment."
