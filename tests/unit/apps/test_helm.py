"""How helm is called, and what is taken from its output. A script stands in for the program."""

import json
import sys

import pytest

from ephemeral.apps.helm import template
from ephemeral.errors import SpecError
from ephemeral.spec.model import HelmChart
from ephemeral.waiting import Deadline

RENDERED = """\
---
# Source: web/templates/deployment.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# Source: web/templates/migrate.yaml
apiVersion: batch/v1
kind: Job
metadata: {name: migrate, annotations: {helm.sh/hook: "pre-install, pre-upgrade"}}
---
# Source: web/templates/tests/test.yaml
apiVersion: v1
kind: Pod
metadata: {name: test, annotations: {helm.sh/hook: test}}
---
# Source: web/templates/cleanup.yaml
apiVersion: batch/v1
kind: Job
metadata: {name: cleanup, annotations: {helm.sh/hook: post-delete}}
"""


class Helm:
    """A program that prints RENDERED and keeps what it was given."""

    def __init__(self, folder):
        self.path, self._seen = folder / "helm", folder / "seen.json"
        self.path.write_text(
            f"#!{sys.executable}\nimport json, sys\n"
            f"json.dump([sys.argv[1:], sys.stdin.read()], open({str(self._seen)!r}, 'w'))\nprint({RENDERED!r})\n"
        )
        self.path.chmod(0o755)

    @property
    def seen(self):
        argv, stdin = json.loads(self._seen.read_text())
        return argv, json.loads(stdin)


@pytest.fixture
def helm(tmp_path):
    return Helm(tmp_path)


@pytest.fixture
def chart(tmp_path):
    (tmp_path / "charts" / "web").mkdir(parents=True)
    (tmp_path / "charts" / "web" / "Chart.yaml").write_text("apiVersion: v2\nname: storefront\nversion: 1.0.0\n")
    return "charts/web"


def render(helm, tmp_path, **options):
    return template(HelmChart(**options), base=tmp_path, helm=helm.path, deadline=Deadline(60))


def test_objects_know_their_template_and_the_releases_namespace(helm, chart, tmp_path):
    found = render(helm, tmp_path, chart=chart, namespace="shop")
    assert [(each.object["metadata"]["name"], each.origin) for each in found] == [
        ("a", "web/templates/deployment.yaml"),
        ("migrate", "web/templates/migrate.yaml"),
    ]
    assert {each.namespace for each in found} == {"shop"}


def test_single_values_go_through_stdin_alone(helm, chart, tmp_path):
    values = {"image.tag": "1.2", "image.pull": True, r"annotations.acme\.dev/x": "y", "password": "hunter2"}
    render(helm, tmp_path, chart=chart, set=values)
    argv, stdin = helm.seen
    assert stdin == {"image": {"tag": "1.2", "pull": True}, "annotations": {"acme.dev/x": "y"}, "password": "hunter2"}
    assert argv[-2:] == ["--values", "-"]
    assert not any("hunter2" in word for word in argv)


def test_values_files_come_before_single_values(helm, chart, tmp_path):
    (tmp_path / "ci.yaml").write_text("a: 1\n")
    render(helm, tmp_path, chart=chart, values=("ci.yaml",))
    assert helm.seen[0][-4:] == ["--values", str(tmp_path / "ci.yaml"), "--values", "-"]


@pytest.mark.parametrize(
    ("options", "release"),
    [
        ({"chart": "charts/web"}, "storefront"),
        ({"chart": "charts/web", "release": "mine"}, "mine"),
        ({"chart": "oci://registry/charts/podinfo"}, "podinfo"),
        ({"chart": "podinfo", "repo": "https://charts.example", "version": "6.0.0"}, "podinfo"),
        ({"chart": "https://charts.example/web-app-1.2.3.tgz"}, "web-app"),
    ],
)
def test_release_is_named_after_the_chart(helm, chart, tmp_path, options, release):
    render(helm, tmp_path, **options)
    assert helm.seen[0][:2] == ["template", release]


def test_broken_description_of_a_chart(helm, chart, tmp_path):
    (tmp_path / chart / "Chart.yaml").write_text("name: [")
    with pytest.raises(SpecError, match=r"Chart\.yaml is not YAML"):
        render(helm, tmp_path, chart=chart)


def test_chart_of_a_repository(helm, tmp_path):
    render(helm, tmp_path, chart="web", repo="https://charts.example", version="1.2.3")
    argv = helm.seen[0]
    assert argv[2] == "web"
    assert argv[argv.index("--repo") + 1] == "https://charts.example"
    assert argv[argv.index("--version") + 1] == "1.2.3"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"chart": "./none"}, "Helm chart ./none does not exist"),
        ({"chart": "charts/web", "values": ("none.yaml",)}, "values file none.yaml does not exist"),
        ({"chart": "charts/web", "set": {"hosts[0]": "a"}}, "can't reach into lists"),
        ({"chart": "charts/web", "set": {"image": "a", "image.tag": "b"}}, "image is set to a single value already"),
    ],
)
def test_wrong_options(helm, chart, tmp_path, options, words):
    with pytest.raises(SpecError, match=words):
        render(helm, tmp_path, **options)
