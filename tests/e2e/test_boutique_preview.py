"""A preview within an application of eleven Services that others wrote: only its frontend is replaced."""

import urllib.request
from pathlib import Path

import pytest

import ephemeral
from ephemeral.spec.model import Source, Spec
from ephemeral.spec.preview_model import Candidate, Load, Preview, PreviewCheck
from tests import boutique
from tests.images import TRAEFIK, traefik_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended]


def front_page(url: str) -> str:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return str(answer.read().decode())


def test_a_new_frontend_is_previewed_and_promoted(shared_apps: Path) -> None:
    spec = Spec(
        name="boutique",
        app=(Source(kustomize=str(shared_apps / "online-boutique")),),
        images=dict.fromkeys(boutique.IMAGES, str(boutique.boutique_image())),
    )
    preview = Preview(
        service=("frontend",),
        candidate=Candidate(images={"frontend": str(boutique.boutique_image(boutique.CANDIDATE))}),
        gateway_image=TRAEFIK,
        grace="1s",
        load=Load(rate=50, duration="20s"),
        checks=(PreviewCheck(compare="errors", worse_by="10%"),),
    )
    with ephemeral.up(spec) as environment:
        environment.load_image(traefik_image())
        assert set(environment.workloads().values()) == {"1/1 ready"}
        assert front_page(environment.url("frontend")) == boutique.IMAGE
        state = environment.preview(preview).start()
        assert (state.verdict, state.phase) == ("pass", "promoted"), state.sentence
        assert front_page(environment.url("frontend")) == boutique.CANDIDATE
