"""Requests survive a file."""

from pathlib import Path

import pytest

from ephemeral.previews.observations import Request, read_requests, to_line, write_requests

REQUESTS = [
    Request(arm="baseline", started=1.5, latency=0.25, status=200),
    Request(arm="candidate", started=1.6, latency=5.0, status=0, error="timed out", share=0.05),
    Request(arm="unknown", started=1.7, latency=0.1, status=503, share=None),
]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    write_requests(path, REQUESTS)
    assert list(read_requests(path)) == REQUESTS


def test_a_line_cut_short_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(to_line(REQUESTS[0]) + to_line(REQUESTS[1])[:-9])
    assert list(read_requests(path)) == REQUESTS[:1]


@pytest.mark.parametrize("line", ["no json\n", "{}\n", to_line(REQUESTS[0]).replace("baseline", "third")])
def test_any_other_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "requests.jsonl"
    path.write_text(to_line(REQUESTS[0]) + line)
    with pytest.raises(ValueError, match=r"requests\.jsonl:2 is no request"):
        list(read_requests(path))


@pytest.mark.parametrize(("status", "failed"), [(200, False), (302, False), (404, True), (503, True), (0, True)])
def test_no_answer_and_error_statuses_are_failures(status: int, failed: bool) -> None:
    assert Request(arm="baseline", started=0, latency=0, status=status).failed is failed
