"""The preview's page and PNG."""

import random
import sys
from math import exp
from pathlib import Path
from xml.etree import ElementTree

import pytest
from matplotlib import image

from ephemeral.errors import StateError, ToolError
from ephemeral.previews.judge import ErrorRateCheck, Judge, LatencyCheck, Verdict
from ephemeral.previews.observations import Request
from ephemeral.previews.records import Records
from ephemeral.previews.report import charts, draw_records, section, write_page, write_png
from ephemeral.previews.report.frame import log_ticks, ticks
from ephemeral.previews.report.series import Series

SVG = "{http://www.w3.org/2000/svg}"


def seen(requests: int, *, errors: float = 0.3, name: str = "error-rate") -> tuple[list[Request], Verdict]:
    """Weights of 20, then 50 %, and a candidate with so many errors."""
    chance, judge, all_of = random.Random(6), Judge([ErrorRateCheck(name=name), LatencyCheck()]), []
    for number in range(requests):
        share = 0.2 if number < requests / 2 else 0.5
        arm = "candidate" if chance.random() < share else "baseline"
        failed = arm == "candidate" and chance.random() < errors
        request = Request(
            arm=arm,
            started=1e9 + number / 50,
            latency=0.04 * exp(0.3 * chance.gauss()),
            status=503 if failed else 200,
            share=share,
        )
        all_of.append(request)
        judge.add(request)
    return all_of, judge.verdict()


def pictures(html: str) -> list[ElementTree.Element]:
    parts = [part.split("</svg>")[0] for part in html.split("<svg")[1:]]
    return [ElementTree.fromstring(f'<svg xmlns="http://www.w3.org/2000/svg"{part}</svg>') for part in parts]


def test_the_page_shows_verdict_rows_and_three_pictures_and_needs_no_network(tmp_path: Path) -> None:
    requests, verdict = seen(400)
    assert verdict.outcome == "fail"
    write_page(tmp_path / "preview.html", requests, verdict, title="shop")
    html = (tmp_path / "preview.html").read_text()
    assert "http" not in html.replace("http-equiv", "")
    assert "<script" not in html
    for row in verdict.rows:
        assert f"<td>{row.check}</td>" in html
    errors, latency, split = pictures(html)
    assert {line.get("class") for line in errors.iter(f"{SVG}polyline")} == {"line baseline", "line candidate"}
    assert {band.get("class") for band in errors.iter(f"{SVG}polygon")} == {"band baseline", "band candidate"}
    [decision] = [text.text for text in errors.iter(f"{SVG}text") if text.get("class") == "decision"]
    assert decision == f"fail after {verdict.decided_after} requests"
    assert len(list(latency.iter(f"{SVG}polyline"))) == 4
    assert len(list(split.iter(f"{SVG}rect"))) == 40
    assert all(picture.get("aria-label") for picture in (errors, latency, split))


def test_nothing_is_drawn_outside_the_picture() -> None:
    requests, verdict = seen(400)
    for picture in pictures(section(requests, verdict)):
        for line in [*picture.iter(f"{SVG}polyline"), *picture.iter(f"{SVG}polygon")]:
            for point in line.get("points").split():
                x, y = map(float, point.split(","))
                assert 0 <= x <= 640
                assert 0 <= y <= 250


def test_names_are_text_and_never_markup(tmp_path: Path) -> None:
    requests, verdict = seen(50, name="<b>&")
    write_page(tmp_path / "preview.html", requests, verdict, title="<script>alert(1)</script>")
    html = (tmp_path / "preview.html").read_text()
    assert "<script" not in html
    assert "<b>" not in html
    assert "&lt;b&gt;&amp;" in html


def test_without_requests_there_is_a_verdict_and_no_picture() -> None:
    html = section([], Judge([ErrorRateCheck()]).verdict())
    assert "no traffic" in html
    assert "<svg" not in html


def test_where_all_fail_the_latency_says_that_there_is_none() -> None:
    requests = [Request(arm="baseline", started=number, latency=1, status=0) for number in range(3)]
    html = section(requests, Judge([ErrorRateCheck()]).verdict())
    assert "there is no latency to show" in html
    assert len(pictures(html)) == 2


