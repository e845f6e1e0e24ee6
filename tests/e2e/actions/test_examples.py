"""The workflows in examples/github, as they stand, in projects such as users have."""

import json
from pathlib import Path

import pytest

from ephemeral.fleet import list_environments
from tests import images
from tests.act import Act, make_project
from tests.e2e.objects import deployment, service

pytestmark = pytest.mark.cluster


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A web server, with a Makefile that makes its image and tests it."""
    spec = {"name": "shop", "app": {"manifests": "app.json"}, "expose": [{"service": "web", "path": "/hostname"}]}
    web = service("web")
    web["spec"]["ports"][0]["targetPort"] = 8080
    server = deployment("web", image="shop", args=["netexec", "--http-port=8080"])
    makefile = (
        f'image.tar:\n\tcp {images.agnhost_image()} image.tar\ntest:\n\tcurl --fail --silent "$$URL" | tee "$$RECORD"\n'
    )
    app = {"apiVersion": "v1", "kind": "List", "items": [server, web]}
    files = {"ephemeral.yaml": json.dumps(spec), "app.json": json.dumps(app), "Makefile": makefile}
    return make_project(tmp_path / "shop", files)


def test_integration_tests_on_real_nodes(act: Act, shop: Path, repository: Path, tmp_path: Path) -> None:
    workflow = repository / "examples/github/test.yml"
    log = act.run(shop, workflow, "push", env={"RECORD": str(tmp_path / "record")}).stdout
    assert (tmp_path / "record").read_text().startswith("web-")
    assert "What is to be seen of" not in log  # nothing failed
    assert list_environments() == []


def matrix(act: Act, tmp_path: Path, repository: Path, *options: str) -> str:
    project = make_project(tmp_path / "project", {"Makefile": "test:\n\tkubectl get namespaces\n"})
    workflow = repository / "examples/github/matrix.yml"
    return act.run(project, workflow, "push", options=options).stdout


def test_a_version_of_kubernetes(act: Act, tmp_path: Path, repository: Path) -> None:
    log = matrix(act, tmp_path, repository, "--matrix", "kubernetes:1.36")
    assert "Server Version: v1.36." in log
    assert list_environments() == []


@pytest.mark.extended
@pytest.mark.timeout(2400)
def test_all_versions_of_kubernetes(act: Act, tmp_path: Path, repository: Path) -> None:
    log = matrix(act, tmp_path, repository)
    assert "Server Version: v1.35." in log
    assert "Server Version: v1.36." in log
    assert list_environments() == []
