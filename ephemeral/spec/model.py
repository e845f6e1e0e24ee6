"""The model of ephemeral.yaml: frozen dataclasses whose field metadata is the documentation.

The CLI, the environment variables, the JSON Schema and the reference page are all read from here. Keys are spelled
in kebab-case outside (``pod_security`` is ``pod-security``). Validation happens in ``load.py``, once, at the edge;
what holds a ``Spec`` can trust it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ephemeral.spec.archives import RULE
from ephemeral.spec.metadata import CONFIG, doc
from ephemeral.spec.preview_model import Preview

Provider = Literal["local", "vcluster"]
NodeMode = Literal["real", "simulated"]
PodNetwork = Literal["basic", "cilium"]
PodSecurity = Literal["privileged", "baseline", "restricted"]
Preset = Literal["isolated", "none"]


@dataclass(frozen=True, kw_only=True)
class SimulatedNodes:
    """How many simulated nodes there are and what each offers."""

    __pydantic_config__ = CONFIG

    count: int = field(default=1, metadata=doc("Number of nodes.", minimum=1))
    cpu: str = field(default="32", metadata=doc("CPU of each node, a Kubernetes quantity.", numeric=True))
    memory: str = field(default="256Gi", metadata=doc("Memory of each node, a Kubernetes quantity.", numeric=True))
    pods: int = field(default=250, metadata=doc("How many pods a node takes.", minimum=1))


@dataclass(frozen=True, kw_only=True)
class Chart:
    """vcluster's own chart: where it is, and values that go beyond what ephemeral sets."""

    __pydantic_config__ = CONFIG

    source: str = field(
        default="", metadata=doc("Folder, archive, OCI reference or name in `repo`; empty: the official chart.")
    )
    repo: str = field(default="", metadata=doc("Repository URL, when `source` is a name."))
    version: str = field(default="", metadata=doc("Chart version; empty: the tested one.", numeric=True))
    values: tuple[str, ...] = field(default=(), metadata=doc("Values files, later ones win."))
    set: Mapping[str, Any] = field(default_factory=dict, metadata=doc("Single values by path, they win over files."))


