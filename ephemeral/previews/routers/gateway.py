"""Router `gateway-api`: HTTPRoutes split requests by weight, and by header.

While a preview runs, the Services lead to the gateway, and behind it each arm has its own: so every client takes part,
inside the environment and outside, with the URL that it has. The Services of the arms lead to the gateway as well, to
listeners that do nothing but name the arm: in the answer (who gave it is then known of every request), and in the
request (an app that forwards the header stays within its arm from Service to Service).
"""

from collections.abc import Sequence
from functools import cached_property
from math import ceil

from ephemeral.errors import SpecError
from ephemeral.kube.objects import Object
from ephemeral.previews.asking import wait_only, wait_some
from ephemeral.previews.copies import candidate_selector
from ephemeral.previews.load.plan import Destination, Routed, Routing, Share
from ephemeral.previews.names import LABEL, candidate_name
from ephemeral.previews.routers import routes
from ephemeral.previews.routers.dataplane import DataPlane, data_plane, own_data_plane
from ephemeral.previews.routers.listeners import TRIAL, Listeners, gateway_services, listeners, trial_service
from ephemeral.previews.routers.protocol import Stage, origin
from ephemeral.previews.services import is_pointed, point, restore, wait_leading, wait_listed
from ephemeral.waiting import Deadline, NotYet, wait_until

_EFFECT_SECONDS = 30.0
_ON_END = 20
#: Controllers add others of their own: that a candidate has no endpoints before it is there is one of Envoy Gateway's.
_ROUTE_CONDITIONS = ("Accepted", "ResolvedRefs")


