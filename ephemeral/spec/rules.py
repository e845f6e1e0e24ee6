"""What a type can't say: rules for single values, by the path of their keys."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.document import Complaint, KeyPath, split
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.interpolate import NAME
from ephemeral.spec.presets import UNLIMITED
from ephemeral.spec.preview_rules import BelowError, preview_rules
from ephemeral.spec.quantities import parse_quantity

#: Takes what stands at a path and raises SpecError when it breaks the rule.
Rule = Callable[[Any], object]

#: Room is left for what vcluster puts behind a name, which must still fit 63 characters.
LONGEST_NAME = 40
_LONGEST_LABEL = 63
#: Of the 253 characters of a DNS name, less two labels before it.
_LONGEST_DOMAIN = 253 - 2 * 64
#: As `cluster.host.server`: from a pod of the host cluster.
IN_CLUSTER = "in-cluster"
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?")
_VERSION = re.compile(r"1\.[0-9]+(?:\.[0-9]+)?")
_OBJECT = re.compile(r"[^/\s]+/[^/\s]+")
_UNREADABLE = (".tar.bz2", ".tar.xz", ".tar.zst", ".zip")
_SOURCES = ("manifests", "kustomize", "helm")


def broken(rules: Mapping[str, Rule], value: Any) -> Iterator[Complaint]:
    """A complaint for every value that breaks a rule. In the rules' paths, ``*`` is any key or item."""
    for pattern, rule in rules.items():
        for path, found in _matches(value, split(pattern), ()):
            try:
                rule(found)
            except SpecError as error:
                below = error.below if isinstance(error, BelowError) else ()
                yield (*path, *below), " ".join(part for part in (error.message, error.hint) if part)


def _matches(value: Any, steps: tuple[str, ...], path: KeyPath) -> Iterator[tuple[KeyPath, Any]]:
    if not steps:
        yield path, value
        return
    first, *rest = steps
    keys: list[str | int] = []
    if first == "*":
        keys = list(value) if isinstance(value, dict) else list(range(len(value))) if isinstance(value, list) else []
    elif isinstance(value, dict) and first in value:
        keys = [first]
    for key in keys:
        yield from _matches(value[key], tuple(rest), (*path, key))


def _of_text(rule: Callable[[str], object]) -> Rule:
    """Lists and mappings where text is wanted are for the type check to refuse."""

    def check(value: Any) -> object:
        if isinstance(value, bool):
            return rule(str(value).lower())
        return rule(str(value)) if isinstance(value, str | int | float) else None

    return check


def name_rule(text: str) -> None:
    """What can name an environment. Raises SpecError."""
    if not _LABEL.fullmatch(text):
        raise SpecError(f"{text!r} is no DNS-1123 label: a-z, 0-9 and -, with no - at the ends.")
    if len(text) > LONGEST_NAME:
        raise SpecError(f"{text!r} has {len(text)} characters, at most {LONGEST_NAME} are possible.")


def _label(text: str) -> None:
    if not _LABEL.fullmatch(text) or len(text) > _LONGEST_LABEL:
        raise SpecError(f"{text!r} is no DNS-1123 label: up to 63 of a-z, 0-9 and -, with no - at the ends.")


def _server(text: str) -> None:
    if text != IN_CLUSTER and not re.fullmatch(r"https://[^/\s]+", text):
        raise SpecError(f"{text!r} is neither {IN_CLUSTER!r} nor a URL such as https://api.example.com:443.")


def _ingress(ingress: Any) -> None:
    given = {key for key, value in ingress.items() if value} if isinstance(ingress, dict) else set()
    if given and "namespace" not in given:
        raise SpecError("namespace is missing: the one from which the controller reaches the app.")
    if "gateway" in given and "domain" not in given:
        raise SpecError("domain is missing: routes may only take names below it.")


def _domain(text: str) -> None:
    if not all(_LABEL.fullmatch(label) for label in text.split(".")) or len(text) > _LONGEST_DOMAIN:
        raise SpecError(f"{text!r} is no domain such as preview.example.com.")


def _gateway(text: str) -> None:
    if not all(map(_LABEL.fullmatch, text.split("/"))) or text.count("/") != 1:
        raise SpecError(f"{text!r} is not NAMESPACE/NAME of a Gateway.")


def _version(text: str) -> None:
    if not _VERSION.fullmatch(text):
        raise SpecError(f"{text!r} is no version such as 1.36 or 1.36.3.")


def _positive(text: str) -> None:
    if not re.fullmatch(r"0*[1-9][0-9]*", text):
        raise SpecError(f"must be a whole number from 1, not {text!r}.")


def _amount(text: str) -> None:
    if parse_quantity(text) < 0:
        raise SpecError(f"{text!r} is negative.")


def _capacity(text: str) -> None:
    if parse_quantity(text) <= 0:
        raise SpecError(f"{text!r} is not more than nothing.")


