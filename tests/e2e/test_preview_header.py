"""The header of a preview leads a request through several Services, when the app forwards it."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.kube.objects import Manifest
from ephemeral.previews.names import REQUEST_HEADER
from ephemeral.spec.model import Spec
from ephemeral.spec.preview_model import Candidate, Preview, Step
from tests import podinfo
from tests.e2e.objects import deployment, service
from tests.images import BUSYBOX, busybox_image, podinfo_image, traefik_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended]


def front() -> list[dict[str, Any]]:
    """An app before podinfo, which forwards the header and says both messages; podinfo's patch fits it, too."""
    script = r"""#!/bin/sh
header="x-ephemeral-preview: $HTTP_X_EPHEMERAL_PREVIEW"
behind=$(wget -q -O - --header "$header" "http://$PODINFO_SERVICE_HOST/" | sed -n 's/.*"message": "\(.*\)".*/\1/p')
printf '\n%s %s' "$PODINFO_UI_MESSAGE" "$behind"
"""
    write = 'mkdir -p /tmp/cgi-bin; printf %s "$SCRIPT" >/tmp/cgi-bin/who; chmod +x /tmp/cgi-bin/who'
    start = f"{write}; exec httpd -f -p 8080 -h /tmp"
    app = deployment("front", image=BUSYBOX, command=["sh", "-c", start], replicas=1)
    (container,) = app["spec"]["template"]["spec"]["containers"]
    container["name"] = "podinfod"
    container["env"] = [{"name": "SCRIPT", "value": script}, {"name": "PODINFO_UI_MESSAGE", "value": "baseline"}]
    exposed = service("front")
    exposed["spec"]["ports"] = [{"name": "http", "port": 80, "targetPort": 8080}]
    return [app, exposed]


@pytest.fixture
def env() -> Iterator[Environment]:
    with ephemeral.up(Spec(name="header")) as environment:
        for image in (busybox_image(), podinfo_image(), traefik_image()):
            environment.load_image(image)
        environment.deploy([Manifest(object=each, origin="test") for each in (*front(), *podinfo.app())])
        yield environment


def test_the_header_leads_through_two_services(env: Environment, tmp_path: Path) -> None:
    patches = tuple(podinfo.patch(tmp_path, name=name) for name in ("front", "podinfo"))
    preview = Preview(
        service=("front", "podinfo"),
        candidate=Candidate(patch=patches),
        steps=(Step(header=True), Step(weight=50), Step(pause="promote")),
        grace="1s",
    )
    assert env.preview(preview).start().phase == "paused"
    url = env.url("front", path="/cgi-bin/who")

    def who(**headers: str) -> str:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return str(answer.read().decode().strip())

    for arm in ("baseline", "candidate"):
        assert {who(**{REQUEST_HEADER: arm}) for _ in range(10)} == {f"{arm} {arm}"}
    assert {who() for _ in range(40)} == {"baseline baseline", "candidate candidate"}, "split once, at the first"
    assert env.preview().abort().phase == "aborted"
    assert {who() for _ in range(10)} == {"baseline baseline"}