@dataclass(frozen=True, kw_only=True)
class HostIngress:
    """The ingress controller that the host's environments share."""

    __pydantic_config__ = CONFIG

    namespace: str = field(
        default="",
        metadata=doc("The host's namespace in which its pods run: they may reach the app. Empty: there is none."),
    )
    domain: str = field(
        default="",
        metadata=doc("Names below it lead to the controller: `expose` gives http://SERVICE.ENVIRONMENT.DOMAIN then."),
    )
    class_name: str = field(
        default="", metadata=doc("Its IngressClass, for what `expose` opens; empty: the host's default.")
    )
    gateway: str = field(
        default="",
        metadata=doc(
            "`NAMESPACE/NAME` of its Gateway: the app's HTTPRoutes may attach to it by that name, for names below "
            "ENVIRONMENT.DOMAIN."
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Host:
    """The host cluster of provider `vcluster`."""

    __pydantic_config__ = CONFIG

    kubeconfig: str = field(default="", metadata=doc("Its kubeconfig; empty: KUBECONFIG, or ~/.kube/config."))
    context: str = field(default="", metadata=doc("Context in that kubeconfig; empty: the current one."))
    namespace: str = field(
        default="",
        metadata=doc("The one namespace of it that may be used; empty: each environment gets one of its own."),
    )
    server: str = field(
        default="",
        metadata=doc(
            "How the environment's API is reached: empty by a port-forward, a URL that leads to it, or `in-cluster` "
            "from pods of the host."
        ),
    )
    registry: str = field(default="", metadata=doc("Registry that has all images of vcluster, such as a mirror."))
    chart: Chart = field(default_factory=Chart, metadata=doc("vcluster's chart."))
    ingress: HostIngress = field(default_factory=HostIngress, metadata=doc("The ingress controller of the host."))


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where the virtual cluster comes from."""

    __pydantic_config__ = CONFIG

    provider: Provider = field(
        default="local",
        metadata=doc("`local`: processes on this machine; `vcluster`: in a namespace of a host cluster."),
    )
    nodes: NodeMode = field(
        default="real",
        metadata=doc("`real` nodes run pods; `simulated` ones (KWOK) turn pods Ready and run nothing."),
    )
    kubernetes: str = field(
        default="", metadata=doc("Kubernetes version, `1.36` or `1.36.3`; empty: the default.", numeric=True)
    )
    network: PodNetwork = field(
        default="basic",
        metadata=doc(
            "Pod network of real nodes: `basic` starts at once and enforces the environment's edge; `cilium` "
            "enforces NetworkPolicies among pods as well."
        ),
    )
    outbound: bool = field(
        default=True,
        metadata=doc("Whether real nodes (pods, image pulls) may reach at all what this machine reaches."),
    )
    simulated: SimulatedNodes = field(default_factory=SimulatedNodes, metadata=doc("Size of the simulated nodes."))
    host: Host = field(default_factory=Host, metadata=doc("The host cluster of provider `vcluster`."))


@dataclass(frozen=True, kw_only=True)
class Network:
    """Network rules of the environment's pods."""

    __pydantic_config__ = CONFIG

    public_egress: bool = field(default=True, metadata=doc("Whether pods may reach public addresses."))
    allow_egress: tuple[str, ...] = field(
        default=(), metadata=doc("More address ranges (CIDR) that pods may reach, such as a private registry's.")
    )
    allow_ingress: tuple[str, ...] = field(
        default=(), metadata=doc("Address ranges (CIDR) that may reach the pods, besides what `expose` opens.")
    )


@dataclass(frozen=True, kw_only=True)
class Isolation:
    """The isolation policy: what keeps an environment from disturbing, or reaching, anything else."""

    __pydantic_config__ = CONFIG

    preset: Preset = field(
        default="isolated",
        metadata=doc("`isolated` sets everything below; `none` sets only what is written out."),
    )
    pod_security: PodSecurity | None = field(
        default=None, metadata=doc("Pod Security Standard that every namespace enforces; `isolated`: baseline.")
    )
    quota: Mapping[str, str] = field(
        default_factory=dict,
        metadata=doc(
            "Totals of the whole environment, ResourceQuota names; they replace the preset's one by one, "
            "`unlimited` removes one.",
            numeric=True,
        ),
    )
    default_limits: Mapping[str, str] = field(
        default_factory=dict,
        metadata=doc("Limits of a container that states none (LimitRange `default`).", numeric=True),
    )
    default_requests: Mapping[str, str] = field(
        default_factory=dict,
        metadata=doc("Requests of a container that states none (LimitRange `defaultRequest`).", numeric=True),
    )
    network: Network = field(default_factory=Network, metadata=doc("Network rules."))


@dataclass(frozen=True, kw_only=True)
class HelmChart:
    """A Helm chart and its values."""

    __pydantic_config__ = CONFIG

    chart: str = field(metadata=doc("Folder, archive, OCI reference or name in `repo`."))
    release: str = field(default="", metadata=doc("Release name; empty: the chart's."))
    namespace: str = field(default="default", metadata=doc("Namespace of the release."))
    repo: str = field(default="", metadata=doc("Repository URL, when `chart` is a name."))
    version: str = field(default="", metadata=doc("Chart version; empty: the newest.", numeric=True))
    values: tuple[str, ...] = field(default=(), metadata=doc("Values files, later ones win."))
    set: Mapping[str, Any] = field(default_factory=dict, metadata=doc("Single values by path, they win over files."))


@dataclass(frozen=True, kw_only=True)
class Source:
    """One source of manifests; exactly one of its keys is given."""

    __pydantic_config__ = CONFIG

    manifests: tuple[str, ...] = field(default=(), metadata=doc("Files and folders of manifests; `-` is stdin."))
    kustomize: str = field(default="", metadata=doc("A folder with a kustomization."))
    helm: HelmChart | None = field(default=None, metadata=doc("A Helm chart."))


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition of an object that must hold before the app counts as ready."""

    __pydantic_config__ = CONFIG

    resource: str = field(metadata=doc("`kind/name`, such as `certificate/web`."))
    condition: str = field(metadata=doc("Type in `status.conditions` that must be True, such as `Ready`."))
    namespace: str = field(default="default", metadata=doc("Namespace of the object."))


@dataclass(frozen=True, kw_only=True)
class HttpCheck:
    """A GET that must be answered before the app counts as ready."""

    __pydantic_config__ = CONFIG

    service: str = field(metadata=doc("Name of the Service."))
    port: int | str = field(default=80, metadata=doc("Port number or name."))
    namespace: str = field(default="default", metadata=doc("Namespace of the Service."))
    path: str = field(default="/", metadata=doc("Path to GET."))
    status: int = field(default=200, metadata=doc("Status that is awaited."))


@dataclass(frozen=True, kw_only=True)
class Ready:
    """When the app counts as ready."""

    __pydantic_config__ = CONFIG

    timeout: str = field(default="5m", metadata=doc("Longest wait for all workloads together."))
    conditions: tuple[Condition, ...] = field(default=(), metadata=doc("Conditions besides the workloads' own."))
    http: tuple[HttpCheck, ...] = field(
        default=(), metadata=doc("Requests that must be answered; they open the Service to the machine.")
    )


@dataclass(frozen=True, kw_only=True)
class Expose:
    """A service that is to be reached from the machine."""

    __pydantic_config__ = CONFIG

    service: str = field(metadata=doc("Name of the Service."))
    port: int | str = field(default=80, metadata=doc("Port number or name."))
    namespace: str = field(default="default", metadata=doc("Namespace of the Service."))
    path: str = field(default="/", metadata=doc("Path that is put behind the URL."))


@dataclass(frozen=True, kw_only=True)
class Spec:
    """An environment as the user asks for it: the content of ephemeral.yaml."""

    __pydantic_config__ = CONFIG

    name: str = field(default="", metadata=doc("Name of the environment, DNS-1123; empty: the folder's name."))
    cluster: Cluster = field(default_factory=Cluster, metadata=doc("Where the virtual cluster comes from."))
    isolation: Isolation = field(default_factory=Isolation, metadata=doc("The isolation policy."))
    app: tuple[Source, ...] = field(default=(), metadata=doc("The app under test, applied in this order."))
    images: Mapping[str, str] = field(
        default_factory=dict,
        metadata=doc(
            "Image overrides: name in the manifests -> image to run, or path of an image archive to load. It is a "
            f"path if it {RULE}."
        ),
    )
    ready: Ready = field(default_factory=Ready, metadata=doc("When the app counts as ready."))
    expose: tuple[Expose, ...] = field(default=(), metadata=doc("Services to be reached from the machine."))
    preview: Preview | None = field(
        default=None, metadata=doc("Baseline and candidate side by side: what `ephemeral preview` does.")
    )
    ttl: str = field(default="1h", metadata=doc("How long the environment may live: `30m`, `2h`, `1d`."))
    env: tuple[str, ...] = field(
        default=(), metadata=doc("Environment variables that `${NAME}` may read; no other can be.")
    )
    test: tuple[str, ...] = field(default=(), metadata=doc("Command that `ephemeral run` runs when it is given none."))
