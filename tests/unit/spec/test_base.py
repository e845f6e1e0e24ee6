"""What a pull request's file says about where it runs does not count before it is merged."""

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.document import Document
from ephemeral.spec.load import load
from ephemeral.spec.read import parse_document

CHANGED = """
cluster: {provider: local, nodes: simulated, kubernetes: "1.30", host: {kubeconfig: /root/.kube/config}}
isolation: {preset: none, quota: {pods: 10000}}
env: [TAG, SECRET]
images: {web: "web:${TAG}"}
ttl: 2h
"""
BASE = """
cluster: {provider: vcluster}
isolation: {quota: {pods: 5}}
env: [TAG]
ttl: 1h
"""


@pytest.fixture
def of_pull_request(tmp_path):
    def load_over(base, changed=CHANGED, **options):
        path = tmp_path / "ephemeral.yaml"
        path.write_text(changed)
        document = parse_document(base, "main:ephemeral.yaml") if base else Document("main")
        return load(path, base=document, environ={"TAG": "1", "SECRET": "s3cret"}, **options)

    return load_over


def test_keys_of_the_base_win(of_pull_request):
    loaded = of_pull_request(BASE)
    spec = loaded.spec
    assert (spec.cluster.provider, spec.cluster.kubernetes, spec.cluster.host.kubeconfig) == ("vcluster", "", "")
    assert (spec.isolation.preset, dict(spec.isolation.quota), spec.env) == ("isolated", {"pods": "5"}, ("TAG",))
    assert (dict(spec.images), spec.ttl) == ({"web": "web:1"}, "2h")
    assert loaded.place(("cluster", "provider")) == "main:ephemeral.yaml:2"
    assert loaded.place(("ttl",)).endswith("/ephemeral.yaml:6")


def test_base_without_a_file_means_the_defaults(of_pull_request):
    spec = of_pull_request("", "cluster: {nodes: simulated}\nisolation: {preset: none}\nenv: [SECRET]\n").spec
    assert (spec.cluster.nodes, spec.isolation.preset, spec.env) == ("real", "isolated", ())


def test_options_of_the_workflow_win_over_both(of_pull_request):
    spec = of_pull_request(BASE, overrides={"cluster.kubernetes": "1.36", "isolation.quota[pods]": "3"}).spec
    assert (spec.cluster.kubernetes, dict(spec.isolation.quota)) == ("1.36", {"pods": "3"})


def test_variables_are_those_of_the_base(of_pull_request):
    with pytest.raises(SpecError, match="SECRET"):
        of_pull_request(BASE, CHANGED + "name: ${SECRET}\n")
    with pytest.raises(SpecError, match=r"TAG.*may not be read"):
        of_pull_request("ttl: 1h")


def test_mistakes_in_keys_that_do_not_count_are_no_mistakes(of_pull_request):
    assert of_pull_request(BASE, "cluster: {no-such-key: 1, no-such-key: 2}\n").spec.cluster.provider == "vcluster"


def test_mistakes_of_the_base_are_told_with_their_place(of_pull_request):
    with pytest.raises(SpecError, match=r"main:ephemeral\.yaml:1: cluster\.no-such-key"):
        of_pull_request("cluster: {no-such-key: 1}\n")


@pytest.mark.parametrize(
    "host",
    [
        "kubeconfig: ci/kubeconfig",
        "chart: {source: ./charts/vcluster}",
        "chart: {values: ci/vcluster.yaml}",
        "chart: {values: [/etc/vcluster.yaml, ../vcluster.yaml]}",
    ],
)
def test_file_that_the_pull_request_could_change(of_pull_request, host):
    with pytest.raises(SpecError, match=r"main:ephemeral\.yaml:1: cluster\.host.*a pull request could change"):
        of_pull_request(f"cluster: {{provider: vcluster, host: {{{host}}}}}\n")


@pytest.mark.parametrize(
    "host",
    [
        "kubeconfig: /etc/host.yaml",
        "kubeconfig: ~/.kube/host",
        "chart: {source: 'oci://example.com/vcluster'}",
        "chart: {source: vcluster, repo: 'https://charts.example.com'}",
        "chart: {values: /etc/vcluster.yaml}",
    ],
)
def test_files_of_the_machine_are_not_the_pull_requests(of_pull_request, host):
    base = f"cluster: {{provider: vcluster, host: {{{host}}}}}\n"
    assert of_pull_request(base, "ttl: 2h\n").spec.cluster.provider == "vcluster"