def _amount_or_unlimited(text: str) -> None:
    if text != UNLIMITED:
        _amount(text)


def _range(text: str) -> None:
    import ipaddress

    try:
        network = ipaddress.ip_network(text)
    except ValueError as error:
        raise SpecError(f"{error}.") from error
    if "/" not in text:
        raise SpecError(f"{text!r} is no address range.", hint=f"Write {network}.")


def _port(text: str) -> None:
    is_number = re.fullmatch(r"[0-9]+", text)
    if is_number and not 1 <= int(text) <= 65535:
        raise SpecError(f"{text!r} is no port: 1 to 65535.")
    if not is_number and not (_LABEL.fullmatch(text) and len(text) <= 15):
        raise SpecError(f"{text!r} is neither a port number nor the name of one.")


def _variable(text: str) -> None:
    if not NAME.fullmatch(text):
        raise SpecError(f"{text!r} is no name of an environment variable.")


def _object(text: str) -> None:
    if not _OBJECT.fullmatch(text):
        raise SpecError(f"{text!r} is not kind/name, such as certificate/web.")


def _not_empty(text: str) -> None:
    if not text.strip():
        raise SpecError("must not be empty.")


def _image(text: str) -> None:
    _not_empty(text)
    if text.endswith(_UNREADABLE):
        raise SpecError(f"{text!r} is packed in a way that is not read.", hint="Make it a .tar or a .tar.gz.")


def _requests_within_limits(isolation: Any) -> None:
    requests, limits = (_amounts(isolation, key) for key in ("default-requests", "default-limits"))
    above = [name for name in requests if name in limits and requests[name] > limits[name]]
    if above:
        raise SpecError(f"default-requests of {', '.join(above)} are above default-limits.")


def _amounts(isolation: Any, key: str) -> dict[str, Decimal]:
    """The amounts that are there and right; the others have complaints of their own."""
    found: dict[str, Decimal] = {}
    written = isolation.get(key) if isinstance(isolation, dict) else None
    for name, amount in written.items() if isinstance(written, dict) else ():
        with suppress(SpecError):
            found[name] = parse_quantity(str(amount))
    return found


def _some(value: Any) -> None:
    if value == []:
        raise SpecError("must name at least one.")


def _one_source(source: Any) -> None:
    if not isinstance(source, dict):
        return
    given = [name for name in _SOURCES if source.get(name) not in (None, "", [])]
    # A mistyped key is complained about as such; "there is none" beside it would only confuse.
    if len(given) > 1 or (not given and set(source) <= set(_SOURCES)):
        found = " and ".join(given) or "none"
        raise SpecError(f"exactly one of {', '.join(_SOURCES)} is needed; there is {found}.")


POLICY_RULES: Mapping[str, Rule] = {
    "providers": _some,
    "nodes": _some,
    "quota.*": _of_text(_amount),
    "ttl": _of_text(parse_duration),
    "allow-egress.*": _of_text(_range),
}

SPEC_RULES: Mapping[str, Rule] = {
    "name": _of_text(name_rule),
    "cluster.kubernetes": _of_text(_version),
    "cluster.simulated.count": _of_text(_positive),
    "cluster.simulated.cpu": _of_text(_capacity),
    "cluster.simulated.memory": _of_text(_capacity),
    "cluster.simulated.pods": _of_text(_positive),
    "cluster.host.namespace": _of_text(_label),
    "cluster.host.server": _of_text(_server),
    "cluster.host.ingress": _ingress,
    "cluster.host.ingress.namespace": _of_text(_label),
    "cluster.host.ingress.domain": _of_text(_domain),
    "cluster.host.ingress.gateway": _of_text(_gateway),
    "isolation": _requests_within_limits,
    "isolation.quota.*": _of_text(_amount_or_unlimited),
    "isolation.default-limits.*": _of_text(_amount_or_unlimited),
    "isolation.default-requests.*": _of_text(_amount_or_unlimited),
    "isolation.network.allow-egress.*": _of_text(_range),
    "isolation.network.allow-ingress.*": _of_text(_range),
    "app.*": _one_source,
    "app.*.helm.chart": _of_text(_not_empty),
    "images.*": _of_text(_image),
    "ready.timeout": _of_text(parse_duration),
    "ready.conditions.*.resource": _of_text(_object),
    "ready.conditions.*.condition": _of_text(_not_empty),
    "ready.http.*.service": _of_text(_not_empty),
    "ready.http.*.port": _of_text(_port),
    "expose.*.service": _of_text(_not_empty),
    "expose.*.port": _of_text(_port),
    "ttl": _of_text(parse_duration),
    "env.*": _of_text(_variable),
    **preview_rules(_of_text, label=_label, port=_port, image=_image, not_empty=_not_empty),
}
