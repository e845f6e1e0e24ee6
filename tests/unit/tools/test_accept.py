import pytest

from ephemeral.tools.accept import accepts, spell


@pytest.mark.parametrize(
    ("rule", "found", "taken"),
    [
        ("exact", "1.36.3", True),
        ("exact", "1.36.2", False),
        ("exact", "1.36.3-dirty", False),
        ("minor", "1.36.0", True),
        ("minor", "1.35.3", False),
        ("minor", "2.36.3", False),
        ("minor+-1", "1.35.9-dispatcher", True),
        ("minor+-1", "1.37.0", True),
        ("minor+-1", "1.38.0", False),
        ("minor+-1", "1.34.4", False),
        ("minor+-1", "2.36.3", False),
        ("major", "1.2", True),
        ("major", "2.36.3", False),
        (">=3.5", "3.5.1", True),
        (">=3.5", "3.10.0", True),
        (">=3.5", "4.0", True),
        (">=3.5", "3.4.23", False),
        ("major", "unknown", False),
        ("exact", "", False),
    ],
)
def test_rules(rule, found, taken):
    assert accepts(rule, found=found, wanted="1.36.3") is taken


def test_a_rule_that_is_none_is_a_mistake_in_the_table():
    with pytest.raises(ValueError, match="nearly"):
        accepts("nearly", found="1.0", wanted="1.0")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("exact", "1.2.3"),
        ("minor", "1.2.3 or the same minor"),
        ("minor+-1", "1.2.3 or one minor off"),
        (">=1.0", ">=1.0"),
    ],
)
def test_rules_are_spelled_for_people(rule, text):
    assert spell(rule, "1.2.3") == text
