"""A preview as HTML: a section of a page, or a page of its own that needs nothing else."""

from collections.abc import Sequence
from html import escape as escape_html
from importlib.resources import files
from pathlib import Path

from ephemeral.previews.judge import Row, Verdict
from ephemeral.previews.judge.words import span
from ephemeral.previews.observations import Request
from ephemeral.previews.report import pictures
from ephemeral.previews.report.series import Series
from ephemeral.reports.failure import clean

_LEGEND = (
    '<p class="legend"><span class="key baseline"></span> baseline '
    '<span class="key candidate"></span> candidate{more}</p>'
)
_BAND = ". Lines are the rates so far, bands where the true rates lie; each bound is 97.5 % sure at every moment."
_TOLD = ' <span class="key told"></span> as told'


def write_page(path: Path, requests: Sequence[Request], verdict: Verdict, *, title: str) -> None:
    """Write a page that needs no network and no script."""
    style = files(__package__).joinpath("preview.css").read_text(encoding="utf-8")
    path.write_text(
        f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>{_escape(title)}: {verdict.outcome}</title>
<style>
{style}</style>
</head>
<body>
<h1>{_escape(title)}</h1>
{section(requests, verdict)}
</body>
</html>
""",
        encoding="utf-8",
    )


def section(requests: Sequence[Request], verdict: Verdict) -> str:
    """The verdict with its rows and pictures, everything escaped; preview.css styles it."""
    return f"""<div class="preview">
<p><span class="badge {verdict.outcome}">{verdict.outcome}</span> {_escape(verdict.sentence)}</p>
<p class="soft">{_counts(verdict)}</p>
{_table(verdict.rows)}
{_pictures(requests, verdict)}
</div>"""


def _escape(text: str) -> str:
    """Text as HTML, without what would turn it around or speak to a terminal."""
    return escape_html(clean(text))


def _counts(verdict: Verdict) -> str:
    counts = ", ".join(f"{number:,} {arm}" for arm, number in verdict.requests.items() if number or arm != "unknown")
    alarms = f"All checks together fail a candidate that is no worse in at most {100 * verdict.alpha:g} of 100 previews"
    return f"Requests judged: {counts}. {alarms}, however often one looks."


def _table(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    body = "\n".join(
        f'<tr><td>{_escape(row.check)}</td><td><span class="badge {row.outcome}">{row.outcome}</span></td>'
        f"<td>{_effect(row)}</td><td>{_escape(row.sentence)}</td></tr>"
        for row in rows
    )
    head = "<tr><th>check</th><th>outcome</th><th>candidate / baseline</th><th>in words</th></tr>"
    return f'<div class="wide"><table><thead>{head}</thead><tbody>\n{body}\n</tbody></table></div>'


def _effect(row: Row) -> str:
    if row.effect is None:
        return "&ndash;"
    high = float("inf") if row.high is None else row.high
    return f'{row.effect:.3g}<br><span class="soft">{_escape(span(row.low or 0.0, high))}</span>'


def _pictures(requests: Sequence[Request], verdict: Verdict) -> str:
    if not requests:
        return ""
    series = Series.of(requests)
    shown = [
        ("Errors", _LEGEND.format(more=_BAND), pictures.errors(series, verdict)),
        ("Latency", _LEGEND.format(more=""), pictures.latencies(series)),
        ("Split", _LEGEND.format(more=_TOLD), pictures.split(series, verdict)),
    ]
    return "\n".join(f'<h3>{title}</h3>\n{legend}\n<div class="wide">{drawn}</div>' for title, legend, drawn in shown)
