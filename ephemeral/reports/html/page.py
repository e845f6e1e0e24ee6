"""Sections and templates become a page."""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ephemeral.reports.evidence import Answers, Known
from ephemeral.reports.failure import clean
from ephemeral.reports.html.picture import draw
from ephemeral.reports.html.sections import sections_of

#: What the badge looks like; a state, or a verdict without a colour, is grey.
_TONES = {"pass": "good", "running": "good", "fail": "bad", "dead": "bad", "failed": "bad"}


def render(known: Known, answers: Answers | None) -> str:
    """The page of an environment, as HTML; ``answers`` is None when its cluster could not be asked any more."""
    sections = [(section, _template(section.template, section.values)) for section in sections_of(known, answers)]
    values = {"known": known, "tone": _TONES.get(known.verdict, ""), "sections": sections}
    return str(_template("page.html", values | {"total": draw(known.timeline).total}))


def _template(name: str, values: Any) -> Markup:
    return Markup(_ENVIRONMENT.get_template(name).render(values))  # noqa: S704 (templates escape what they print)


def _printable(value: Any) -> Any:
    """Whatever a template prints comes by here, before it is escaped."""
    return value if isinstance(value, Markup) else clean(str(value))


_ENVIRONMENT = Environment(
    loader=PackageLoader("ephemeral.reports.html"),
    autoescape=True,
    undefined=StrictUndefined,
    finalize=_printable,
    trim_blocks=True,
    lstrip_blocks=True,
)
