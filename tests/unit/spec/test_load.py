import re
from pathlib import Path

import pytest

from ephemeral.spec.load import find_spec, load, slug
from ephemeral.spec.model import Cluster, Condition, Expose, HelmChart, SimulatedNodes, Source, Spec


def test_no_file_is_all_defaults_named_after_the_folder(folder):
    assert load(None).spec == Spec(name="shop")


def test_a_full_file(read, folder):
    spec = read("""\
name: web
cluster: {provider: vcluster, nodes: simulated, kubernetes: 1.36.3, simulated: {count: 3, cpu: 4, memory: 8Gi}}
app:
  - manifests: [crds.yaml, "-"]
  - helm: {chart: charts/web, values: ci.yaml, set: {replicas: 2, image.tag: "1.10"}}
  - helm: {chart: redis, repo: "https://charts.test", version: 1.10}
  - helm: {chart: "oci://charts.test/web"}
  - helm: {chart: "https://charts.test/web.tgz"}
ready: {timeout: 90s, conditions: [{resource: certificate/web, condition: Ready, namespace: shop}]}
expose: [{service: web}, {service: db, port: sql}]
ttl: 1d
test: [pytest, -k, 3]
""").spec
    assert spec.cluster == Cluster(
        provider="vcluster",
        nodes="simulated",
        kubernetes="1.36.3",
        simulated=SimulatedNodes(count=3, cpu="4", memory="8Gi"),
    )
    assert spec.app == (
        Source(manifests=(str(folder / "crds.yaml"), "-")),
        Source(
            helm=HelmChart(
                chart=str(folder / "charts/web"),
                values=(str(folder / "ci.yaml"),),
                set={"replicas": 2, "image.tag": "1.10"},
            )
        ),
        Source(helm=HelmChart(chart="redis", repo="https://charts.test", version="1.10")),
        Source(helm=HelmChart(chart="oci://charts.test/web")),
        Source(helm=HelmChart(chart="https://charts.test/web.tgz")),
    )
    assert spec.ready.timeout == "90s"
    assert spec.ready.conditions == (Condition(resource="certificate/web", condition="Ready", namespace="shop"),)
    assert spec.expose == (Expose(service="web", port=80), Expose(service="db", port="sql"))
    assert spec.test == ("pytest", "-k", "3")


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("app: {kustomize: k8s}", "app: [{kustomize: k8s}]"),
        ("app: {manifests: k8s}", "app: [{manifests: [k8s]}]"),
        ("app: [{helm: {chart: a, values: b}}]", "app: [{helm: {chart: a, values: [b]}}]"),
        ("test: pytest -k 'a b'", "test: [pytest, -k, a b]"),
        ("env: TAG", "env: [TAG]"),
        ("app:\nimages:\nready:\n  timeout:\n", "ttl: 1h"),
        ("isolation: {quota: {pods: 30, limits.cpu: 1.50}}", "isolation: {quota: {pods: '30', limits.cpu: '1.50'}}"),
        ("cluster: {simulated: &a {count: 2}}", "cluster:\n  simulated:\n    count: 2"),
        ("app: [{kustomize: &a k8s}, {kustomize: *a}]", "app: [{kustomize: k8s}, {kustomize: k8s}]"),
        ("isolation: {default-limits: &a {cpu: 1}, default-requests: {<<: *a, cpu: 100m}}",
         "isolation: {default-limits: {cpu: '1'}, default-requests: {cpu: 100m}}"),
        ("expose: [{service: web, port: '8080'}]", "expose: [{service: web, port: '8080'}]"),
        ("\ufeffttl: 2h", "ttl: 2h"),
    ],
)  # fmt: skip
def test_short_spellings_mean_the_long_ones(text, written_out, read):
    assert read(text).spec == read(written_out).spec


@pytest.mark.parametrize(
    ("written", "meant"),
    [("1.30", "1.30"), ("'1.30'", "1.30"), ("1.36", "1.36"), ("1.36.10", "1.36.10")],
)
def test_a_version_is_not_a_number(written, meant, read):
    assert read(f"cluster: {{kubernetes: {written}}}").spec.cluster.kubernetes == meant


def test_paths_start_at_the_folder_of_the_file(folder):
    (folder / "deploy").mkdir()
    (folder / "deploy" / "ephemeral.yaml").write_text(
        "app: [{manifests: [../k8s, /etc/k8s]}, {kustomize: overlays/ci}]"
    )
    spec = load(Path("deploy/ephemeral.yaml")).spec
    assert spec.name == "deploy"
    assert spec.app[0].manifests == (f"{folder}/deploy/../k8s", "/etc/k8s")
    assert spec.app[1].kustomize == f"{folder}/deploy/overlays/ci"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("shop", "shop"),
        ("My Shop_2", "my-shop-2"),
        ("--x--", "x"),
        ("Ünïcode", "n-code"),
        ("", "environment"),
        ("...", "environment"),
        ("a" * 39 + "-b", "a" * 39),
        ("a" * 60, "a" * 40),
    ],
)
def test_slug(text, name):
    assert slug(text) == name
    assert load(None, overrides={"name": slug(text)}).spec.name == name


