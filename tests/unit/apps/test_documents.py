"""YAML and JSON text -> manifests."""

import pytest

from ephemeral.apps.documents import parse
from ephemeral.errors import SpecError

TWO = """\
# a comment
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
# nothing here
---
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Secret, metadata: {name: b}}
- {apiVersion: v1, kind: Service, metadata: {generateName: c-}}
"""


def data(value):
    """How a plain scalar is read."""
    [item] = parse(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{key: {value}}}\n", "a.yaml")
    return item.object["data"]["key"]


def test_documents_and_lists_with_their_places():
    found = parse(TWO, "k8s/all.yaml", namespace="shop")
    assert [(each.object["kind"], each.origin) for each in found] == [
        ("ConfigMap", "k8s/all.yaml:2"),
        ("Secret", "k8s/all.yaml:8"),
        ("Service", "k8s/all.yaml:8"),
    ]
    assert {each.namespace for each in found} == {"shop"}


def test_json():
    [item] = parse('{"apiVersion": "v1",\n\t"kind": "Pod", "metadata": {"name": "a"}}', "a.json")
    assert item.object["kind"] == "Pod"


def test_custom_resource_that_ends_in_list_is_an_object():
    [item] = parse("{apiVersion: a/v1, kind: AllowList, metadata: {name: a}, items: [x]}", "a.yaml")
    assert item.object["items"] == ["x"]


@pytest.mark.parametrize("text", ["", "\n", "---\n---\n", "# only a comment\n"])
def test_nothing(text):
    assert parse(text, "a.yaml") == []


@pytest.mark.parametrize(
    ("plain", "read"),
    [
        ("12:30", "12:30"),
        ("2024-01-01", "2024-01-01"),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("0644", 420),
        ("0x1F", 31),
        ("1e3", 1000.0),
        ("100m", "100m"),
        ("8080", 8080),
        ("-1", -1),
        ("0", 0),
        ("1.5", 1.5),
        ("true", True),
        ("~", None),
        ("'12'", "12"),
    ],
)
def test_scalars_are_what_kubectl_makes_of_them(plain, read):
    assert data(plain) == read
    assert type(data(plain)) is type(read)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b\n  c: d\n", "web.yaml:2: this is not YAML"),
        ("a: [1, 2\n", "web.yaml:2: this is not YAML"),
        ("kind: Pod\nmetadata: {name: a}\n", "web.yaml:1: this is no Kubernetes object: it has no `apiVersion`"),
        ("\n\napiVersion: v1\n", "web.yaml:3: this is no Kubernetes object: it has no `kind`"),
        ("- a\n", "web.yaml:1: this is no Kubernetes object but a list"),
        ("just words\n", "web.yaml:1: this is no Kubernetes object but a str"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "web.yaml:1: this Pod has no `metadata.name`"),
        ("a: !!python/object:os.system x\n", "web.yaml:1: this is not YAML"),
        ("a: \x00\n", "web.yaml: this is not YAML"),
    ],
)
def test_wrong_text_is_named_with_its_line(text, words):
    with pytest.raises(SpecError) as caught:
        parse(text, "web.yaml")
    assert caught.value.message.startswith(words)
