"""Validation at the edge: pydantic for the shape, a few rules for the meaning, all complaints at once."""

import dataclasses
import difflib
import ipaddress
import re
import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.document import Document, KeyPath
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.model import Source, Spec, kebab
from ephemeral.spec.presets import UNLIMITED
from ephemeral.spec.quantities import parse_quantity

_DNS_1123 = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?")
_VERSION = re.compile(r"v?1\.\d+(?:\.\d+)?")

Complaint = tuple[KeyPath, str]


def check(value: Mapping[str, Any], document: Document) -> Spec:
    """Make a Spec of plain values. Raises SpecError with a line for each complaint."""
    from pydantic import TypeAdapter, ValidationError

    try:
        spec = TypeAdapter(Spec).validate_python(value)
    except ValidationError as error:
        complaints = [_complaint(each) for each in error.errors(include_url=False)]
    else:
        complaints = list(_meaning(spec))
        if not complaints:
            return spec
    lines = [f"{document.place(path)}: {_dotted(path)}: {what}" for path, what in complaints]
    raise SpecError(
        "\n".join(dict.fromkeys(lines)), hint="docs/ephemeral-yaml.md lists every key; `ephemeral schema` too."
    )


def _complaint(error: Any) -> Complaint:
    path = tuple(error["loc"])
    kind, context = error["type"], error.get("ctx", {})
    if kind == "unexpected_keyword_argument":
        return path, _unknown_key(path)
    if kind in ("missing", "missing_keyword_only_argument"):
        return path, "is needed here."
    if kind == "literal_error":
        return path, f"must be {context['expected']}, not {error['input']!r}."
    if kind in ("dataclass_type", "mapping_type", "dict_type"):
        return path, f"keys and values are expected here, not {error['input']!r}."
    if kind in ("tuple_type", "list_type"):
        return path, f"a list is expected here, not {error['input']!r}."
    if kind.startswith("int_"):
        return path, f"must be a whole number, not {error['input']!r}."
    if kind.startswith("bool_"):
        return path, f"must be true or false, not {error['input']!r}."
    return path, f"{error['msg'].lower()}, not {error['input']!r}."


def _unknown_key(path: KeyPath) -> str:
    known = [kebab(field.name) for field in dataclasses.fields(_model_at(path[:-1]))]
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    suggestion = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no such key; {suggestion}Known here: {', '.join(known)}."


def _model_at(path: KeyPath) -> Any:
    """The dataclass that a path leads to, through lists and optional values."""
    model: Any = Spec
    for step in path:
        if isinstance(step, str):
            hints = typing.get_type_hints(model)
            model = hints[step.replace("-", "_")]
        model = _dataclass_within(model)
    return model


def _dataclass_within(hint: Any) -> Any:
    if dataclasses.is_dataclass(hint):
        return hint
    if typing.get_origin(hint) in (tuple, typing.Union, types.UnionType):
        return next((arg for arg in typing.get_args(hint) if dataclasses.is_dataclass(arg)), hint)
    return hint


def _meaning(spec: Spec) -> Iterator[Complaint]:
    """What a type can't say."""
    if spec.name and not _DNS_1123.fullmatch(spec.name):
        yield (
            ("name",),
            f"{spec.name!r} is no DNS-1123 label of up to 40 characters: a-z, 0-9 and -, - not at the ends.",
        )
    version = spec.cluster.kubernetes
    if version and not _VERSION.fullmatch(version):
        yield ("cluster", "kubernetes"), f"{version!r} is no version such as 1.36 or 1.36.3."
    for path, text in {("ttl",): spec.ttl, ("ready", "timeout"): spec.ready.timeout}.items():
        yield from _parsed(path, text, parse_duration)
    yield from _amounts(spec)
    for name in ("allow_egress", "allow_ingress"):
        for index, cidr in enumerate(getattr(spec.isolation.network, name)):
            yield from _parsed(("isolation", "network", kebab(name), index), cidr, _parse_range)
    for index, source in enumerate(spec.app):
        yield from _one_source(index, source)


def _amounts(spec: Spec) -> Iterator[Complaint]:
    simulated = spec.cluster.simulated
    for name in ("count", "pods"):
        if getattr(simulated, name) < 1:
            yield ("cluster", "simulated", name), "must be at least 1."
    for name in ("cpu", "memory"):
        yield from _parsed(("cluster", "simulated", name), getattr(simulated, name), parse_quantity)
    for name in ("quota", "default_limits", "default_requests"):
        for key, amount in getattr(spec.isolation, name).items():
            if amount != UNLIMITED:
                yield from _parsed(("isolation", kebab(name), key), amount, parse_quantity)


def _one_source(index: int, source: Source) -> Iterator[Complaint]:
    given = [field.name for field in dataclasses.fields(Source) if getattr(source, field.name)]
    if len(given) != 1:
        found = "none" if not given else " and ".join(given)
        yield ("app", index), f"exactly one of manifests, kustomize, helm is needed; there is {found}."


def _parsed(path: KeyPath, text: str, parse: Callable[[str], Any]) -> Iterator[Complaint]:
    try:
        amount = parse(text)
    except (SpecError, ValueError) as error:
        hint = f" {error.hint}" if isinstance(error, SpecError) and error.hint else ""
        yield path, f"{error}{hint}"
    else:
        if parse is parse_quantity and amount < 0:
            yield path, f"{text!r} is negative."


def _parse_range(text: str) -> object:
    try:
        return ipaddress.ip_network(text)
    except ValueError as error:
        raise ValueError(f"{error}.") from error


def _dotted(path: KeyPath) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) or "." in step else f".{step}" if text else step
    return text
