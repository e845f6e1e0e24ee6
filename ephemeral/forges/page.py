"""What people see of an environment on its pull request and on the page of the run: one Markdown text for both."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from ephemeral.forges.escaping import block, code, table
from ephemeral.reports.timeline import Phase

State = Literal["building", "ready", "failed", "removed"]

_HEADLINES = {
    "building": "⏳ Environment {} is being made",
    "ready": "✅ Environment {} is ready",
    "failed": "❌ Environment {} failed",
    "removed": "🧹 Environment {} is removed",
}
_MOST_ROWS = 60


@dataclass(frozen=True, kw_only=True)
class Page:
    """The facts of one environment at one moment; empty where there are none. ``plot`` is Markdown of our own."""

    state: State
    name: str
    reason: str = ""
    commit: str = ""
    kubernetes: str = ""
    expires_at: str = ""
    urls: Mapping[str, str] = field(default_factory=dict)
    workloads: Mapping[str, str] = field(default_factory=dict)
    phases: Sequence[Phase] = ()
    preview: Mapping[str, str] = field(default_factory=dict)
    plot: str = ""
    error: str = ""
    hint: str = ""
    run_url: str = ""
    has_commands: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))


def render(page: Page) -> str:
    """The page as Markdown. Whatever it shows may come from a pull request or its pods, and is escaped."""
    parts = [f"### {_HEADLINES[page.state].format(code(page.name))}", page.reason and code(page.reason)]
    parts += [
        _failure(page),
        _preview(page),
        _urls(page),
        _facts(page),
        _workloads(page),
        _phases(page),
        _commands(page),
    ]
    parts.append(f"<sub>Updated {page.now:%Y-%m-%d %H:%M:%S} UTC by {_link('this run', page.run_url)}.</sub>")
    return "\n\n".join(part for part in parts if part) + "\n"


def _failure(page: Page) -> str:
    if not page.error:
        return ""
    bundle = f"The bundle of events, states and logs is among the artifacts of {_link('this run', page.run_url)}."
    return "\n\n".join(filter(None, [block(page.error), page.hint and f"What to do: {code(page.hint)}", bundle]))


def _preview(page: Page) -> str:
    """The verdict in a sentence and in charts; the whole report is among the artifacts."""
    if not page.preview:
        return ""
    verdict = page.preview["verdict"]
    mark = {"pass": "✅", "fail": "❌", "inconclusive": "❔"}.get(verdict, "⏸️")
    told = f"{mark} Preview: **{verdict or 'no verdict yet'}** ({code(page.preview['preview'])})"
    if sentence := page.preview["sentence"]:
        where = f"The whole report is among the artifacts of {_link('this run', page.run_url)}."
        told += "\n\n" + "\n\n".join(filter(None, [code(sentence, 2000), page.plot, where]))
    if page.has_commands and page.preview["preview"] in ("paused", "held"):
        told += (
            f"\n\n{code('/ephemeral promote')} goes on with it, {code('/ephemeral abort')} takes the candidate away."
        )
    return told


def _urls(page: Page) -> str:
    lines = []
    for service, url in page.urls.items():
        # What answers on the runner's own loopback is of no use to who reads this.
        how = code(f"ephemeral url {service} --name {page.name}") if _is_local(url) else _link(code(url), url)
        lines.append(f"- {code(service)}: {how}")
    return "\n".join(lines)


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False


def _facts(page: Page) -> str:
    facts = {"Commit": page.commit[:12], "Kubernetes": page.kubernetes, "Expires": page.expires_at}
    rows = [[title, code(value)] for title, value in facts.items() if value]
    return table(["", ""], rows) if rows else ""


def _workloads(page: Page) -> str:
    rows = [[code(subject), code(state)] for subject, state in list(page.workloads.items())[:_MOST_ROWS]]
    more = len(page.workloads) - len(rows)
    if not rows:
        return ""
    return table(["Workload", "State"], rows) + (f"\n\nand {more} more" if more > 0 else "")


def _phases(page: Page) -> str:
    if not page.phases:
        return ""
    rows = [[code(each.title), f"{each.seconds:.1f} s", "failed" if each.failed else "done"] for each in page.phases]
    head = ["Phase", "Took", ""]
    return f"<details><summary>Timeline</summary>\n\n{table(head, rows)}\n\n</details>"


def _commands(page: Page) -> str:
    if not page.has_commands or page.state not in ("ready", "failed"):
        return ""
    return "\n".join(_spell_commands())


def _spell_commands() -> Iterator[str]:
    yield f"Who may write to this repository can comment {code('/ephemeral extend 4h')} to keep it longer,"
    yield f"{code('/ephemeral down')} to remove it and {code('/ephemeral up')} to make it anew."


def _link(markdown: str, url: str) -> str:
    """A link, unless the URL is none that may stand in Markdown."""
    is_plain = url.startswith(("http://", "https://")) and not set(url) & set(" <>()[]\"'`\\\n|")
    return f"[{markdown}]({url})" if is_plain else markdown
