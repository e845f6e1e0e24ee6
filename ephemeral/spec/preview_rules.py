"""What the types of `preview` can't say."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.amounts import parse_percent, parse_short
from ephemeral.spec.document import KeyPath
from ephemeral.spec.durations import parse_duration

Rule = Callable[[Any], object]
TextRule = Callable[[str], object]

_STEPS = ("weight", "header", "pause", "load", "check", "run", "scale")
_CHECKS = ("compare", "limit", "run")
_CLASS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LONGEST_NAME = 253
PROMOTE = "promote"
DEFAULT_LOAD = "default"


class BelowError(SpecError):
    """A rule of several keys is broken by one of them, ``below`` the rule's own path."""

    def __init__(self, message: str, below: KeyPath) -> None:
        super().__init__(message)
        self.below = below


def router_of(preview: Mapping[str, Any]) -> str:
    """The router that a preview (as it is written) means."""
    router = str(preview.get("router", "auto"))
    if router != "auto":
        return router
    return "service" if preview.get("strategy") == "blue-green" else "gateway-api"


def preview_rules(
    of_text: Callable[[Callable[[str], object]], Rule], **rules: Callable[[str], object]
) -> dict[str, Rule]:
    """Rules by path; ``rules`` are those that other keys have, too: `label`, `port`, `image`, `not_empty`."""
    duration, short, percent = of_text(parse_duration), of_text(parse_short), of_text(parse_percent)
    whole = of_text(_from_one)
    return {
        "preview": _steps_fit_router,
        "preview.service": _some,
        "preview.service.*": of_text(rules["label"]),
        "preview.namespace": of_text(rules["label"]),
        "preview.candidate.images.*": of_text(rules["image"]),
        "preview.baseline.images.*": of_text(rules["image"]),
        "preview.gateway-class": of_text(_class_name),
        "preview.gateway-image": of_text(rules["image"]),
        "preview.steps.*": _one_of(_STEPS, "step"),
        "preview.steps.*.weight": of_text(_weight),
        "preview.steps.*.pause": of_text(_pause),
        "preview.steps.*.load": of_text(_load),
        "preview.steps.*.scale": whole,
        "preview.load.rate": whole,
        "preview.load.duration": duration,
        "preview.load.requests": of_text(_from_zero),
        "preview.load.timeout": duration,
        "preview.load.port": of_text(rules["port"]),
        "preview.load.paths.*.path": of_text(_path),
        "preview.load.paths.*.method": of_text(rules["not_empty"]),
        "preview.load.paths.*.weight": whole,
        "preview.checks.*": _check,
        "preview.checks.*.slack": short,
        "preview.checks.*.timeout": duration,
        "preview.alpha": percent,
        "preview.warm-up": of_text(_from_zero),
        "preview.grace": duration,
        "preview.timeout": duration,
    }


def _some(value: Any) -> None:
    if value == []:
        raise SpecError("must name at least one.")


def _from_one(text: str) -> None:
    if not text.isdecimal() or int(text) < 1:
        raise SpecError(f"must be a whole number from 1, not {text!r}.")


def _from_zero(text: str) -> None:
    if not text.isdecimal():
        raise SpecError(f"must be a whole number from 0, not {text!r}.")


def _weight(text: str) -> None:
    if not text.isdecimal() or int(text) > 100:
        raise SpecError(f"a weight is 0 to 100 percent, not {text}.")


def _pause(text: str) -> None:
    if text != PROMOTE:
        parse_duration(text)


def _load(text: str) -> None:
    if text != DEFAULT_LOAD:
        parse_duration(text)


def _class_name(text: str) -> None:
    if text and not (len(text) <= _LONGEST_NAME and _CLASS_NAME.fullmatch(text)):
        raise SpecError(f"{text!r} is no name of a GatewayClass: a-z, 0-9, - and dots.")


def _path(text: str) -> None:
    if not text.startswith("/"):
        raise SpecError(f"a path begins with /, not {text!r}.")


def _one_of(names: tuple[str, ...], what: str) -> Rule:
    def check(value: Any) -> None:
        if not isinstance(value, dict):
            return
        given = [name for name in names if _is_given(value.get(name))]
        # A mistyped key is complained about as such; "there is none" beside it would only confuse.
        if len(given) > 1 or (not given and set(value) <= set(names)):
            found = " and ".join(given) or "none"
            raise SpecError(f"exactly one of {', '.join(names)} makes a {what}; there is {found}.")

    return check


def _is_given(value: Any) -> bool:
    """A step that says false, or nothing, is none; a weight of 0 is one."""
    return value is not None and value is not False and value not in ("", [])


def _check(value: Any) -> None:
    """One question, and an amount that fits it."""
    if not isinstance(value, dict):
        return
    given = [name for name in _CHECKS if _is_given(value.get(name))]
    if len(given) != 1:
        raise SpecError(f"exactly one of {', '.join(_CHECKS)} makes a check; there is {' and '.join(given) or 'none'}.")
    amounts = {"compare": "worse-by", "limit": "at-most"}
    for kind, amount in amounts.items():
        if given != [kind] and _is_given(value.get(amount)):
            raise SpecError(f"{amount} belongs to {kind}, not to {given[0]}.")
    if given == ["limit"] and not _is_given(value.get("at-most")):
        raise SpecError("a limit needs `at-most`.")
    if _is_given(value.get("worse-by")):
        parse_percent(str(value["worse-by"]))
    if _is_given(value.get("at-most")):
        (parse_percent if value["limit"] == "errors" else parse_short)(str(value["at-most"]))


def _steps_fit_router(preview: Any) -> None:
    """Weights and headers that the router has not are refused before anything is created."""
    if not isinstance(preview, dict) or not isinstance(preview.get("steps"), list):
        return
    router = router_of(preview)
    switch_only = router == "service" or preview.get("strategy") == "blue-green"
    for index, step in enumerate(preview["steps"]):
        if not isinstance(step, dict):
            continue
        if step.get("header") is True and router != "gateway-api":
            raise BelowError(f"needs `router: gateway-api`, not {router}.", ("steps", index, "header"))
        weight = str(step.get("weight", 0))
        if switch_only and weight.isdecimal() and 0 < int(weight) < 100:
            what = f"{weight} percent can't be had by blue-green, nor by a Service's selector: 0 or 100."
            raise BelowError(what, ("steps", index, "weight"))
