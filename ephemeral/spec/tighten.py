"""Hold a Spec to the host policy: what comes with a pull request is untrusted and may only tighten it.

What somebody wrote must fit; defaults are lowered to the ceiling without a word.
"""

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ephemeral.errors import PolicyError
from ephemeral.spec.chart_values import added_values, is_below
from ephemeral.spec.document import KeyPath, dotted
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.host_policy import HostPolicy, LoadedPolicy
from ephemeral.spec.load import Loaded
from ephemeral.spec.model import Chart, Cluster, Isolation, PodSecurity, Spec
from ephemeral.spec.presets import UNLIMITED, Policy, resolve
from ephemeral.spec.quantities import parse_quantity

_ORDER: tuple[PodSecurity, ...] = ("privileged", "baseline", "restricted")
_PRESET: KeyPath = ("isolation", "preset")


@dataclass(frozen=True)
class _Looser:
    """Something that is looser than a key of the host policy allows."""

    path: KeyPath
    asked: str
    key: KeyPath
    allowed: str


def tighten(loaded: Loaded, host: LoadedPolicy) -> Spec:
    """The spec within the host policy.

    Raises PolicyError that names, for every conflict, both values and where each stands.
    """
    conflicts = [found for each in _looser(loaded.spec, host.policy) if (found := _written(each, loaded))]
    if conflicts:
        lines = [
            f"{loaded.place(each.path)}: {dotted(each.path)} asks for {each.asked}; "
            f"{host.document.place(each.key)}: {dotted(each.key)} allows {each.allowed}."
            for each in conflicts
        ]
        hint = "ephemeral.yaml may only tighten the host policy: ask for less, or ask the admin who wrote it."
        raise PolicyError("\n".join(dict.fromkeys(lines)), hint=hint)
    return _lowered(loaded.spec, host.policy)


def _written(each: _Looser, loaded: Loaded) -> _Looser | None:
    """The conflict, if somebody wrote it: as such, or as preset `none`, which leaves out what the policy demands."""
    if each.path in loaded.given:
        return each
    if each.path[0] == "isolation" and _PRESET in loaded.given and loaded.spec.isolation.preset == "none":
        return replace(each, path=_PRESET, asked="none")
    # Simulated nodes must be asked for by name, because nothing runs on them: no policy switches to them silently.
    return replace(each, asked=f"{each.asked} by default") if each.key == ("nodes",) else None


def _looser(spec: Spec, host: HostPolicy) -> Iterator[_Looser]:
    if host.ttl and parse_duration(spec.ttl) > parse_duration(host.ttl):
        yield _Looser(("ttl",), spec.ttl, ("ttl",), f"at most {host.ttl}")
    cluster = _lowered_cluster(spec.cluster, host)
    if host.providers is not None and spec.cluster.provider not in host.providers:
        yield _Looser(("cluster", "provider"), spec.cluster.provider, ("providers",), _only(host.providers))
    if host.nodes is not None and cluster.provider == "local" and cluster.nodes not in host.nodes:
        yield _Looser(("cluster", "nodes"), cluster.nodes, ("nodes",), _only(host.nodes))
    policy = resolve(spec.isolation)
    if host.pod_security and _is_looser(policy.pod_security, host.pod_security):
        asked = str(policy.pod_security)
        yield _Looser(("isolation", "pod-security"), asked, ("pod-security",), f"at least {host.pod_security}")
    for name, most in host.quota.items():
        amount = policy.quota.get(name)
        if amount is None or parse_quantity(amount) > parse_quantity(most):
            yield _Looser(("isolation", "quota", name), amount or UNLIMITED, ("quota", name), f"at most {most}")
    yield from _looser_network(policy, host)
    if cluster.provider == "vcluster":
        yield from _looser_chart(spec.cluster.host.chart, host)


def _looser_chart(chart: Chart, host: HostPolicy) -> Iterator[_Looser]:
    """Another chart, or any value of it, could make everything else of the policy void."""
    path: KeyPath = ("cluster", "host", "chart")
    for key, asked in (("source", chart.source), ("repo", chart.repo), ("version", chart.version)):
        if asked and asked not in host.chart_sources:
            yield _Looser((*path, key), asked, ("chart-sources",), _only(host.chart_sources))
    for value, place in added_values(chart)[1].items():
        if not any(is_below(value, allowed) for allowed in host.chart_values):
            yield _Looser(path, f"{value} ({place})", ("chart-values",), _only(host.chart_values))


def _looser_network(asked: Policy, host: HostPolicy) -> Iterator[_Looser]:
    path: KeyPath = ("isolation", "network")
    if not host.public_egress and asked.public_egress:
        yield _Looser((*path, "public-egress"), "true", ("public-egress",), "only false")
    ranges = _allowed_ranges(host)
    if ranges is None:
        return
    key: KeyPath = ("public-egress",) if host.allow_egress is None else ("allow-egress",)
    if not asked.network:
        yield _Looser((*path, "allow-egress"), "everything", key, _only(ranges))
    for index, each in enumerate(asked.allow_egress):
        if not any(_is_within(each, allowed) for allowed in ranges):
            yield _Looser((*path, "allow-egress", index), each, key, _only(ranges))


def _allowed_ranges(host: HostPolicy) -> tuple[str, ...] | None:
    """What `allow-egress` may have; None: anything. Else it could open what `public-egress: false` has closed."""
    return () if host.allow_egress is None and not host.public_egress else host.allow_egress


def _lowered(spec: Spec, host: HostPolicy) -> Spec:
    ttl = min(spec.ttl, host.ttl or spec.ttl, key=parse_duration)
    isolation = _lowered_isolation(spec.isolation, host)
    return replace(spec, ttl=ttl, cluster=_lowered_cluster(spec.cluster, host), isolation=isolation)


def _lowered_cluster(asked: Cluster, host: HostPolicy) -> Cluster:
    if not host.providers or asked.provider in host.providers:
        return asked
    return replace(asked, provider=host.providers[0])


def _lowered_isolation(asked: Isolation, host: HostPolicy) -> Isolation:
    policy = resolve(asked)
    quota = {name: min(policy.quota.get(name, most), most, key=parse_quantity) for name, most in host.quota.items()}
    is_looser = host.pod_security and _is_looser(policy.pod_security, host.pod_security)
    return replace(
        asked,
        pod_security=host.pod_security if is_looser else asked.pod_security,
        quota={**asked.quota, **quota},
        network=replace(asked.network, public_egress=asked.network.public_egress and host.public_egress),
    )


def _is_looser(standard: PodSecurity | None, floor: PodSecurity) -> bool:
    return _ORDER.index(standard or "privileged") < _ORDER.index(floor)


def _is_within(inner: str, outer: str) -> bool:
    one, other = ipaddress.ip_network(inner), ipaddress.ip_network(outer)
    return one.version == other.version and one.subnet_of(other)  # type: ignore[arg-type]


def _only(allowed: tuple[str, ...]) -> str:
    return f"only {', '.join(allowed)}" if allowed else "none"
