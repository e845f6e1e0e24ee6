"""Which environment a command means."""

import click
import pytest
from click.testing import CliRunner

from ephemeral.cli.named import find_environment, name_option
from ephemeral.errors import SpecError


@pytest.fixture
def running(monkeypatch):
    """Pretend that environments of these names run; finding one gives back its name."""
    monkeypatch.setattr("ephemeral.environment.attach", lambda name, **_: f"environment {name}")

    def running(*names: str) -> None:
        monkeypatch.setattr("ephemeral.fleet.list_environments", lambda: [{"name": each} for each in names])

    return running


def test_named_one(running):
    running("a", "b")
    assert find_environment("b") == "environment b"


def test_the_only_one(running):
    running("a")
    assert find_environment("") == "environment a"


def test_none(running):
    running()
    with pytest.raises(SpecError) as raised:
        find_environment("")
    assert (raised.value.message, raised.value.hint) == ("no environment runs here.", "`ephemeral up` makes one.")


def test_several(running):
    running("a", "b")
    with pytest.raises(SpecError) as raised:
        find_environment("")
    assert raised.value.message == "several environments run here: a, b."
    assert raised.value.hint == "Say which: --name NAME."


@pytest.mark.parametrize(
    ("arguments", "variables", "name"),
    [
        ([], {}, ""),
        ([], {"EPHEMERAL_NAME": "n"}, "n"),
        ([], {"EPHEMERAL_NAME": "n", "EPHEMERAL_CURRENT": "c"}, "c"),
        (["--name", "o"], {"EPHEMERAL_CURRENT": "c"}, "o"),
    ],
)
def test_option_over_current_over_name(arguments, variables, name):
    @click.command()
    @name_option
    def command(name):
        click.echo(repr(name))

    assert CliRunner().invoke(command, arguments, env=variables).output == f"{name!r}\n"
