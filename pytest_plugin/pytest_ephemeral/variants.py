"""The marker: which environment a test asks for, and which kinds of it a test runs on."""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Literal, get_args

import pytest

from pytest_ephemeral.options import SCOPES, SETTINGS, Keep, Settings

MARKER = "ephemeral"
HELP = (
    "ephemeral(provider=, nodes=, kubernetes=, scope=, app=, keep=, file=): the environment that this test needs; "
    "kubernetes= takes a list, and the test runs on each version"
)


@dataclass(frozen=True)
class Variant:
    """One kind of environment, as far as a test asks for it; None: as the settings and ephemeral.yaml say."""

    provider: str | None = None
    nodes: str | None = None
    kubernetes: str | None = None
    scope: str = "session"
    app: bool | str | tuple[str, ...] | None = None
    keep: str | None = None
    file: str | None = None


_CHOICES: Mapping[str, tuple[str, ...]] = {
    "provider": ("local", "vcluster"),
    "nodes": ("real", "simulated"),
    "scope": SCOPES,
    "keep": get_args(Keep),
}
_ARGUMENTS = [field.name for field in fields(Variant)]


@cache
def intern(variant: Variant) -> Variant:
    """One object a value: pytest compares parameters by identity."""
    return variant


def default_variant(settings: Settings) -> Variant:
    """What a test without a marker gets."""
    return intern(Variant(scope=settings.scope, kubernetes=next(iter(settings.versions), None)))


def variants_of(node: pytest.Item | pytest.Collector, settings: Settings) -> list[Variant]:
    """The kinds of environment that a test runs on, one for each version of Kubernetes."""
    wanted: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):  # the closest first
        wanted = {**mark.kwargs, **wanted}
    scope = max(settings.scope, wanted.pop("scope", "session"), key=SCOPES.index)
    versions = _texts(wanted.pop("kubernetes", None)) or settings.versions or (None,)
    if isinstance(wanted.get("app"), list):
        wanted["app"] = tuple(wanted["app"])
    variant = Variant(**wanted, scope=scope)
    return [intern(replace(variant, kubernetes=version)) for version in versions]


def complaints(node: pytest.Item) -> Iterator[str]:
    """What is wrong with the markers of a test."""
    for mark in node.iter_markers(MARKER):
        if mark.args:
            yield f"it takes arguments by name only, not {mark.args[0]!r}"
        yield from argument_complaints(mark.kwargs)


def argument_complaints(arguments: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the arguments of a marker."""
    for name, value in arguments.items():
        yield from _complaints(name, value)


def validate(items: list[pytest.Item]) -> None:
    """Raises UsageError for the first marker that says something else than it can."""
    for item in items:
        refuse(item, pytest.UsageError)


def refuse(item: pytest.Item, error: type[Exception]) -> None:
    """Raises ``error`` with what is wrong with the markers of a test, if anything is."""
    for complaint in complaints(item):
        raise error(f"{item.nodeid}: @pytest.mark.{MARKER}: {complaint}")


def parametrize(metafunc: pytest.Metafunc) -> None:
    """Run a test on each kind of environment that it asks for; wrong markers are `validate`'s to refuse."""
    settings = metafunc.config.stash[SETTINGS]
    node = metafunc.definition
    if hasattr(metafunc.config, "workerinput"):  # a UsageError in a worker would be an internal error of xdist
        refuse(node, pytest.Collector.CollectError)
    if "ephemeral_variant" not in metafunc.fixturenames or any(complaints(node)):
        return
    variants = variants_of(node, settings)
    if variants == [default_variant(settings)]:
        return
    asked = len(variants) > 1 or any("kubernetes" in mark.kwargs for mark in node.iter_markers(MARKER))
    ids = [f"k8s-{variant.kubernetes}" if asked else pytest.HIDDEN_PARAM for variant in variants]
    scope: Literal["function", "session"] = "function" if variants[0].scope == "test" else "session"
    metafunc.parametrize("ephemeral_variant", variants, ids=ids, indirect=True, scope=scope)


def count(items: list[pytest.Item], config: pytest.Config) -> "Counter[Variant]":
    """How many tests ask for each kind of environment."""
    default = default_variant(config.stash[SETTINGS])
    asking = (item for item in items if "ephemeral_variant" in getattr(item, "fixturenames", ()))
    callspecs = (getattr(item, "callspec", None) for item in asking)
    return Counter(callspec.params.get("ephemeral_variant", default) if callspec else default for callspec in callspecs)


def _complaints(name: str, value: Any) -> Iterator[str]:
    if name not in _ARGUMENTS:
        guess = difflib.get_close_matches(name, _ARGUMENTS, n=1, cutoff=0.5)
        meant = f"; did you mean {guess[0]}?" if guess else "."
        yield f"there is no argument {name}{meant} Known: {', '.join(_ARGUMENTS)}"
    elif name in _CHOICES and value not in _CHOICES[name]:
        yield f"{name}={value!r} is none of {', '.join(_CHOICES[name])}"
    elif name == "kubernetes" and not _texts(value):
        yield f"{name}={value!r} is no version such as '1.36', nor a list of them"
    elif name == "file" and not isinstance(value, str):
        yield f"{name}={value!r} is no path"
    elif name == "app" and not isinstance(value, bool) and not _texts(value):
        yield f"{name}={value!r} is neither True, False, a path of manifests nor a list of them"


def _texts(value: Any) -> tuple[str, ...]:
    """A text or a list of texts; empty when it is neither."""
    texts = (value,) if isinstance(value, str) else value
    if isinstance(texts, (list, tuple)) and all(isinstance(text, str) and text for text in texts):
        return tuple(texts)
    return ()
