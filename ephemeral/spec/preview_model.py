"""The key `preview` of ephemeral.yaml: what is compared with what, by which steps, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ephemeral.spec.metadata import CONFIG, doc

Strategy = Literal["canary", "blue-green"]
RouterName = Literal["auto", "gateway-api", "service", "replicas"]
Metric = Literal["errors", "p50", "p90", "p95", "p99"]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """How the candidate differs from the baseline; nothing at all makes an A/A preview."""

    __pydantic_config__ = CONFIG

    images: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("Image overrides of the candidate, as `images` has them for the app.")
    )
    patch: tuple[str, ...] = field(
        default=(),
        metadata=doc("Files of partial Deployments, ConfigMaps and Secrets, merged as `kubectl patch` does."),
    )
    manifests: tuple[str, ...] = field(
        default=(),
        metadata=doc("Files and folders of the candidate's manifests: its Deployments, ConfigMaps and Secrets count."),
    )


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """What the candidate is compared with: the app, perhaps with other images."""

    __pydantic_config__ = CONFIG

    images: Mapping[str, str] = field(
        default_factory=dict, metadata=doc("Image overrides of the app as it is deployed; they win over `images`.")
    )


@dataclass(frozen=True, kw_only=True)
class LoadPath:
    """One kind of request."""

    __pydantic_config__ = CONFIG

    path: str = field(default="/", metadata=doc("Path and query."))
    method: str = field(default="GET", metadata=doc("HTTP method."))
    headers: Mapping[str, str] = field(default_factory=dict, metadata=doc("Headers of the request."))
    body: str = field(default="", metadata=doc("Body of the request."))
    weight: int = field(default=1, metadata=doc("How often it is sent in relation to the others.", minimum=1))


@dataclass(frozen=True, kw_only=True)
class Load:
    """The requests that are sent while a step `load` runs; each is sent at its time, whatever became of others."""

    __pydantic_config__ = CONFIG

    rate: int = field(default=50, metadata=doc("Requests a second.", minimum=1))
    duration: str = field(default="30s", metadata=doc("How long, at most."))
    requests: int = field(default=0, metadata=doc("How many, at most; 0: as many as fit.", minimum=0))
    timeout: str = field(default="5s", metadata=doc("How long an answer may take before it counts as an error."))
    service: str = field(default="", metadata=doc("Service that they are sent to; empty: the first under `service`."))
    port: int | str = field(default="", metadata=doc("Port number or name; empty: the only one, or `http`."))
    keep_alive: bool = field(
        default=False, metadata=doc("Whether connections are used more than once; through a gateway they always are.")
    )
    paths: tuple[LoadPath, ...] = field(default=(), metadata=doc("What is requested; empty: `GET /`."))


@dataclass(frozen=True, kw_only=True)
class PreviewCheck:
    """One question that the verdict answers; exactly one of `compare`, `limit` and `run` is given."""

    __pydantic_config__ = CONFIG

    name: str = field(default="", metadata=doc("What the report calls it; empty: a name made of the rest."))
    compare: Metric | None = field(
        default=None,
        metadata=doc("Error rate or latency quantile in which the candidate may not be worse than the baseline."),
    )
    worse_by: str = field(
        default="",
        metadata=doc("What counts as worse: for `errors` points of 100 (empty: 2%), else part of the latency (10%)."),
    )
    slack: str = field(default="0ms", metadata=doc("Latency that makes no difference: `5ms` of noise in a fast app."))
    limit: Metric | None = field(default=None, metadata=doc("Error rate or latency quantile of the candidate alone."))
    at_most: str = field(default="", metadata=doc("The limit: `1%` for `errors`, else a time such as `300ms`."))
    run: tuple[str, ...] = field(default=(), metadata=doc("Command whose exit code 0 is a pass, any other a fail."))
    timeout: str = field(default="5m", metadata=doc("How long the command may run."))


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step; exactly one of its keys is given."""

    __pydantic_config__ = CONFIG

    weight: int | None = field(
        default=None, metadata=doc("Percentage of the requests that the candidate gets.", minimum=0, maximum=100)
    )
    header: bool = field(
        default=False,
        metadata=doc("`true`: nothing but requests with `x-ephemeral-preview: candidate` reach it; one must."),
    )
    pause: str = field(default="", metadata=doc("How long to wait, or `promote`: until somebody says so."))
    load: str = field(default="", metadata=doc("Send load for so long, or `default`: as long as `load` says."))
    check: bool = field(default=False, metadata=doc("`true`: ask for the verdict; a fail ends the preview here."))
    run: tuple[str, ...] = field(default=(), metadata=doc("Command; any exit code but 0 is a fail."))
    scale: int | None = field(default=None, metadata=doc("Number of the candidate's pods.", minimum=1))


@dataclass(frozen=True, kw_only=True)
class Preview:
    """Baseline and candidate of the app side by side."""

    __pydantic_config__ = CONFIG

    strategy: Strategy = field(default="canary", metadata=doc("`canary`: by weights; `blue-green`: all or nothing."))
    service: tuple[str, ...] = field(metadata=doc("Names of the Services whose Deployments are previewed."))
    namespace: str = field(default="default", metadata=doc("Their namespace."))
    candidate: Candidate = field(default_factory=Candidate, metadata=doc("How the candidate differs."))
    baseline: Baseline = field(default_factory=Baseline, metadata=doc("What it is compared with."))
    router: RouterName = field(
        default="auto",
        metadata=doc(
            "What splits: Gateway API's routes (requests), the Service's selector (all or nothing) or the numbers of "
            "pods (connections); `auto`: `gateway-api` for a canary, `service` for blue-green."
        ),
    )
    gateway_class: str = field(
        default="",
        metadata=doc(
            "GatewayClass that router `gateway-api` uses; empty: the one that the environment offers, or Traefik, "
            "which is installed where it offers none; `ephemeral`: Traefik in any case."
        ),
    )
    gateway_image: str = field(
        default="docker.io/library/traefik:v3.6.6",
        metadata=doc("Image of Traefik, if it is installed: a name, or an archive as under `images`."),
    )
    steps: tuple[Step, ...] = field(
        default=(), metadata=doc("What is done, in this order; empty: `weight: 50` (canary), `load`, `check`.")
    )
    load: Load = field(default_factory=Load, metadata=doc("Requests of the steps `load`."))
    checks: tuple[PreviewCheck, ...] = field(
        default=(), metadata=doc("What the verdict is made of; empty: compare `errors` and `p95`.")
    )
    alpha: str = field(
        default="5%", metadata=doc("Chance that a candidate which is no worse fails, all comparisons together.")
    )
    warm_up: int = field(
        default=20, metadata=doc("Requests of each arm that are not judged, the first ones.", minimum=0)
    )
    on_pass: Literal["promote", "hold"] = field(
        default="promote", metadata=doc("`promote`: the baseline becomes what the candidate is; `hold`: both stay.")
    )
    on_fail: Literal["abort", "hold"] = field(
        default="abort", metadata=doc("`abort`: the candidate is removed; `hold`: both stay.")
    )
    grace: str = field(
        default="10s", metadata=doc("How long what gets no new requests stays, for those under way and to go back.")
    )
    timeout: str = field(default="2m", metadata=doc("How long pods may take to become ready."))
