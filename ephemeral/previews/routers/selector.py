"""Router `service`: a Service's selector is switched from the baseline's pods to the candidate's, all or nothing."""

from ephemeral.errors import SpecError
from ephemeral.kube.objects import Object
from ephemeral.previews.copies import candidate_selector
from ephemeral.previews.load.plan import Routing, Share
from ephemeral.previews.names import baseline_name, candidate_name
from ephemeral.previews.routers.protocol import Stage, side_by_side
from ephemeral.previews.services import arm_service, point, restore, settle, wait_leading


class SelectorRouter:
    """Needs nothing but Services. New connections go where the selector says; those that are open stay."""

    name = "service"
    weighted = False
    by_header = False

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def prepare(self) -> None:
        """Make a Service for each arm beside the app's own."""
        self._stage.put([each for service in self._stage.baseline.services for each in _arm_services(service)])

    def shift(self, percent: int) -> str:
        """Switch every Service, once the pods that it is to lead to are ready."""
        if percent not in (0, 100):
            raise SpecError(
                f"router service can give the candidate 0 or 100 percent, not {percent}.",
                hint="`router: gateway-api` splits requests, `router: replicas` connections.",
            )
        kube, namespace = self._stage.kube, self._stage.namespace
        for service in self._stage.baseline.services:
            name, selector = service["metadata"]["name"], service["spec"]["selector"]
            if percent:
                selector = candidate_selector(selector)
                wait_leading(kube, candidate_name(name), namespace, selector)
            point(kube, service, selector, {})
            wait_leading(kube, name, namespace, selector)
        settle()
        return f"{percent} % of new connections"

    def release(self) -> None:
        """Give the Services their own selectors back, and remove those of the arms."""
        kube, namespace = self._stage.kube, self._stage.namespace
        for service in self._stage.baseline.services:
            name = service["metadata"]["name"]
            restore(kube, service)
            for arm in (candidate_name(name), baseline_name(name)):
                kube.delete("v1", "Service", arm, namespace)

    def routing(self, service: str, port: int | str, share: Share) -> Routing:
        """Both arms side by side, half of the requests each, whoever the Service leads to."""
        return side_by_side(self._stage, service, port)

    def preview_url(self, service: str, port: int | str) -> str:
        """The candidate's own Service."""
        return self._stage.url(candidate_name(service), port)


def _arm_services(service: Object) -> tuple[Object, Object]:
    name, selector = service["metadata"]["name"], service["spec"]["selector"]
    return (
        arm_service(service, baseline_name(name), selector, {}),
        arm_service(service, candidate_name(name), candidate_selector(selector), {}),
    )
