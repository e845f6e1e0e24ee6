"""The host's shared ingress controller serves apps of environments: by Ingress, by HTTPRoute, and by `expose`."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from ephemeral import Environment, up
from ephemeral.clusters import provider_for
from ephemeral.errors import SpecError
from ephemeral.kube.services import find_port
from ephemeral.spec.model import Expose, Source, Spec
from ephemeral.spec.preview_model import Preview
from ephemeral.waiting import Deadline, NotYet, wait_until
from tests import traefik
from tests.e2e.vcluster.conftest import spec_on
from tests.e2e.vcluster.served import DOMAIN, SHARED, app, get

pytestmark = pytest.mark.cluster

NAME = "shop"
OWN = f"own.{NAME}.{DOMAIN}"


@pytest.fixture(scope="module")
def spec(host: Environment, controller: str, tmp_path_factory: pytest.TempPathFactory) -> Spec:
    manifests = app(tmp_path_factory.mktemp("app"), OWN)
    return spec_on(
        host,
        NAME,
        ingress=SHARED,
        app=(Source(manifests=(str(manifests),)),),
        expose=(Expose(service="web", path="/hostname"),),
    )


@pytest.fixture(scope="module")
def shop(spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    state = str(tmp_path_factory.mktemp("state"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", state)
        environment = up(spec)
    yield environment
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPHEMERAL_STATE_DIR", state)
        environment.down()


@pytest.fixture(autouse=True)
def _pods(shop: Environment) -> None:
    assert shop.workloads()["Deployment default/web"] == "1/1 ready"


def test_expose_gives_the_url_that_the_hosts_controller_serves(shop: Environment, controller: str) -> None:
    url = shop.urls()["web"]
    assert url == f"http://web.{NAME}.{DOMAIN}/hostname"
    assert get(controller, urlsplit(url).netloc).startswith("web-")


def test_an_ingress_of_the_app_is_served(shop: Environment, controller: str) -> None:
    assert get(controller, OWN).startswith("web-")


def test_without_a_gateway_expose_makes_an_ingress(shop: Environment, spec: Spec, controller: str) -> None:
    web = find_port(shop.kube, "web")
    ingress = replace(SHARED, gateway="", domain="other.test")
    place = replace(spec.cluster, host=replace(spec.cluster.host, ingress=ingress))
    url = provider_for(place).get(NAME).publish(web, "hostname")
    assert url == f"http://web.{NAME}.other.test/hostname"
    assert get(controller, f"web.{NAME}.other.test").startswith("web-")


def test_a_route_may_not_take_a_name_of_others(shop: Environment, controller: str) -> None:
    shop.kube.apply(
        {
            "apiVersion": "gateway.networking.k8s.io/v1",
            "kind": "HTTPRoute",
            "metadata": {"name": "thief", "namespace": "default"},
            "spec": {
                "hostnames": [f"web.elsewhere.{DOMAIN}"],
                "parentRefs": [{"namespace": traefik.NAMESPACE, "name": traefik.GATEWAY}],
                "rules": [{"backendRefs": [{"name": "web", "port": 80}]}],
            },
        }
    )

    def refused() -> str:
        said = [each.message for each in shop.events(warnings=True) if "thief" in each.about]
        if not said:
            raise NotYet("vcluster says nothing of it")
        return said[-1]

    words = wait_until(refused, deadline=Deadline(20), what="refusal")
    assert f'"web.elsewhere.{DOMAIN}" is not permitted' in words


def test_a_gateway_class_that_the_host_has_not_is_removed_so_no_canary_is_begun(shop: Environment, spec: Spec) -> None:
    own = {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "GatewayClass",
        "metadata": {"name": "own"},
        "spec": {"controllerName": "example.test/own"},
    }
    shop.kube.apply(own)

    def gone() -> None:
        if shop.kube.get(own["apiVersion"], "GatewayClass", "own"):
            raise NotYet("it stays")

    wait_until(gone, deadline=Deadline(20), what="end of the class")
    with pytest.raises(SpecError, match="the GatewayClasses of its host"):
        up(replace(spec, preview=Preview(service=("web",))))
    with pytest.raises(SpecError, match="the GatewayClasses of its host"):
        shop.preview(Preview(service=("web",)))
    assert shop.preview(Preview(service=("web",), strategy="blue-green"))
