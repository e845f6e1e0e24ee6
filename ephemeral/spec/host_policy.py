"""The admin's ceilings: the model of a policy file, and reading it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ephemeral.spec.document import Document
from ephemeral.spec.metadata import CONFIG, doc
from ephemeral.spec.model import NodeMode, PodSecurity, Provider


@dataclass(frozen=True, kw_only=True)
class HostPolicy:
    """What the admin allows at most, given by `--policy FILE`; ephemeral.yaml may only tighten it."""

    __pydantic_config__ = CONFIG

    pod_security: PodSecurity | None = field(
        default=None, metadata=doc("The weakest Pod Security Standard that may be enforced.")
    )
    quota: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("The largest totals of an environment, by ResourceQuota names.")
    )
    ttl: str = field(default="", metadata=doc("The longest life of an environment."))
    providers: tuple[Provider, ...] | None = field(
        default=None, metadata=doc("The only providers; the first one is used when none is asked for.")
    )
    nodes: tuple[NodeMode, ...] | None = field(default=None, metadata=doc("The only node modes of `local`."))
    public_egress: bool = field(default=True, metadata=doc("Whether pods may be allowed to reach public addresses."))
    allow_egress: tuple[str, ...] | None = field(
        default=None,
        metadata=doc("The only ranges that `allow-egress` may have; with `public-egress: false` none unless listed."),
    )
    chart_sources: tuple[str, ...] = field(
        default=(),
        metadata=doc("The only `source`, `repo` and `version` of vcluster's chart besides the official ones."),
    )
    chart_values: tuple[str, ...] = field(
        default=(), metadata=doc("The only paths in the vcluster chart's values that may be set.")
    )


@dataclass(frozen=True)
class LoadedPolicy:
    """A host policy, and where each of its keys stands."""

    policy: HostPolicy
    document: Document


def load_host_policy(path: Path) -> LoadedPolicy:
    """Read a policy file; variables are not replaced there. Raises SpecError naming all that is wrong."""
    from ephemeral.spec.read import read_document

    return checked_policy(read_document(path))


def checked_policy(document: Document) -> LoadedPolicy:
    """A host policy from what was read. Raises SpecError naming all that is wrong."""
    from ephemeral.spec.check import check
    from ephemeral.spec.rules import POLICY_RULES

    hint = "docs/ephemeral-yaml.md lists every key of a host policy at its end."
    return LoadedPolicy(check(HostPolicy, document, POLICY_RULES, hint=hint), document)
