"""What a machine that can't keep the rate means for the verdict."""

from dataclasses import replace

import pytest

from ephemeral.previews.load import LoadSummary
from ephemeral.previews.questions import lateness_row
from ephemeral.spec.preview_model import Preview, PreviewCheck

KEPT = LoadSummary(intended=1000, sent=1000, failed=0, late=0, latest=0.0, seconds=10.0)


def preview(*compare: str) -> Preview:
    return Preview(service=("web",), checks=tuple(PreviewCheck(compare=each) for each in compare))


@pytest.mark.parametrize(("compare", "late"), [("p95", 25), ("p99", 5), ("p50", 250)])
def test_latencies_that_the_sender_made_pass_nobody(compare, late):
    asked = preview("errors", compare)
    assert lateness_row(asked, [replace(KEPT, late=late, latest=0.3)]) is None
    row = lateness_row(asked, [KEPT, replace(KEPT, late=2 * late + 1, latest=0.3)])
    assert row is not None
    assert row.outcome == "inconclusive"
    assert row.sentence.startswith(
        f"{2 * late + 1} of 2000 requests were sent more than 50 ms late, the latest by 0.30 s"
    )


def test_errors_are_errors_however_late():
    assert lateness_row(preview("errors"), [replace(KEPT, late=900)]) is None


def test_without_checks_the_defaults_are_asked():
    assert lateness_row(preview(), [replace(KEPT, late=900)]) is not None
