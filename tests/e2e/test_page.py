"""The pages of a report and of a preview in a browser: on a phone and on a desk, by day and by night."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ephemeral.previews.report import charts, write_page
from ephemeral.reports.html import render
from tests.npm import npm_file
from tests.pages import HOSTILE, LONG, preview, sample

pytestmark = pytest.mark.extended

PHONE = {"viewport": {"width": 360, "height": 740}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
DESK = {"viewport": {"width": 1280, "height": 900}}
DEVICES: dict[str, dict[str, Any]] = {"phone": PHONE, "desk": DESK}

#: Contrast that WCAG 2 asks of text of this size (level AA).
ENOUGH = 4.5

#: Each text with its colour and the first ground below it that has one.
COLOURS = """() => [...document.querySelectorAll('body *')]
  .filter(each => [...each.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
  .filter(each => each.checkVisibility())
  .map(each => {
    let below = each;
    while (below && getComputedStyle(below).backgroundColor === 'rgba(0, 0, 0, 0)') below = below.parentElement;
    const style = getComputedStyle(each);
    const ink = each.ownerSVGElement ? style.fill : style.color;
    return [each.textContent.trim().slice(0, 40), ink, getComputedStyle(below || document.body).backgroundColor];
  })"""

#: Whatever sticks out of the window to the right, by name, but for what can be pushed aside on its own.
SPILLS = """() => [...document.querySelectorAll('body *')]
  .filter(each => each.checkVisibility() && !each.parentElement.closest('.wide')
    && each.getBoundingClientRect().right > innerWidth + 1)
  .map(each => `${each.tagName} ${each.textContent.trim().slice(0, 40)}`)"""

#: Labels of the picture that run into the time on their right.
COLLISIONS = """() => [...document.querySelectorAll('svg g:has(.label)')]
  .filter(each => each.querySelector('.label').getBoundingClientRect().right
    > each.querySelector('.time').getBoundingClientRect().left)
  .map(each => each.textContent)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium") or pytest.fail("chromium is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go, for whoever wants to look."""
    folder = Path(os.environ.get("SCREENSHOTS") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("failing", [True, False], ids=["failing", "passing"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", DEVICES)
def test_it_can_be_read(
    browser: Browser, tmp_path: Path, pictures: Path, device: str, scheme: Any, *, failing: bool
) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(*sample(tmp_path / "logs", failing=failing)))
    context = browser.new_context(**DEVICES[device], color_scheme=scheme)
    page = context.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
    page.goto(file.as_uri())
    name = f"{device}-{scheme}-{'failing' if failing else 'passing'}"
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    _expect_readable(page)
    for folded in page.locator("details:not([open]) > summary").all():
        if folded.is_visible():
            folded.click()
    while (inner := page.locator("details:not([open]) > summary")).count():
        inner.first.click()
    page.screenshot(path=pictures / f"{name}-unfolded.png", full_page=True)
    _expect_readable(page)
    assert [url for url in asked if url != file.as_uri() and not url.startswith("data:")] == []
    assert said == []
    context.close()


def test_the_picture_has_a_name_and_a_table_for_who_can_not_see_it(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    file.write_text(render(*sample(tmp_path / "logs", failing=True)))
    page = browser.new_page()
    page.goto(file.as_uri())
    assert page.get_by_role("img", name="Timeline of 14.0 seconds").count() == 1
    page.get_by_text("As a table").click()
    assert page.get_by_role("row", name="wait").get_by_text("8.6 s, failed").is_visible()
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings[:2] == ["What failed", "Timeline"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device", DEVICES)
def test_a_preview_can_be_read(browser: Browser, tmp_path: Path, pictures: Path, device: str, scheme: Any) -> None:
    requests, verdict = preview()
    file = tmp_path / "preview.html"
    write_page(file, requests, verdict, title=f"shop {HOSTILE} {LONG}")
    with browser.new_context(**DEVICES[device], color_scheme=scheme) as context:
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.goto(file.as_uri())
        page.screenshot(path=pictures / f"preview-{device}-{scheme}.png", full_page=True)
        _expect_readable(page)
        assert page.get_by_role("img").count() == 3
        for row in verdict.rows:  # the words are in sight without pushing the table aside
            box = page.locator("td", has_text=row.sentence).bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= DEVICES[device]["viewport"]["width"]
        assert said == []


@pytest.mark.parametrize("theme", ["default", "dark"])  # as forges have it by day and by night
def test_the_charts_of_a_comment_are_drawn(browser: Browser, pictures: Path, theme: str) -> None:
    requests, _ = preview()
    sources = re.findall(r"```mermaid\n(.*?)```", charts(requests), re.DOTALL)
    assert len(sources) == 2
    page = browser.new_page()
    ground = "#0d1117" if theme == "dark" else "#ffffff"
    page.set_content(f"<body style='background: {ground}'></body>")
    page.add_script_tag(path=npm_file("mermaid", "dist/mermaid.min.js"))
    for number, source in enumerate(sources):
        page.evaluate(
            """async ([id, source, theme]) => {
                mermaid.initialize({startOnLoad: false, theme});
                const {svg} = await mermaid.render(id, source);
                document.body.insertAdjacentHTML('beforeend', svg);
            }""",
            [f"chart-{number}", source, theme],
        )
    page.screenshot(path=pictures / f"comment-{theme}.png", full_page=True)
    assert page.locator("svg .line-plot-0 path, svg .line-plot-1 path, svg .bar-plot-0 rect").count() == 2 + 4 + 1
    page.close()


def _expect_readable(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(SPILLS) == []
    assert page.evaluate(COLLISIONS) == []
    contrasts = {text: round(_contrast(ink, ground), 2) for text, ink, ground in page.evaluate(COLOURS)}
    assert {text: contrast for text, contrast in contrasts.items() if contrast < ENOUGH} == {}


def _contrast(one: str, other: str) -> float:
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Of ``rgb(27, 31, 39)``, as WCAG 2 has it."""
    parts = [int(part) / 255 for part in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
