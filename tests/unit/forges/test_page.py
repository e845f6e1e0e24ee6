"""What people see: rendered as GitHub would, with everything hostile that a pull request can bring."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from markdown_it import MarkdownIt

from ephemeral.forges.escaping import block, code, command
from ephemeral.forges.page import Page, render
from ephemeral.reports.timeline import Phase

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
HOSTILE = [
    "</code></pre></details><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) ![](https://evil.example/pixel)",
    "@octocat @org/team fixes #1 GH-2 octo/shop#3",
    "| a | b |\n| --- | --- |\n\n# heading\n- list\n> quote",
    "```\n::error::x\n```\n`code` **bold** _it_ ~~no~~",
    "/close\n/assign @me\n  /label ~x",
    "<!-- ephemeral:shop-pr-7 run=99999 -->",
    "$(rm -rf /); `id` && exit 1",
    "https://evil.example www.evil.example mail@evil.example",
    "&lt;script&gt; &#64;octocat",
    "a\u202eb\u200b\x1b[31mred\x00",
]
PAGE = Page(
    state="ready",
    name="shop-pr-7-abcdef",
    commit="1" * 40,
    kubernetes="1.36.0",
    expires_at="2026-01-01 14:00 UTC",
    urls={"web": "https://web.example.com/", "api": "http://127.0.0.1:31234/"},
    workloads={"Deployment default/web": "2/2 ready"},
    phases=(
        Phase(title="create", begin=0, seconds=4.2, failed=False),
        Phase(title="wait", begin=5, seconds=1, failed=True),
    ),
    run_url="https://github.com/octo/shop/actions/runs/1",
    has_commands=True,
    now=NOON,
)


def shown(markdown):
    return MarkdownIt("gfm-like", {"html": True, "linkify": False}).render(markdown)


def text_of(markup):
    return html.unescape(re.sub(r"<[^>]+>", "", markup))


def test_ready_page_has_all_facts():
    page = shown(render(PAGE))
    text = text_of(page)
    for fact in ("shop-pr-7-abcdef is ready", "1.36.0", "14:00 UTC", "Deployment default/web", "2/2 ready", "4.2 s"):
        assert fact in text
    assert 'href="https://web.example.com/"' in page
    assert "/ephemeral extend 4h" in text
    assert page.count("<table>") == 3
    assert "12:00:00 UTC" in text


def test_address_on_the_runner_is_no_link():
    page = shown(render(PAGE))
    assert "127.0.0.1" not in page
    assert "ephemeral url api --name shop-pr-7-abcdef" in text_of(page)


def test_failed_page_says_why_and_what_to_do():
    page = replace(PAGE, state="failed", error="ImagePullBackOff\n\nnginx:nope", hint="Check `images:`", urls={})
    text = text_of(shown(render(page)))
    for words in ("failed", "ImagePullBackOff", "nginx:nope", "Check `images:`", "artifacts"):
        assert words in text


@pytest.mark.parametrize("state", ["building", "removed"])
def test_pages_without_facts(state):
    page = render(Page(state=state, name="x", reason="label preview is gone", now=NOON))
    assert "label preview is gone" in text_of(shown(page))
    assert "extend" not in page


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_that_others_wrote_is_markup(hostile):
    harmless = replace(PAGE, state="failed", error="E", hint="H", reason="R", workloads={"W": "S"}, urls={"U": "V"})
    page = replace(
        harmless,
        reason=hostile,
        error=hostile,
        hint=hostile,
        commit=hostile,
        kubernetes=hostile,
        workloads={hostile: hostile},
        urls={hostile: f"https://{hostile}"},
    )
    tags = re.compile(r"<(?:/?[a-z0-9]+|!--)")
    assert tags.findall(shown(render(page))) == tags.findall(shown(render(harmless)))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_text_is_shown_as_it_is(hostile):
    visible = hostile.replace("\u202e", "").replace("\u200b", "").replace("\x1b", "").replace("\x00", "")
    assert text_of(code(hostile)) == " ".join(visible.split())
    assert text_of(block(hostile)).replace("\u200b", "") == visible


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_mention_link_or_quick_action_is_left_to_find(hostile):
    """Forges look for these in the text between tags, outside of code; and GitLab at the beginning of lines."""
    for markdown in (code(hostile), block(hostile)):
        inside = re.sub(r"&#\d+;", "", markdown.removeprefix("<code>").removeprefix("<pre>"))
        assert not re.search(r"[@#/:<>|`\[*_~]", inside.removesuffix("</code>").removesuffix("</pre>"))


def test_long_texts_are_cut():
    assert len(text_of(code("x" * 1000))) == 300
    assert text_of(block("y" * 9000 + "the end")).endswith("the end")
    many = {f"Deployment default/web-{number}": "ready" for number in range(100)}
    assert "and 40 more" in render(replace(PAGE, workloads=many))


@pytest.mark.parametrize("hostile", ["a\n::error::b", "a\r\n::set-output name=x::y", "50%0A::stop-commands::x"])
def test_workflow_command_stays_one(hostile):
    line = command("warning", hostile, title=f"{hostile}, title=2")
    assert "\n" not in line
    assert "\r" not in line
    assert line.startswith("::warning title=")
    assert line.removeprefix("::warning").partition("::")[0].count(",") == 0
    message = line.removeprefix("::warning").partition("::")[2]
    assert message.replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%") == hostile
