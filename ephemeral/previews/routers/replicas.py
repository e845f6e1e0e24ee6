"""Router `replicas`: both arms behind the Service, each with so many pods that connections split about as asked.

The fallback where nothing better can be had: what is split are connections, not requests, and only in steps of a pod.
No label of the app's finds the pods of both arms and no others, so the pods get one; that needs no restart.
"""

from collections.abc import Mapping

from ephemeral.errors import SpecError
from ephemeral.kube.objects import Object, condition
from ephemeral.previews.baseline import selects, template_labels
from ephemeral.previews.copies import candidate_selector
from ephemeral.previews.load.plan import Routing, Share
from ephemeral.previews.names import candidate_name
from ephemeral.previews.routers.protocol import Stage, side_by_side
from ephemeral.previews.routers.selector import SelectorRouter
from ephemeral.previews.scale import scale
from ephemeral.previews.services import point, settle, wait_leading

_SHARED = "ephemeral.shared"


class ReplicasRouter:
    """Splits connections, by numbers of pods."""

    name = "replicas"
    weighted = False
    by_header = False

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._switch = SelectorRouter(stage)

    def prepare(self) -> None:
        """Make a Service for each arm beside the app's own."""
        self._switch.prepare()

    def shift(self, percent: int) -> str:
        """Scale the candidate, and put the pods of both arms behind every Service; 0 and 100 are switches."""
        if not 0 <= percent <= 100:
            raise SpecError(f"a weight is 0 to 100 percent, not {percent}.")
        if percent in (0, 100):
            return self._switch.shift(percent)
        shares = [self._share(service, percent) for service in self._stage.baseline.services]
        settle()
        return "; ".join(shares)

    def release(self) -> None:
        """Give the Services their own selectors back."""
        self._switch.release()
        for service in self._stage.baseline.services:
            for pod in self._pods(_shared(service)):
                self._label(pod, _shared(service), None)

    def routing(self, service: str, port: int | str, share: Share) -> Routing:
        """Both arms side by side: behind the Service nobody could say who answered."""
        return side_by_side(self._stage, service, port)

    def preview_url(self, service: str, port: int | str) -> str:
        """The candidate's own Service."""
        return self._switch.preview_url(service, port)

    def _share(self, service: Object, percent: int) -> str:
        name, selector = service["metadata"]["name"], service["spec"]["selector"]
        shared, candidates = _shared(service), candidate_selector(selector)
        for deployment in self._stage.baseline.deployments:
            if selects(selector, template_labels(deployment)):
                wanted = max(1, round(int(deployment["spec"].get("replicas", 1)) * percent / (100 - percent)))
                scale(self._stage.kube, candidate_name(deployment["metadata"]["name"]), self._stage.namespace, wanted)
        wait_leading(self._stage.kube, candidate_name(name), self._stage.namespace, candidates)
        baseline_pods, candidate_pods = self._pods(selector), self._pods(candidates)
        for pod in (*baseline_pods, *candidate_pods):
            self._label(pod, shared, "true")
        point(self._stage.kube, service, shared, {})
        wait_leading(self._stage.kube, name, self._stage.namespace, shared)
        ready, total = _ready(candidate_pods), _ready(candidate_pods) + _ready(baseline_pods)
        return f"{100 * ready / total:.0f} % of connections ({ready} of {total} pods; {percent} % asked)"

    def _pods(self, selector: Mapping[str, str]) -> list[Object]:
        labels = ",".join(f"{key}={value}" for key, value in selector.items())
        found = self._stage.kube.list("v1", "Pod", namespace=self._stage.namespace, labels=labels)
        return [each for each in found if not each["metadata"].get("deletionTimestamp")]

    def _label(self, pod: Object, labels: Mapping[str, str], value: str | None) -> None:
        changes = {"metadata": {"labels": dict.fromkeys(labels, value)}}
        self._stage.kube.patch("v1", "Pod", pod["metadata"]["name"], changes, namespace=self._stage.namespace)


def _shared(service: Object) -> dict[str, str]:
    return {f"{_SHARED}/{service['metadata']['name']}": "true"}


def _ready(pods: list[Object]) -> int:
    return sum(condition(each, "Ready").get("status") == "True" for each in pods)
