"""The seam between a preview and whatever splits its traffic."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.previews.baseline import Baseline
from ephemeral.previews.load.plan import Assigned, Destination, Routing, Share
from ephemeral.previews.names import baseline_name, candidate_name
from ephemeral.progress import Progress


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """What a router works on: the cluster, what is previewed, and the ways to put things there and to reach them.

    ``put`` applies objects under the isolation policy and waits until they are ready; ``url`` opens a Service's port to
    this machine. ``gateway_class`` is the GatewayClass that the user asks for; ``gateway_image`` is what a router runs
    that needs a gateway of its own.
    """

    kube: Kube
    baseline: Baseline
    put: Callable[[Sequence[Object]], None]
    url: Callable[[str, int | str], str]
    progress: Progress
    gateway_class: str = ""
    gateway_image: str = ""

    @property
    def namespace(self) -> str:
        """Where all of it is."""
        return self.baseline.namespace


class Router(Protocol):
    """Splits the requests to the previewed Services. Every method may be called again: it ends what was begun.

    One contract suite (tests/contract/previews) holds for all; weights between 0 and 100 and the header are asked only
    of those that declare them.
    """

    #: Its name in ephemeral.yaml.
    name: str
    #: Whether it can give the candidate any percentage of the requests.
    weighted: bool
    #: Whether the header `x-ephemeral-preview` leads a request to an arm.
    by_header: bool

    def prepare(self) -> None:
        """Make all that is needed before the candidate's pods are there; the baseline goes on getting everything."""
        ...

    def shift(self, percent: int) -> str:
        """Give the candidate this percentage, and return once it is in effect: what it is, in words.

        Raises SpecError for one that it can't give, WaitError when it does not come into effect.
        """
        ...

    def release(self) -> None:
        """Let the Services be as the app has them. Nobody may be sent to the candidate before it is called."""
        ...

    def routing(self, service: str, port: int | str, share: Share) -> Routing:
        """Where load for a port of a Service goes, and how it is known who answered.

        ``share`` says which part of the requests the candidate gets at the moment, None while that changes.
        """
        ...

    def preview_url(self, service: str, port: int | str) -> str:
        """Where the candidate alone answers."""
        ...


def side_by_side(stage: Stage, service: str, port: int | str) -> Routing:
    """Load for both arms at their own Services, half of the requests each: who answers is known by the address."""
    return Assigned(
        baseline=Destination(url=origin(stage.url(baseline_name(service), port))),
        candidate=Destination(url=origin(stage.url(candidate_name(service), port))),
    )


def origin(url: str) -> str:
    """Scheme and host alone."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
