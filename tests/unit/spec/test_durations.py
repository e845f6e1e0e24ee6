import itertools
from datetime import timedelta

import pytest

from ephemeral.errors import SpecError
from ephemeral.spec.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        (" 5m ", timedelta(minutes=5)),
        ("0h5m", timedelta(minutes=5)),
        ("365d", timedelta(days=365)),
    ],
)
def test_parse(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    ["", " ", "h", "5", "1.5h", "-5m", "5 m", "5m3h", "5M", "1h 30m", "1w", "5ms", "٣m", "1e3s", "9" * 30 + "d"],
)
def test_nonsense(text):
    with pytest.raises(SpecError) as raised:
        parse_duration(text)
    assert repr(text.strip()) in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("text", ["0s", "0d0h0m0s", "366d", "8761h", "365d1s", "999999999d"])
def test_too_short_or_too_long(text):
    with pytest.raises(SpecError, match="is not between 1s and 365d"):
        parse_duration(text)


@pytest.mark.parametrize(
    "duration",
    [
        timedelta(days=d, hours=h, minutes=m, seconds=s)
        for d, h, m, s in itertools.product((0, 1, 364), (0, 1, 23), (0, 59), (0, 1))
        if d or h or m or s
    ],
    ids=format_duration,
)
def test_what_is_formatted_is_read_back(duration):
    assert parse_duration(format_duration(duration)) == duration


def test_format():
    assert format_duration(timedelta(minutes=90)) == "1h30m"
    assert format_duration(timedelta(seconds=0.9)) == "0s"
