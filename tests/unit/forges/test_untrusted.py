"""The spec that a pull request gets."""

import pytest

from ephemeral.errors import SpecError
from ephemeral.forges.forge import as_event_has_it
from ephemeral.forges.untrusted import spec_of_pull_request
from ephemeral.spec.load import load
from tests.forges.repositories import make_repository

APP = "app: {manifests: app.yaml}\n"
VCLUSTER = {"ephemeral.yaml": "cluster: {provider: vcluster}\n", "app.yaml": "x: y\n"}


@pytest.fixture
def spec_of(tmp_path, context):
    def spec_of(base, change, file="", **overrides):
        repository = make_repository(tmp_path, base, change)
        given = context(base_sha=repository.base)
        return spec_of_pull_request(
            lambda path, document: load(path, base=document, overrides=overrides),
            context=given,
            found=as_event_has_it(given),
            forge=None,
            tree=repository.folder,
            workspace=repository.folder,
            file=file,
        )

    return spec_of


def test_own_files_on_the_base_branchs_cluster(spec_of):
    spec = spec_of(VCLUSTER, {"ephemeral.yaml": f"cluster: {{provider: local}}\n{APP}"})
    assert spec.cluster.provider == "vcluster"
    assert [each.manifests[0].rpartition("/")[2] for each in spec.app] == ["app.yaml"]


def test_provider_local_is_refused(spec_of):
    with pytest.raises(SpecError, match=r"^main \(which has no ephemeral\.yaml\): provider local lives on the runner"):
        spec_of({"a": ""}, {"ephemeral.yaml": "cluster: {provider: vcluster}\n"})


def test_provider_local_is_refused_where_it_stands(spec_of):
    with pytest.raises(SpecError, match=r"^main:ephemeral\.yaml:2: provider local"):
        spec_of({"ephemeral.yaml": "ttl: 1h\ncluster: {provider: local}\n"}, {"b": ""})


def test_file_under_another_name_changes_nothing(spec_of):
    change = {"ephemeral.yaml": APP, "ephemeral.yml": "x", "b": ""}
    assert spec_of(VCLUSTER, change).cluster.provider == "vcluster"


def test_file_elsewhere_in_the_repository(spec_of):
    base = {"deploy/pr.yaml": "cluster: {provider: vcluster}\n"}
    assert spec_of(base, {"deploy/pr.yaml": "ttl: 3h\n"}, file="deploy/pr.yaml").ttl == "3h"


@pytest.mark.parametrize("file", ["../outside.yaml", "/etc/hostname"])
def test_file_outside_of_the_repository(spec_of, file):
    with pytest.raises(SpecError, match="leads out of the repository"):
        spec_of(VCLUSTER, {"b": ""}, file=file)


@pytest.mark.parametrize(
    "written",
    [
        "app: {manifests: /etc/hostname}",
        "app: {manifests: [app.yaml, ../../secret.yaml]}",
        "app: {kustomize: ../..}",
        "app: {helm: {chart: /srv/chart}}",
        "app: {helm: {chart: web, repo: 'https://example.com', values: /root/values.yaml}}",
        "images: {web: /tmp/web.tar}",
    ],
)
def test_files_of_the_runner_are_out_of_reach(spec_of, written):
    with pytest.raises(SpecError, match="leads out of the repository"):
        spec_of(VCLUSTER, {"ephemeral.yaml": f"{written}\n"})


def test_archive_that_the_workflow_built_may_be_anywhere(spec_of):
    spec = spec_of(VCLUSTER, {"ephemeral.yaml": "images: {}\n"}, **{"images[web]": "/tmp/web.tar"})
    assert dict(spec.images) == {"web": "/tmp/web.tar"}


def test_links_in_a_folder_of_manifests(spec_of, tmp_path):
    (tmp_path / "secret").write_text("s3cret")
    (tmp_path / "origin").mkdir()
    (tmp_path / "origin" / "app").mkdir()
    (tmp_path / "origin" / "app" / "link.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(SpecError, match="leads out of the repository"):
        spec_of(VCLUSTER, {"ephemeral.yaml": "app: {manifests: app}\n"})


PREVIEW = """cluster: {provider: vcluster}
preview: {service: web, steps: [{run: safe}], candidate: {images: {web: a}}}
"""
OTHER = "preview: {service: other, steps: [{run: evil}], candidate: {images: {web: b}}}\n"


@pytest.mark.parametrize(("change", "image"), [(OTHER, "b"), (APP, "a")])
def test_what_is_asked_of_a_preview_is_the_base_branchs(spec_of, change, image):
    preview = spec_of({"ephemeral.yaml": PREVIEW, "app.yaml": ""}, {"ephemeral.yaml": change}).preview
    assert (preview.service, preview.steps[0].run) == (("web",), ("safe",))
    assert preview.candidate.images == {"web": image}


def test_a_preview_that_the_base_branch_has_not_is_none(spec_of):
    assert spec_of(VCLUSTER, {"ephemeral.yaml": OTHER}).preview is None


@pytest.mark.parametrize("key", ["patch", "manifests"])
def test_a_candidate_names_no_file_elsewhere(spec_of, key):
    base = "cluster: {provider: vcluster}\npreview: {service: web}\n"
    with pytest.raises(SpecError, match="leads out of the repository"):
        spec_of({"ephemeral.yaml": base}, {"ephemeral.yaml": f"preview: {{candidate: {{{key}: ../secret.yaml}}}}\n"})
