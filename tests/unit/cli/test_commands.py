"""The table of commands, and what starting costs."""

import importlib
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from ephemeral.cli import COMMANDS, cli

HEAVY = {"kubernetes", "pydantic", "rich", "yaml", "cryptography", "tenacity"}


def loaded_after(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(shown.stderr.split())


def test_help_imports_nothing_heavy():
    help_ = "from ephemeral.cli import cli; cli.main(['--help'], standalone_mode=False)"
    loaded = loaded_after(help_)
    assert "click" in loaded
    assert not HEAVY & loaded
    assert not {each for each in loaded if each.startswith("ephemeral.") and "cli" not in each and "errors" not in each}


def test_options_import_nothing_heavy():
    loaded = loaded_after("import ephemeral.cli.options")
    assert "ephemeral.spec.model" in loaded
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_nothing_heavy(name):
    loaded = loaded_after(f"from ephemeral.cli import cli; cli.main([{name!r}, '--help'], standalone_mode=False)")
    assert not HEAVY & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_table_says(name):
    module, _, attribute = COMMANDS[name][0].partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name in (name, f"{name}-")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name):
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: cli {name}")
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.help
    undescribed = [each.name for each in command.params if isinstance(each, click.Option) and not each.help]
    assert not undescribed


def test_help_shows_the_table_in_its_order():
    shown = CliRunner().invoke(cli, ["--help"]).output
    section = shown.partition("Commands:")[2]
    assert [line.split()[0] for line in section.splitlines() if line[:2] == "  " and line[2:3].strip()] == [*COMMANDS]
    assert all(line in " ".join(section.split()) for _, line in COMMANDS.values())


@pytest.mark.parametrize(("typed", "meant"), [("dwon", "down"), ("kubecfg", "kubeconfig"), ("lst", "list")])
def test_unknown_command_suggests_the_nearest(typed, meant):
    shown = CliRunner().invoke(cli, [typed])
    assert shown.exit_code == 2
    assert f"there is no command '{typed}'; did you mean {meant}?" in shown.output


def test_unknown_command_like_none():
    shown = CliRunner().invoke(cli, ["xyzzy"])
    assert shown.exit_code == 2
    assert "there is no command 'xyzzy'.\n" in shown.output


def test_unknown_option_is_a_usage_error():
    assert CliRunner().invoke(cli, ["gc", "--no-such-option"]).exit_code == 2


def test_version():
    from ephemeral import __version__

    assert CliRunner().invoke(cli, ["--version"]).output == f"ephemeral, version {__version__}\n"
