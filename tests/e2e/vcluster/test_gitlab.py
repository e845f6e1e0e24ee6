"""The template and the example for GitLab, as they stand, from a merge request's pipeline to its stop job.

The environment is real, and so is what runs the jobs (gitlab-ci-local); GitLab's API is a fake.
"""

import base64
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from junitparser import JUnitXml

from ephemeral.kube.client import Kube
from tests import programs
from tests.e2e.objects import deployment, service
from tests.forges.gitlab_runner import MERGE_REQUEST, gitlab_jobs
from tests.forges.gitlab_server import GitLabServer
from tests.forges.repositories import Repository, commit, git, make_repository
from tests.forges.server import serving
from tests.images import AGNHOST

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[3]
TEMPLATE, EXAMPLE = "templates/ephemeral.gitlab-ci.yml", "examples/gitlab/review.gitlab-ci.yml"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """octo/shop, whose merge request 7 deploys a web server; its head is checked out, as GitLab does."""
    chart = str(programs.vcluster() / "chart")
    spec = {
        "cluster": {"provider": "vcluster", "host": {"chart": {"source": chart}}},
        "app": {"manifests": "app.json"},
        "expose": [{"service": "web"}],
    }
    web = service("web")
    web["spec"]["ports"][0]["targetPort"] = 8080
    items = [deployment("web", image=AGNHOST, args=["netexec"]), web]
    app = json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    copies = {name: (ROOT / name).read_text() for name in (TEMPLATE, EXAMPLE)}
    made = make_repository(tmp_path, {**copies, "ephemeral.yaml": json.dumps(spec)}, {"app.json": app})
    made.git("checkout", "--quiet", "--detach", made.head)
    # gitlab-ci-local asks this remote for its project.
    made.git("remote", "add", "gcl-origin", "https://gitlab.test/octo/shop.git")
    return made


@pytest.fixture
def gitlab(repository: Repository):
    with serving(GitLabServer) as server:
        server.open_pull(7, head=repository.head)
        server.files["main", "ephemeral.yaml"] = git(repository.origin, "show", "main:ephemeral.yaml")
        yield server


@pytest.fixture
def jobs(host, gitlab, repository) -> Callable[..., str]:
    """Run jobs of the example in a folder, with the state directory of a machine."""

    def run(state: Path, *names: str, folder: Path = repository.folder, **more: str) -> str:
        project = {
            "CI_API_V4_URL": gitlab.url,
            "CI_COMMIT_SHA": repository.head,
            "EPHEMERAL_HOST_KUBECONFIG": base64.b64encode(host.kubeconfig.read_bytes()).decode(),
            "GITLAB_TOKEN": gitlab.token,
        }
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        env = {**os.environ, "EPHEMERAL_STATE_DIR": str(state), "PATH": path}
        return gitlab_jobs(folder, EXAMPLE, {**project, **MERGE_REQUEST, **more}, *names, env=env)

    return run


def namespaces(kube: Kube) -> list[str]:
    return [each["metadata"]["name"] for each in kube.list("v1", "Namespace")]


def test_review_and_stop(cli, host, gitlab, jobs, tmp_path):
    before = namespaces(host.kube)
    # The wheel as users get it, in a virtualenv of the job's own.
    shown = jobs(Path(os.environ["EPHEMERAL_STATE_DIR"]), EPHEMERAL_PACKAGE=f"ephemeral-k8s[gitlab] @ {ROOT.as_uri()}")
    assert "NOW: 20" in shown  # agnhost's answer to check-review
    assert namespaces(host.kube) != before
    (body,) = gitlab.bodies(7)
    assert "is ready" in body
    (suite,) = JUnitXml.fromfile(str(next(tmp_path.rglob("ephemeral-junit.xml"))))
    assert (suite.errors, suite.failures) == (0, 0)
    assert "Deployment default/web" in [case.name for case in suite]

    # No repository, as `GIT_STRATEGY: none` promises: only the files that GitLab reads by itself.
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "--quiet")
    commit(empty, {name: (ROOT / name).read_text() for name in (TEMPLATE, EXAMPLE)}, "what GitLab reads")
    git(empty, "remote", "add", "origin", "https://gitlab.test/octo/shop.git")
    jobs(tmp_path / "another-machine", "ephemeral-stop", folder=empty, EPHEMERAL_PACKAGE="")
    assert namespaces(host.kube) == before
    (body,) = gitlab.bodies(7)
    assert "its review environment was stopped" in body
    (name,) = re.findall(r"name +(shop-pr-7-\w+)", shown)
    assert "was not there" in cli("down", name).stdout  # and what led there from the first machine ends
