"""A file from a pull request must neither crash nor exhaust what reads it."""

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.read import read_value


@pytest.mark.parametrize("depth", [60, 900, 200_000])
def test_deep_nesting_is_refused(depth, complaints):
    assert complaints("images: " + "[" * depth) == ["ephemeral.yaml:1: nested deeper than 50 levels."]


def test_an_alias_of_itself_is_refused(complaints):
    [line] = complaints("images: &a\n  x: *a")
    assert line == "ephemeral.yaml:1: too large: more than 10000 values or 50 levels."


def test_aliases_of_aliases_are_refused(complaints):
    lists = "\n".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9))
    [line] = complaints(f"images:\n  l0: &l0 [x]\n{lists}")
    assert line.endswith("too large: more than 10000 values or 50 levels.")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("1.5", 1.5),
        ("true", True),
        ("simulated", "simulated"),
        ("2024-01-31", "2024-01-31"),
        ("2024-13-45", "2024-13-45"),
        ("=", "="),
        ("", None),
        ("[a, 1]", ["a", 1]),
        ("{count: 2}", {"count": 2}),
        ("'3'", "3"),
        ("10.0.0.0/8", "10.0.0.0/8"),
    ],
)
def test_single_values(text, value):
    found = read_value(text, "--set x")
    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize(
    ("text", "spelling"), [("1.10", "1.10"), ("010", "010"), ("1_000", "1_000"), ("22:30", "22:30")]
)
def test_numbers_keep_their_spelling(text, spelling):
    assert str(read_value(text, "--set x")) == spelling


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[a", "--set x:2:1: did not find expected ',' or ']' (while parsing a flow sequence)."),
        ("{a: 1, a: 2}", "--set x:1: a: is given twice, here and in line 1."),
        ("!!binary aGk=", "--set x: the tag tag:yaml.org,2002:binary is not understood here."),
    ],
)
def test_values_that_are_none(text, message):
    with pytest.raises(SpecError) as raised:
        read_value(text, "--set x")
    assert raised.value.message == message
