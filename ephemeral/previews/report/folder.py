"""The report of a preview out of what it left on this machine."""

import json
from pathlib import Path

from ephemeral.errors import StateError, ToolError
from ephemeral.previews.judge import Verdict
from ephemeral.previews.observations import read_requests
from ephemeral.previews.records import REQUESTS, VERDICT
from ephemeral.previews.report.page import write_page
from ephemeral.previews.report.png import write_png

PAGE, PICTURE = "preview.html", "preview.png"


def draw_records(folder: Path, *, title: str) -> list[Path]:
    """Write the page, and the PNG where there is matplotlib and a request to draw, beside the records; return both.

    Raises StateError when the records are missing or not as they were written.
    """
    try:
        verdict = Verdict.from_json(json.loads((folder / VERDICT).read_text(encoding="utf-8")))
        requests = list(read_requests(folder / REQUESTS))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StateError(f"{folder} has no records of a preview that could be drawn: {error}") from error
    write_page(folder / PAGE, requests, verdict, title=title)
    written = [folder / PAGE]
    try:
        if requests:
            write_png(folder / PICTURE, requests, verdict, title=title)
            written.append(folder / PICTURE)
    except ToolError:
        (folder / PICTURE).unlink(missing_ok=True)
    return written
