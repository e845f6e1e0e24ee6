"""The programs themselves: what the table says about how each prints its version."""

import pytest

from ephemeral import tools
from ephemeral.cli.tools import DEFAULT, OPTIONAL
from ephemeral.tools import lookup, table
from ephemeral.tools.accept import accepts
from ephemeral.tools.printed import _ask

USUAL = (*DEFAULT, *OPTIONAL)


def rare(name):
    """What only some environments need takes minutes to build."""
    return pytest.param(name, marks=pytest.mark.extended)


@pytest.mark.cluster
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", [name if name in USUAL else rare(name) for name in table.names()])
def test_each_program_prints_its_version(name):
    """What was installed prints the pinned version, what the machine brought one that does."""
    path = tools.require([name])[name]
    program = table.pinned(name)
    seen = lookup.find(program)
    assert seen is not None
    printed = _ask(path, program)
    rule = "exact" if seen.source == "cache" else program.accept
    assert accepts(rule, found=printed, wanted=program.version), f"{path} prints {printed!r}"
