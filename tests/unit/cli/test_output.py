"""Results as text and as JSON."""

import json

import pytest

from ephemeral.cli.output import show, show_table

ROWS = [
    {"name": "shop", "state": "ready", "memory-bytes": 300 * 2**20, "extra": 1},
    {"name": "a-longer-name", "state": "dead", "memory-bytes": 0},
]
COLUMNS = ("name", "state", "memory-bytes")


def test_table(capsys):
    show_table(ROWS, COLUMNS, "text", empty="none")
    assert capsys.readouterr().out == (
        "NAME           STATE  MEMORY-BYTES\n"
        "shop           ready  300 MiB\n"
        "a-longer-name  dead   0 MiB\n"
    )  # fmt: skip


def test_cells_that_are_not_known(capsys):
    show_table([{"name": "shop"}], COLUMNS, "text", empty="none")
    assert capsys.readouterr().out.splitlines()[1] == "shop"


def test_empty_table(capsys):
    show_table([], COLUMNS, "text", empty="no environments")
    show_table([], COLUMNS, "json", empty="no environments")
    assert capsys.readouterr().out == "no environments\n[]\n"


def test_json_has_everything_known(capsys):
    show_table(ROWS, COLUMNS, "json", empty="none")
    assert json.loads(capsys.readouterr().out) == ROWS


def test_one_thing(capsys):
    show({"name": "shop", "kubernetes": "1.36.3", "owner": {"user": "me", "run": "7"}}, "text")
    assert capsys.readouterr().out == "name        shop\nkubernetes  1.36.3\nowner       user me, run 7\n"


@pytest.mark.parametrize("values", [{}, {"name": "shop", "pods": 3}])
def test_one_thing_as_json(values, capsys):
    show(values, "json")
    assert json.loads(capsys.readouterr().out) == values


def test_nothing_is_no_error(capsys):
    show({}, "text")
    assert capsys.readouterr().out == ""
