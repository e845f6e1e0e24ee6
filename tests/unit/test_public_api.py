"""`import ephemeral`: what it offers and what it costs."""

import subprocess
import sys
import typing

import pytest

import ephemeral

HEAVY = ("kubernetes", "pydantic", "rich", "yaml", "cryptography", "tenacity")


def test_importing_costs_nothing():
    code = "import sys, ephemeral; print(*(name for name in sys.modules if name.startswith('ephemeral.')))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""


@pytest.mark.parametrize("name", ephemeral.__all__)
def test_every_public_name_resolves_and_is_documented(name):
    found = getattr(ephemeral, name)
    assert found.__name__ == name
    assert found.__doc__


def test_names_for_type_checkers_are_those_that_resolve(repository):
    source = (repository / "ephemeral" / "__init__.py").read_text()
    imports = source.partition("if TYPE_CHECKING:")[2].partition("#:")[0]
    assert {name for name in ephemeral.__all__ if name not in imports} == set()
    assert set(ephemeral._HOMES) == set(ephemeral.__all__)


@pytest.mark.parametrize("name", ["up", "attach", "down", "load"])
def test_annotations_resolve(name):
    assert "return" in typing.get_type_hints(getattr(ephemeral, name))


def test_dir_lists_what_is_not_loaded_yet():
    code = "import ephemeral; print('up' in vars(ephemeral), {'up', 'Spec', '__version__'} <= set(dir(ephemeral)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.split() == ["False", "True"]


def test_unknown_attribute():
    with pytest.raises(AttributeError, match=r"^module 'ephemeral' has no attribute 'upp'$"):
        ephemeral.upp  # noqa: B018


def test_it_says_that_it_is_typed(repository):
    assert (repository / "ephemeral" / "py.typed").exists()


def test_loading_a_spec_needs_no_cluster_code():
    code = "import sys, ephemeral; ephemeral.Spec; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(shown.stdout.split())