class GatewayRouter:
    """Weights of single percents and the header, on a GatewayClass of the environment or a gateway of its own."""

    name = "gateway-api"
    weighted = True
    by_header = True

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    @cached_property
    def _listeners(self) -> list[Listeners]:
        return listeners(self._stage.baseline.services)

    def prepare(self) -> None:
        """Have the gateway, and lead the Services through it once it is seen to answer for the baseline."""
        from ephemeral.previews.routers.offered import PodsElsewhereError

        stage = self._stage
        try:
            self._serve(data_plane(stage))
        except PodsElsewhereError as error:
            if stage.gateway_class:
                raise
            stage.progress.note(f"{error.message} Traefik is installed instead.")
            self._serve(own_data_plane(stage))

    def _serve(self, gateway: DataPlane) -> None:
        from ephemeral.previews.routers.definitions import install_definitions

        stage = self._stage
        ports = [number for each in self._listeners for number in (each.split, each.baseline, each.candidate)]
        install_definitions(stage.kube)
        self._leave_other_class(gateway.gateway_class)
        gateway.install(ports)
        services = [*gateway_services(self._listeners, candidate_selector, gateway.pods)]
        stage.put([*services, trial_service(stage.namespace, ports, gateway.pods)])
        # A route that is read before its Services have EndpointSlices may stay unresolved.
        for service in services:
            wait_listed(stage.kube, service["metadata"]["name"], stage.namespace)
        found = [route for each in self._listeners for route in (routes.split_route(each, 0), *routes.arm_routes(each))]
        self._clear("HTTPRoute", routes.API, found)
        self._clear("Service", "v1", services)
        stage.put([routes.gateway(stage.namespace, gateway.gateway_class, ports), *found])
        gateway.wait_serving()
        for route in found:
            self._wait_accepted(route)
        for service in stage.baseline.services:
            name = service["metadata"]["name"]
            for each in self._of(service):
                # What the status says may be of before: a Service that came back a moment ago is still to be read.
                url = stage.url(TRIAL, each.split)
                wait_only(url, "baseline", times=_ON_END, named=True, deadline=Deadline(_EFFECT_SECONDS))
            point(stage.kube, service, gateway.pods, {each.port: each.split for each in self._of(service)})
            wait_leading(stage.kube, name, stage.namespace, gateway.pods)
            wait_only(self._url(name, service), "baseline", times=_ON_END, deadline=Deadline(_EFFECT_SECONDS))

    def shift(self, percent: int) -> str:
        """Write the weights, and see by requests that they are in effect."""
        if not 0 <= percent <= 100:
            raise SpecError(f"a weight is 0 to 100 percent, not {percent}.")
        written = [self._write(each, percent) for each in self._listeners]
        services = self._stage.baseline.services
        if percent == 0 and not any(is_pointed(self._stage.kube, each) for each in services):
            return "0 % of requests"  # nobody's requests come to the gateway, which may never have served
        for route in filter(None, written):
            self._wait_accepted(route)
        for service in services if all(written) else ():
            self._wait_effect(service, percent)
        return f"{percent} % of requests"

    def release(self) -> None:
        """Let the Services lead to the baseline's pods again; the gateway stays, and says 503 for the candidate."""
        stage = self._stage
        for service in stage.baseline.services:
            restore(stage.kube, service)
        for service in stage.baseline.services:
            wait_leading(stage.kube, service["metadata"]["name"], stage.namespace, service["spec"]["selector"])

    def routing(self, service: str, port: int | str, share: Share) -> Routing:
        """The Service itself: the gateway splits, and each answer says who gave it."""
        return Routed(destination=Destination(url=origin(self._stage.url(service, port))), share=share)

    def preview_url(self, service: str, port: int | str) -> str:
        """The candidate's listener of the gateway."""
        return self._stage.url(candidate_name(service), port)

    def _leave_other_class(self, gateway_class: str) -> None:
        """Remove the Gateway of another class, and its routes: what another controller said of them would stay."""
        kube, namespace = self._stage.kube, self._stage.namespace
        live = kube.get(routes.API, "Gateway", routes.GATEWAY, namespace)
        if live and live["spec"]["gatewayClassName"] != gateway_class:
            self.release()
            self._clear("HTTPRoute", routes.API, [])
            kube.delete(routes.API, "Gateway", routes.GATEWAY, namespace)

    def _clear(self, kind: str, version: str, kept: Sequence[Object]) -> None:
        """Remove what an earlier preview of other Services left: it leads to listeners that are others' now."""
        kube, namespace = self._stage.kube, self._stage.namespace
        names = {each["metadata"]["name"] for each in kept}
        for item in kube.list(version, kind, namespace=namespace, labels=f"{LABEL} in (route,service)"):
            if item["metadata"]["name"] not in names:
                kube.delete(version, kind, item["metadata"]["name"], namespace)

    def _of(self, service: Object) -> list[Listeners]:
        return [each for each in self._listeners if each.service is service]

    def _url(self, name: str, service: Object) -> str:
        return self._stage.url(name, service["spec"]["ports"][0]["port"])

    def _write(self, each: Listeners, percent: int) -> Object | None:
        """Apply the weights; None when there is no such route, and nothing was ever split."""
        kube, route = self._stage.kube, routes.split_route(each, percent)
        if kube.discovery.find(routes.API, "HTTPRoute") is None:
            return None
        if kube.get(routes.API, "HTTPRoute", route["metadata"]["name"], self._stage.namespace) is None:
            return None
        return {"apiVersion": routes.API, "kind": "HTTPRoute", **kube.apply(route)}

    def _wait_accepted(self, route: Object) -> None:
        """Return once the gateway has read the route as it is now."""
        name = route["metadata"]["name"]

        def attempt() -> None:
            live = self._stage.kube.get(routes.API, "HTTPRoute", name, self._stage.namespace) or {}
            conditions = [
                each
                for parent in (live.get("status") or {}).get("parents") or ()
                for each in parent["conditions"]
                if each["type"] in _ROUTE_CONDITIONS
            ]
            if not conditions:
                raise NotYet("no gateway has taken it")
            for each in conditions:
                if each.get("observedGeneration") != live["metadata"]["generation"] or each["status"] != "True":
                    raise NotYet(f"{each['type']}={each['status']} ({each.get('reason')}: {each.get('message', '')})")

        wait_until(attempt, deadline=Deadline(_EFFECT_SECONDS), what=f"HTTPRoute {name} in effect", max_interval=0.2)

    def _wait_effect(self, service: Object, percent: int) -> None:
        url, deadline = self._url(service["metadata"]["name"], service), Deadline(_EFFECT_SECONDS)
        if percent in (0, 100):
            wait_only(url, "candidate" if percent else "baseline", times=_ON_END, deadline=deadline)
        else:
            wait_some(url, "candidate", within=ceil(300 / percent), deadline=deadline)
