"""A preview inside a vcluster: its pods and its gateway run on the host, its requests go through the API server."""

import json
from pathlib import Path

import pytest

from ephemeral import Environment, up
from ephemeral.kube.objects import Manifest
from ephemeral.previews.asking import ask
from ephemeral.spec.load import load
from tests import podinfo
from tests.e2e.vcluster.conftest import spec_on
from tests.images import traefik_image

pytestmark = [pytest.mark.cluster, pytest.mark.extended]


def test_a_failing_candidate_is_caught_and_a_good_one_is_promoted(host: Environment, tmp_path: Path) -> None:
    host.load_image(traefik_image())
    preview = {
        "service": "podinfo",
        "grace": "1s",
        "warm-up": 0,
        "load": {"rate": 40, "duration": "30s", "port": "http"},
        "checks": [{"compare": "errors", "worse-by": "10%"}],
    }

    def begin(environment: Environment, **env: str) -> tuple[str, str]:
        keys = {**preview, "candidate": {"patch": podinfo.patch(tmp_path, **env)}}
        path = tmp_path / "ephemeral.yaml"
        path.write_text(json.dumps({"preview": keys}))
        state = environment.preview(load(path).spec.preview).start()
        return state.verdict, state.phase

    with up(spec_on(host, "previewed")) as environment:
        environment.deploy([Manifest(object=each, origin="test") for each in podinfo.app()])
        url = environment.url("podinfo", port="http")
        assert begin(environment, RANDOM_ERROR="true") == ("fail", "aborted")
        assert podinfo.message(url) == "baseline"
        assert ask(environment.url("podinfo-preview", port="http")).status == 503
        assert begin(environment) == ("pass", "promoted")
        assert podinfo.message(url) == "candidate"
