"""kustomize and helm themselves, and real applications on simulated nodes under the isolation policy."""

import pytest

from ephemeral.apps import render
from ephemeral.apps.isolation import isolate
from ephemeral.errors import ProgramError, SpecError
from ephemeral.kube import apply_all, wait_ready
from ephemeral.spec.model import HelmChart, Isolation, Source
from ephemeral.spec.presets import resolve

pytestmark = pytest.mark.cluster


@pytest.fixture
def rendered(tmp_path, deadline):
    def rendered(*sources, **options):
        return render(sources, base=tmp_path, deadline=deadline, **options)

    return rendered


def names(manifests):
    return sorted((each.object["kind"], each.object["metadata"]["name"]) for each in manifests)


def config(name, hook="", data="{}"):
    annotations = f"{{helm.sh/hook: {hook}}}" if hook else "{}"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, annotations: {annotations}}}\ndata: {data}\n"


def test_kustomization(rendered, tmp_path):
    (tmp_path / "settings.yaml").write_text(config("settings"))
    (tmp_path / "kustomization.yaml").write_text("resources: [settings.yaml]\nnamePrefix: ci-\nnamespace: shop\n")
    [item] = rendered(Source(kustomize="."))
    assert item.object["metadata"]["name"] == "ci-settings"
    assert item.object["metadata"]["namespace"] == "shop"
    assert item.origin == "kustomize .:1"


def test_broken_kustomization_fails_in_kustomizes_words(rendered, tmp_path):
    (tmp_path / "kustomization.yaml").write_text("resources: [gone.yaml]\n")
    with pytest.raises(ProgramError, match=r"gone\.yaml"):
        rendered(Source(kustomize="."))


def test_folder_without_kustomization(rendered):
    with pytest.raises(ProgramError, match=r"unable to find one of 'kustomization\.yaml'"):
        rendered(Source(kustomize="."))
    with pytest.raises(SpecError, match="kustomize folder none does not exist"):
        rendered(Source(kustomize="none"))


WEB = """\
apiVersion: v1
kind: Pod
metadata: {name: {{ .Release.Name }}-web}
spec:
  containers:
  - {name: web, image: '{{ .Values.image.name }}:{{ .Values.image.tag }}', args: [{{ .Values.mode }}]}
"""


@pytest.fixture
def chart(tmp_path):
    """A chart with a CRD, a template that uses values, and hooks."""
    files = {
        "Chart.yaml": "{apiVersion: v2, name: shop, version: 1.0.0}",
        "values.yaml": "image: {name: acme/web, tag: '1'}\nmode: plain\n",
        "crds/widget.yaml": config("w.a.dev").replace("ConfigMap", "CustomResourceDefinition"),
        "templates/web.yaml": WEB,
        "templates/before.yaml": config("before", "pre-install"),
        "templates/tests/check.yaml": config("check", "test"),
        "templates/after.yaml": config("after", "post-delete"),
    }
    for path, content in files.items():
        (tmp_path / "chart" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "chart" / path).write_text(content)
    return "chart"


def test_chart(rendered, chart, tmp_path):
    (tmp_path / "ci.yaml").write_text("image: {tag: '2'}\nmode: from-file\n")
    helm = HelmChart(chart=chart, namespace="shop", values=("ci.yaml",), set={"mode": "single"})
    found = rendered(Source(helm=helm), images={"acme/web": "local/web:dev"})
    assert names(found) == [
        ("ConfigMap", "before"),
        ("CustomResourceDefinition", "w.a.dev"),
        ("Pod", "shop-web"),
    ]
    [pod] = [each for each in found if each.object["kind"] == "Pod"]
    assert pod.object["spec"]["containers"][0]["args"] == ["single"]
    assert pod.object["spec"]["containers"][0]["image"] == "local/web:dev"
    assert (pod.origin, pod.namespace) == ("shop/templates/web.yaml", "shop")


def test_broken_chart_fails_in_helms_words(rendered, chart, tmp_path):
    (tmp_path / "chart" / "templates" / "web.yaml").write_text("{{ .Values.image.name.first.second }}")
    with pytest.raises(ProgramError, match=r"templates/web\.yaml"):
        rendered(Source(helm=HelmChart(chart=chart)))


def test_chart_is_told_the_kubernetes_version(rendered, chart, tmp_path):
    template = config("v", data="{version: {{ .Capabilities.KubeVersion.Version }}}")
    (tmp_path / "chart" / "templates" / "web.yaml").write_text(template)
    found = rendered(Source(helm=HelmChart(chart=chart)), kubernetes="1.36.3")
    assert {"version": "v1.36.3"} in [each.object.get("data") for each in found]


def test_sources_are_put_together(rendered, chart, tmp_path):
    (tmp_path / "settings.yaml").write_text(config("settings"))
    found = rendered(Source(manifests=("settings.yaml",)), Source(helm=HelmChart(chart=chart)))
    assert found[0].object["metadata"]["name"] == "settings"
    assert len(found) == 4


SERVICES = {
    "adservice",
    "cartservice",
    "checkoutservice",
    "currencyservice",
    "emailservice",
    "frontend",
    "paymentservice",
    "productcatalogservice",
    "recommendationservice",
    "shippingservice",
}


@pytest.mark.parametrize(
    ("app", "images", "deployments"),
    [
        ("online-boutique", {name: f"registry.test/shop/{name}:ci" for name in SERVICES}, SERVICES | {"redis-cart"}),
        ("podinfo/kustomize", {"ghcr.io/stefanprodan/podinfo": "registry.test/podinfo:ci"}, {"podinfo"}),
    ],
)
def test_real_application(kube, shared_apps, namespace, deadline, app, images, deployments):
    manifests = render([Source(kustomize=str(shared_apps / app))], images=images, deadline=deadline)
    for each in manifests:
        each.object["metadata"]["namespace"] = namespace
    try:
        manifests = isolate(kube, resolve(Isolation()), manifests, deadline=deadline)
        applied = apply_all(kube, manifests, deadline=deadline)
        wait_ready(kube, applied, deadline=deadline)
    finally:
        for kind in (("v1", "ResourceQuota"), ("v1", "LimitRange"), ("networking.k8s.io/v1", "NetworkPolicy")):
            kube.delete(*kind, "ephemeral", "default")
    live = kube.list("apps/v1", "Deployment", namespace=namespace)
    assert {each["metadata"]["name"] for each in live} == deployments
    assert all(each["status"]["availableReplicas"] >= 1 for each in live)
    running = {each["spec"]["containers"][0]["image"] for each in kube.list("v1", "Pod", namespace=namespace)}
    assert running - {"redis:alpine"} == set(images.values())
