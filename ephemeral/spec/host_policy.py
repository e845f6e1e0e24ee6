"""The admin's ceilings. ephemeral.yaml may only tighten them: what comes from a pull request is untrusted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from ephemeral.errors import PolicyError, SpecError
from ephemeral.spec.document import Document, read_document
from ephemeral.spec.durations import format_duration, parse_duration
from ephemeral.spec.load import Loaded
from ephemeral.spec.model import Isolation, PodSecurity, Spec
from ephemeral.spec.presets import UNLIMITED, resolve
from ephemeral.spec.quantities import parse_quantity

_ORDER: tuple[PodSecurity, ...] = ("privileged", "baseline", "restricted")
_KEYS = ("pod-security", "quota", "ttl", "providers", "nodes", "public-egress", "allow-egress", "chart-values")


@dataclass(frozen=True, kw_only=True, slots=True)
class HostPolicy:
    """What an admin allows at most; None: no ceiling."""

    document: Document
    pod_security: PodSecurity | None = None
    quota: dict[str, str] | None = None
    ttl: timedelta | None = None
    providers: tuple[str, ...] | None = None
    nodes: tuple[str, ...] | None = None
    public_egress: bool = True
    allow_egress: tuple[str, ...] | None = None
    chart_values: tuple[str, ...] = ()

    def place(self, key: str) -> str:
        """``file:line`` of one of its keys."""
        return self.document.place((key,))


def load_host_policy(path: Path) -> HostPolicy:
    """Read a policy file. Raises SpecError with file and line."""
    document = read_document(path, scalar=lambda text, _: text)
    value = document.value
    for key in value:
        if key not in _KEYS:
            raise SpecError(f"{document.place((key,))}: {key}: there is no such key. Known here: {', '.join(_KEYS)}.")
    if value.get("pod-security", "baseline") not in _ORDER:
        raise SpecError(f"{document.place(('pod-security',))}: pod-security: must be one of {', '.join(_ORDER)}.")
    try:
        for amount in value.get("quota", {}).values():
            parse_quantity(amount)
        ttl = parse_duration(str(value["ttl"])) if "ttl" in value else None
        return HostPolicy(
            document=document,
            pod_security=value.get("pod-security"),
            quota={name: str(amount) for name, amount in value["quota"].items()} if "quota" in value else None,
            ttl=ttl,
            providers=_names(value, "providers"),
            nodes=_names(value, "nodes"),
            public_egress=bool(value.get("public-egress", True)),
            allow_egress=_names(value, "allow-egress"),
            chart_values=_names(value, "chart-values") or (),
        )
    except (SpecError, AttributeError, TypeError) as error:
        raise SpecError(f"{path}: {error}") from error


def tighten(loaded: Loaded, host: HostPolicy) -> Spec:
    """The spec within the host policy: defaults are lowered to it, what somebody wrote must fit.

    Raises PolicyError that names, for every conflict, both values and where each stands.
    """
    conflicts = [
        f"{loaded.place(path)}: {path} asks for {asked}; {host.place(key)}: {key} allows {allowed}."
        for path, asked, key, allowed in _conflicts(loaded, host)
    ]
    if conflicts:
        hint = "ephemeral.yaml may only tighten the host policy. Ask for less, or ask the admin who wrote it."
        raise PolicyError("\n".join(conflicts), hint=hint)
    return replace(loaded.spec, ttl=_ttl(loaded.spec, host), isolation=_isolation(loaded.spec.isolation, host))


Conflict = tuple[str, str, str, str]


def _conflicts(loaded: Loaded, host: HostPolicy) -> Iterator[Conflict]:
    spec, given = loaded.spec, loaded.given
    if host.ttl and "ttl" in given and parse_duration(spec.ttl) > host.ttl:
        yield "ttl", spec.ttl, "ttl", f"at most {format_duration(host.ttl)}"
    if host.providers is not None and spec.cluster.provider not in host.providers:
        yield "cluster.provider", spec.cluster.provider, "providers", f"only {', '.join(host.providers)}"
    if host.nodes is not None and spec.cluster.nodes not in host.nodes:
        yield "cluster.nodes", spec.cluster.nodes, "nodes", f"only {', '.join(host.nodes)}"
    yield from _isolation_conflicts(spec.isolation, given, host)


def _isolation_conflicts(asked: Isolation, given: frozenset[str], host: HostPolicy) -> Iterator[Conflict]:
    if host.pod_security and "isolation.pod-security" in given and _is_looser(asked.pod_security, host.pod_security):
        yield "isolation.pod-security", str(asked.pod_security), "pod-security", f"at least {host.pod_security}"
    for name, most in (host.quota or {}).items():
        amount = asked.quota.get(name)
        if amount is not None and (amount == UNLIMITED or parse_quantity(amount) > parse_quantity(most)):
            yield f"isolation.quota[{name}]", amount, "quota", f"at most {most}"
    if not host.public_egress and "isolation.network.public-egress" in given and asked.network.public_egress:
        yield "isolation.network.public-egress", "true", "public-egress", "false only"
    if host.allow_egress is not None:
        for cidr in asked.network.allow_egress:
            if not any(_is_within(cidr, allowed) for allowed in host.allow_egress):
                yield (
                    "isolation.network.allow-egress",
                    cidr,
                    "allow-egress",
                    f"only {', '.join(host.allow_egress) or 'none'}",
                )
    if asked.preset == "none" and host != HostPolicy(document=host.document, ttl=host.ttl, providers=host.providers):
        allowed = "its ceilings, so only preset isolated"
        yield "isolation.preset", "none", "quota" if host.quota else "pod-security", allowed


def _isolation(asked: Isolation, host: HostPolicy) -> Isolation:
    policy = resolve(asked)
    floor = host.pod_security
    quota = dict(asked.quota)
    for name, most in (host.quota or {}).items():
        own = policy.quota.get(name)
        quota[name] = own if own is not None and parse_quantity(own) <= parse_quantity(most) else most
    return replace(
        asked,
        pod_security=floor if floor and _is_looser(policy.pod_security, floor) else asked.pod_security,
        quota=quota,
        network=replace(asked.network, public_egress=asked.network.public_egress and host.public_egress),
    )


def _ttl(spec: Spec, host: HostPolicy) -> str:
    if host.ttl and parse_duration(spec.ttl) > host.ttl:
        return format_duration(host.ttl)
    return spec.ttl


def _is_looser(standard: PodSecurity | None, floor: PodSecurity) -> bool:
    return _ORDER.index(standard or "privileged") < _ORDER.index(floor)


def _is_within(cidr: str, allowed: str) -> bool:
    import ipaddress

    inner, outer = ipaddress.ip_network(cidr), ipaddress.ip_network(allowed)
    return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _names(value: dict[str, Any], key: str) -> tuple[str, ...] | None:
    if key not in value:
        return None
    names = value[key]
    return (names,) if isinstance(names, str) else tuple(str(name) for name in names)
