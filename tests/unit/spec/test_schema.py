"""The shipped JSON Schema, as editors use it: what loads is valid, what does not load is not."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from ephemeral.errors import SpecError
from ephemeral.spec.load import load
from ephemeral.spec.schema import SCHEMA_FILE

REPOSITORY = Path(__file__).parents[3]
GOOD = [*sorted(REPOSITORY.glob("examples/*/ephemeral.yaml")), REPOSITORY / "docs" / "example.ephemeral.yaml"]

RIGHT = {
    "numbers where text is wanted": "cluster: {kubernetes: 1.36, simulated: {cpu: 4, memory: 8}}",
    "amounts": "isolation: {quota: {pods: 3, limits.cpu: 1.5, services: unlimited}, default-limits: {cpu: 500m}}",
    "one source": "app: {kustomize: k8s}",
    "one path": "app: [{manifests: k8s}, {manifests: [a, b]}]",
    "one variable": "env: TAG",
    "a command line": "test: pytest -q",
    "a command": "test: [pytest, -q]",
    "a port or its name": "expose: [{service: a, port: 80}, {service: a, port: http}]",
    "any value of a chart": "app: {helm: {chart: web, set: {a: [1, {b: null}]}, values: v.yaml, version: 1.2}}",
}
WRONG = {
    "unknown key": "clustr: {}",
    "unknown key deeper down": "cluster: {simulated: {counts: 1}}",
    "unknown key in a list": "app: [{kustomise: k8s}]",
    "choice": "cluster: {nodes: fake}",
    "no whole number": "cluster: {simulated: {count: many}}",
    "too few": "cluster: {simulated: {pods: 0}}",
    "no boolean": "isolation: {network: {public-egress: maybe}}",
    "list for a text": "ttl: [1h]",
    "text for keys": "cluster: local",
    "text for a list": "app: k8s",
    "no chart": "app: {helm: {release: a}}",
    "yes for a text": "name: yes",
}


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_example_is_valid_and_loads(path, validator):
    validator.validate(yaml.safe_load(path.read_text()))
    assert load(path, environ={}).spec.name


def test_there_are_examples():
    assert len(GOOD) > 1


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT)
def test_what_loads_is_valid(text, read, validator):
    read(text)
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_wrong_fails_in_both(text, read, validator):
    with pytest.raises(SpecError):
        read(text)
    assert not validator.is_valid(yaml.safe_load(text))
