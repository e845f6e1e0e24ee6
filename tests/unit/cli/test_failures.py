"""How an error leaves the command line: words, JSON and the exit code."""

import json
import signal

import click
import pytest

from ephemeral import cli, errors
from ephemeral.cli.signals import Interrupted
from ephemeral.errors import ApplyError, EphemeralError, SpecError

CLASSES = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, EphemeralError)
]  # fmt: skip
INJECTED = "pod said:\n::add-mask::x\n    ::stop-commands::y\n##[error]z\rlast\u2028::warning::w"


@pytest.fixture
def fail(monkeypatch, capsys):
    """Run the command line, whose command raises an error; the exit code and what stands on stderr."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.setattr(cli, "raise_on_signals", lambda: None)

    def fail(error: BaseException, *arguments: str) -> tuple[object, str]:
        @click.command(context_settings={"ignore_unknown_options": True})
        @click.argument("words", nargs=-1, type=click.UNPROCESSED)
        def broken(words):
            raise error

        monkeypatch.setattr(cli, "cli", broken)
        monkeypatch.setattr("sys.argv", ["ephemeral", *arguments])
        with pytest.raises(SystemExit) as raised:
            cli.main()
        shown = capsys.readouterr()
        assert shown.out == ""
        return raised.value.code, shown.err

    return fail


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.slug)
def test_every_class_has_its_exit_code(each, fail):
    assert fail(each("it broke"), "up") == (each.exit_code, f"error [{each.slug}] it broke\n")


def test_hint_comes_last(fail):
    code, shown = fail(SpecError("it broke", hint="mend it"), "up")
    assert (code, shown) == (11, "error [bad-spec] it broke\nhint: mend it\n")


@pytest.mark.parametrize("arguments", [["run", "--", "true"], ["--debugging", "run", "true"]])
def test_run_keeps_the_other_codes_for_its_command(arguments, fail):
    assert fail(SpecError("it broke"), *arguments)[0] == 125


def test_run_as_an_argument_is_not_the_command(fail):
    assert fail(SpecError("it broke"), "up", "--name", "run")[0] == 11


@pytest.mark.parametrize(
    "arguments", [["up", "--output", "json"], ["up", "-o", "json"], ["up", "--output=json"], ["list", "-ojson"]]
)
def test_json(arguments, fail):
    code, shown = fail(SpecError("it broke", hint="mend it"), *arguments)
    assert code == 11
    assert json.loads(shown) == {"error": "bad-spec", "message": "it broke", "hint": "mend it"}


def test_json_by_variable(fail, monkeypatch):
    monkeypatch.setenv("EPHEMERAL_OUTPUT", "json")
    assert json.loads(fail(SpecError("it broke"), "up")[1])["hint"] is None
    assert fail(SpecError("it broke"), "up", "--output", "text")[1] == "error [bad-spec] it broke\n"


@pytest.mark.parametrize("arguments", [["up", "-f", "app.json"], ["exec", "--", "kubectl", "get", "-o", "json"]])
def test_other_words_do_not_ask_for_json(arguments, fail):
    assert fail(SpecError("it broke"), *arguments)[1] == "error [bad-spec] it broke\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruptions(number, code, fail):
    assert fail(Interrupted(number), "up") == (code, f"ephemeral: ended by {number.name}\n")


def test_debug_shows_the_traceback(monkeypatch, capsys):
    def broken(**_):
        raise SpecError("it broke")

    monkeypatch.setattr(cli, "raise_on_signals", lambda: None)
    monkeypatch.setattr(cli.cli, "main", broken)
    monkeypatch.setattr("sys.argv", ["ephemeral", "--debug", "up"])
    with pytest.raises(SpecError):
        cli.main()
    assert "error [bad-spec] it broke" in capsys.readouterr().err


def commands_in(shown: str) -> list[str]:
    """Lines that GitHub's runner takes as workflow commands, of both kinds."""
    return [line for line in shown.splitlines() if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("arguments", [["up"], ["up", "--output", "json"]], ids=["text", "json"])
def test_what_a_cluster_said_is_no_workflow_command(arguments, fail, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    _, shown = fail(ApplyError(INJECTED, hint=INJECTED), *arguments)
    assert commands_in(shown) == []
    assert "add-mask" in shown
    assert commands_in(INJECTED), "the test itself would notice"


def test_json_keeps_every_word(fail, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert json.loads(fail(ApplyError(INJECTED), "up", "-o", "json")[1])["message"] == INJECTED


def test_elsewhere_text_stays_as_it_is(fail):
    assert "\n::add-mask::x\n" in fail(ApplyError(INJECTED), "up")[1]
