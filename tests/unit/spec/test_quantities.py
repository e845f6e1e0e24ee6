import itertools
from decimal import Decimal

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.quantities import format_quantity, parse_quantity


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("100m", "0.1"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("20Gi", 20 * 2**30),
        ("512Mi", 512 * 2**20),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("1Ei", 2**60),
        ("1.5e-1", "0.15"),
        ("250u", "0.00025"),
        ("7n", "0.000000007"),
        ("+3", 3),
        ("-3", -3),
        ("0", 0),
    ],
)
def test_parse(text, amount):
    assert parse_quantity(text) == Decimal(amount)


@pytest.mark.parametrize(
    "text", ["", "Gi", "1gi", "1K", "1GiB", "1 Gi", "1,5", "lots", "1e", "1e3Gi", ".", "٣", "1_000", "1mi"]
)
def test_nonsense(text):
    with pytest.raises(SpecError, match="is no quantity"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (20 * 2**30, "20Gi"),
        (1536 * 2**20, "1536Mi"),
        (1023, "1023"),
        (1000, "1000"),
        ("0.1", "100m"),
        ("1.57", "1570m"),
        ("0.00025", "250u"),
        (0, "0"),
        (-2, "-2"),
    ],
)
def test_format(amount, text):
    assert format_quantity(Decimal(amount)) == text


@pytest.mark.parametrize(
    "suffix", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
)
def test_what_is_formatted_is_read_back(suffix):
    for number in ("0", "1", "3", "1000", "1024", "999", "1048576", "17"):
        amount = parse_quantity(number + suffix)
        assert parse_quantity(format_quantity(amount)) == amount


def test_order_follows_size():
    ascending = [
        "1n",
        "1u",
        "1m",
        "100m",
        "1",
        "1k",
        "1Ki",
        "1M",
        "1Mi",
        "1G",
        "1Gi",
        "1T",
        "1Ti",
        "1P",
        "1Pi",
        "1E",
        "1Ei",
    ]
    assert all(parse_quantity(less) < parse_quantity(more) for less, more in itertools.pairwise(ascending))