def test_overrides_win_over_the_file(read):
    loaded = read(
        "ttl: 1h\ncluster: {nodes: real, simulated: {count: 2}}\nimages: {a: b}\nisolation: {quota: {pods: 1}}",
        overrides={
            "ttl": "2h",
            "cluster.nodes": "simulated",
            "cluster.simulated.pods": 9,
            "images[example.com/web]": "w:1",
            "isolation.quota.pods": 5,
            "isolation.quota[requests.cpu]": 2,
            "test": "pytest -q",
        },
    )
    spec = loaded.spec
    assert (spec.ttl, spec.cluster.nodes, spec.test) == ("2h", "simulated", ("pytest", "-q"))
    assert spec.cluster.simulated == SimulatedNodes(count=2, pods=9)
    assert spec.images == {"a": "b", "example.com/web": "w:1"}
    assert spec.isolation.quota == {"pods": "5", "requests.cpu": "2"}


def test_overrides_reach_items_of_lists(read):
    text = "app: [{kustomize: a}, {kustomize: b}]"
    spec = read(text, overrides={"app.1.kustomize": "/c", "app[0].kustomize": "/d"}).spec
    assert [source.kustomize for source in spec.app] == ["/d", "/c"]


def test_an_override_of_a_missing_item_says_how_many_there_are(complaints):
    options = {"overrides": {"app[3].kustomize": "x"}, "origins": {"app[3].kustomize": "--set app[3].kustomize"}}
    assert complaints("app: {kustomize: a}", **options) == [
        "--set app[3].kustomize: there is no item 3; the list has 1."
    ]


def test_complaints_about_overrides_name_the_option(complaints):
    overrides = {"ttl": "x", "cluster.provider": "y", "foo.bar": 1, "ready.timeout.z": 1}
    origins = {"ttl": "EPHEMERAL_TTL", "cluster.provider": "--provider", "foo.bar": "--set foo.bar"}
    lines = complaints("name: a\nttl: 1h\nttl: 2h\n", overrides=overrides, origins=origins)
    assert [re.split(r";|\. Known", line)[0] for line in lines] == [
        "EPHEMERAL_TTL: ttl: 'x' is no duration. Write it like 90s, 15m, 1h30m or 1d.",
        "--provider: cluster.provider: must be one of: local, vcluster",
        "--set foo.bar: foo: there is no such key",
        "options: ready.timeout: must be text, not keys and values.",
    ]


def test_given_is_what_was_written_by_anybody(read):
    loaded = read("cluster: {nodes: real}\napp: {kustomize: a}\nimages:", overrides={"isolation.quota.pods": 5})
    assert loaded.given == {
        ("cluster",),
        ("cluster", "nodes"),
        ("app",),
        ("app", 0),
        ("app", 0, "kustomize"),
        ("isolation",),
        ("isolation", "quota"),
        ("isolation", "quota", "pods"),
    }


def test_places(read):
    loaded = read(
        "cluster:\n  nodes: real\nttl: 1h\n",
        overrides={"ttl": "2h", "ready.timeout": "1m"},
        origins={"ttl": "--ttl", "ready.timeout": "EPHEMERAL_TIMEOUT"},
    )
    assert loaded.place(("cluster", "nodes")) == "ephemeral.yaml:2"
    assert loaded.place(("cluster", "provider")) == "ephemeral.yaml:1"
    assert loaded.place(("ttl",)) == "--ttl"
    assert loaded.place(("ready", "timeout")) == "EPHEMERAL_TIMEOUT"
    assert loaded.place(("isolation",)) == "ephemeral.yaml"


def test_find_spec(folder):
    assert find_spec(folder) is None
    (folder / "ephemeral.yml").touch()
    assert find_spec(folder) == folder / "ephemeral.yml"
    (folder / "ephemeral.yaml").touch()
    assert find_spec(folder) == folder / "ephemeral.yaml"


@pytest.mark.parametrize("page", ["docs/example.ephemeral.yaml", "examples/guestbook/ephemeral.yaml"])
def test_examples_are_right(page, repository):
    assert load(repository / page, environ={}).spec.app


def test_the_page_shows_the_example(repository):
    example = (repository / "docs" / "example.ephemeral.yaml").read_text()
    assert f"```yaml\n{example}```" in (repository / "docs" / "ephemeral-yaml.md").read_text()
