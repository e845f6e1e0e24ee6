"""Text that others wrote, made harmless: in Markdown, and in the workflow commands that a runner reads from the log."""

import re
import unicodedata
from collections.abc import Iterable

_LONGEST_LINE = 300
_LONGEST_BLOCK = 8000


def code(text: str, longest: int = _LONGEST_LINE) -> str:
    """One line as code. Inside, nothing is markup, nobody is mentioned and no issue is linked."""
    line = " ".join(_visible(text).split())
    return f"<code>{_entities(_cut(line, longest))}</code>"


def block(text: str, longest: int = _LONGEST_BLOCK) -> str:
    """Several lines as they are; nothing in them is markup. The end is kept where they are too long."""
    text = _visible(text).strip("\n")
    if len(text) > longest:
        text = f"…\n{text[-longest:]}"
    # A blank line would end the block where a Markdown reader takes it for part of a list.
    return "<pre>" + "\n".join(_entities(line) or "&#8203;" for line in text.splitlines()) + "</pre>"


def command(name: str, message: str, **properties: str) -> str:
    """A workflow command, such as ``::error title=...::...``, from text that can't start another one."""
    given = ",".join(f"{key}={_property(value)}" for key, value in properties.items() if value)
    return f"::{name}{f' {given}' if given else ''}::{_data(message)}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table of cells that are Markdown already."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *(list(row) for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _entities(text: str) -> str:
    """No ASCII punctuation is left: neither Markdown, HTML, GitLab's quick actions nor autolinks see any."""
    return re.sub(r"[!-/:-@\[-`{-~]", lambda match: f"&#{ord(match[0])};", text)


def _visible(text: str) -> str:
    """Without control and direction characters, which could hide or reorder what is read."""
    return "".join(
        char for char in text.replace("\r", "\n") if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf")
    )


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