def test_one_request_can_be_drawn(tmp_path: Path) -> None:
    requests, verdict = seen(1)
    assert len(pictures(section(requests, verdict))) == 3
    write_png(tmp_path / "preview.png", requests, verdict, title="shop")


@pytest.mark.parametrize("requests", [5, 400])
def test_the_png_shows_both_arms(tmp_path: Path, requests: int) -> None:
    write_png(tmp_path / "preview.png", *seen(requests), title="price in $: web")
    pixels = image.imread(tmp_path / "preview.png")[:, :, :3]
    assert pixels.shape[:2] == (518, 1296)
    for colour in ((0x25, 0x63, 0xC9), (0xC2, 0x57, 0x0C)):
        distance = abs(pixels * 255 - colour).max(axis=2)
        assert (distance < 3).sum() > 20


def test_without_matplotlib_the_png_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ToolError, match="matplotlib") as caught:
        write_png(tmp_path / "preview.png", *seen(5), title="shop")
    assert "plots" in caught.value.hint


def test_bands_close_in_on_the_rate() -> None:
    requests, _ = seen(2000)
    rates = Series.of(requests).rates["candidate"]
    assert all(one.low <= one.rate <= one.high for one in rates)
    assert rates[-1].high - rates[-1].low < 0.15 < rates[0].high - rates[0].low


def test_ticks_are_round_and_few() -> None:
    assert ticks(0, 1) == [0, 0.2, 0.4, 0.6, 0.8, 1]
    assert ticks(0, 0.034) == [0, 0.01, 0.02, 0.03]
    assert log_ticks(0.015, 0.3) == [0.02, 0.05, 0.1, 0.2]
    assert log_ticks(0.0005, 5) == [0.001, 0.01, 0.1, 1]


def test_records_become_a_page_and_a_png_beside_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    requests, verdict = seen(400)
    with Records.kept(tmp_path, fresh=True) as records:
        for request in requests:
            records.add(request)
        records.conclude(verdict)
    assert draw_records(tmp_path, title="shop") == [tmp_path / "preview.html", tmp_path / "preview.png"]
    assert section(requests, verdict) in (tmp_path / "preview.html").read_text()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert draw_records(tmp_path, title="shop") == [tmp_path / "preview.html"]
    assert not (tmp_path / "preview.png").exists()


def test_records_that_are_missing_or_broken_are_named(tmp_path: Path) -> None:
    with pytest.raises(StateError, match=r"verdict\.json"):
        draw_records(tmp_path, title="shop")
    (tmp_path / "verdict.json").write_text('{"rows": [], "colour": "red"}')
    with pytest.raises(StateError, match="colour"):
        draw_records(tmp_path, title="shop")


def test_the_charts_of_a_comment_have_both_arms_numbers() -> None:
    requests, _ = seen(600)
    errors, latency = charts(requests).split("\n\n")
    for chart in (errors, latency):
        assert chart.startswith("```mermaid\n%%{init")
        assert chart.endswith("\n```")
    baseline, candidate = [line for line in errors.splitlines() if line.startswith("  line")]
    assert baseline == f"  line [{', '.join(['0'] * 20)}]"
    mine = [request.failed for request in requests if request.arm == "candidate"]
    assert candidate.endswith(f", {100 * sum(mine) / len(mine):.4g}]")
    assert "x-axis [p50, p90, p95, p99]" in latency
    bars, line = [each for each in latency.splitlines() if each.startswith(("  bar", "  line"))]
    assert bars.count(", ") == line.count(", ") == 3


@pytest.mark.parametrize("arm", ["baseline", "candidate"])
def test_an_arm_that_nobody_reached_makes_no_chart(arm: str) -> None:
    requests, _ = seen(100)
    assert charts([request for request in requests if request.arm != arm]) == ""


def test_an_arm_without_one_good_answer_has_errors_but_no_latency() -> None:
    requests, _ = seen(200, errors=1.0)
    assert charts(requests).count("```mermaid") == 1
