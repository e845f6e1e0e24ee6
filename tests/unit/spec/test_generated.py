"""The schema and the reference page follow from the model, and say the same as the checks."""

import dataclasses
import importlib.util
import json

import pytest

from ephemeral.spec.host_policy import HostPolicy
from ephemeral.spec.keys import keys, models_below
from ephemeral.spec.metadata import kebab
from ephemeral.spec.model import Spec
from ephemeral.spec.schema import SCHEMA_FILE, json_schema


@pytest.fixture
def generator(repository):
    location = importlib.util.spec_from_file_location("generator", repository / "bin" / "generate_reference.py")
    module = importlib.util.module_from_spec(location)
    location.loader.exec_module(module)
    return module


def test_the_files_are_what_the_generator_writes(generator, tmp_path, monkeypatch, capsys):
    shipped = {path: path.read_text() for path in (generator.PAGE, generator.SCHEMA_FILE)}
    monkeypatch.setattr(generator, "PAGE", tmp_path / "page.md")
    monkeypatch.setattr(generator, "SCHEMA_FILE", tmp_path / "schema.json")
    assert generator.main(check=True) == 1
    assert capsys.readouterr().err.count("is stale: run `nox -s generate`") == 2
    assert generator.main(check=False) == 0
    assert generator.main(check=True) == 0
    assert [(tmp_path / "page.md").read_text(), (tmp_path / "schema.json").read_text()] == list(shipped.values())


@pytest.mark.parametrize(("root", "path", "model"), [(r, p, m) for r in (Spec, HostPolicy) for p, m in models_below(r)])
def test_every_key_is_documented(root, path, model):
    assert model.__doc__.strip().endswith(".")
    for field in dataclasses.fields(model):
        assert field.metadata["doc"].endswith("."), f"{path}.{field.name}"


def test_the_schema_has_every_key_of_every_model_and_no_other():
    schema = json_schema()
    for _, model in models_below(Spec):
        described = schema if model is Spec else schema["$defs"][model.__name__]
        assert list(described["properties"]) == keys(model)
        assert described["additionalProperties"] is False
        for field in dataclasses.fields(model):
            assert described["properties"][kebab(field.name)]["description"] == field.metadata["doc"]


def test_the_schema_knows_short_forms_choices_and_numbers():
    schema = json.loads(SCHEMA_FILE.read_text())
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["properties"]["app"]["anyOf"] == [
        {"type": "array", "items": {"$ref": "#/$defs/Source"}},
        {"$ref": "#/$defs/Source"},
    ]
    assert schema["properties"]["test"]["anyOf"][1] == {"type": "string"}
    assert schema["$defs"]["Cluster"]["properties"]["provider"]["enum"] == ["local", "vcluster"]
    assert schema["$defs"]["Cluster"]["properties"]["kubernetes"]["type"] == ["string", "number"]
    assert schema["$defs"]["SimulatedNodes"]["properties"]["count"]["minimum"] == 1
    assert schema["$defs"]["Isolation"]["properties"]["quota"]["additionalProperties"]["type"] == ["string", "number"]
    assert schema["$defs"]["HelmChart"]["required"] == ["chart"]


def test_every_link_of_the_page_leads_to_a_heading(repository):
    import re

    page = (repository / "docs" / "ephemeral-yaml.md").read_text()
    headings = {re.sub("[^a-z-]", "", line.lstrip("# ").lower()) for line in page.splitlines() if line.startswith("#")}
    links = set(re.findall(r"\]\(#([^)]*)\)", page))
    assert links
    assert links <= headings
