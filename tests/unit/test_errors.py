"""The tree of errors: what scripts rely on."""

import re

import pytest

from ephemeral import errors
from ephemeral.errors import EphemeralError, ProgramError, WaitError

CLASSES = [
    each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, EphemeralError)
]  # fmt: skip
DRAWN = dict(re.findall(r"^\s*[│├└─ ]*(\w*Error)\s+(\d+  \S+)", errors.__doc__, re.MULTILINE))


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_the_drawing_shows_code_and_slug(each):
    assert DRAWN[each.__name__] == f"{each.exit_code}  {each.slug}"


def test_nothing_else_is_drawn():
    assert set(DRAWN) == {each.__name__ for each in CLASSES}


def test_codes_and_slugs_are_distinct_and_in_their_range():
    assert len({each.exit_code for each in CLASSES}) == len(CLASSES)
    assert len({each.slug for each in CLASSES}) == len(CLASSES)
    assert all(10 <= each.exit_code <= 29 for each in CLASSES)


@pytest.mark.parametrize("each", CLASSES, ids=lambda each: each.__name__)
def test_message_and_hint_are_kept(each):
    error = each("what failed", hint="do this")
    assert (str(error), error.message, error.hint) == ("what failed", "what failed", "do this")
    assert each("x").hint is None


def test_what_some_carry():
    assert ProgramError("x", returncode=-9).returncode == -9
    assert WaitError("x", observed="1/2").observed == "1/2"


def test_every_class_is_raised_by_something(repository):
    source = "\n".join(path.read_text() for path in (repository / "ephemeral").rglob("*.py"))
    unused = [
        each.__name__ for each in CLASSES if not re.search(rf"raise {each.__name__}\(|\b{each.__name__}\(", source)
    ]
    assert not unused
