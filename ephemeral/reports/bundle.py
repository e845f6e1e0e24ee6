"""The bundle: all that a reader needs once the environment is gone, as a folder of files and one page."""

import json
import shutil
from pathlib import Path

from ephemeral.reports.evidence import Known, Missing, Subject, ask, attempt, look
from ephemeral.reports.files import files_of
from ephemeral.reports.summary import summarize

#: The page of a bundle.
PAGE = "report.html"

_LOG_BYTES = 1024 * 1024
_OF_A_CLUSTER = ("events.txt", "pods.txt", "workloads.txt", "objects.yaml", PAGE)


def write_bundle(
    directory: Path, environment: Subject, error: BaseException | None = None, *, verdict: str = ""
) -> Path:
    """Write everything into ``directory``/NAME and return that path; what can't be gathered says why in its file.

    ``verdict`` is shown on the page; without one it is ``fail`` if there is an error, else the environment's state.

    A bundle that is there already is replaced. Raises OSError only when nothing can be written there.
    """
    folder = directory / environment.name
    folder.mkdir(parents=True, exist_ok=True)
    _remove_earlier(folder)
    known = look(environment, error, verdict)
    _write(folder / "timeline.json", json.dumps(known.timeline.to_json(), indent=2))
    _write(folder / "summary.txt", summarize(known))
    _copy_component_logs(folder / "components", known)
    answers = None if known.is_dead else ask(environment, runs_pods=known.runs_pods)
    for name, text in files_of(answers) if answers else ():
        _write(folder / name, text)
    from ephemeral.reports.html import render  # what is written above needs no template engine

    page = attempt(lambda: render(known, answers))
    _write(folder / PAGE, page.reason if isinstance(page, Missing) else page)
    return folder


def _remove_earlier(folder: Path) -> None:
    """What an earlier failure left must not be taken for this one's. A folder that is no bundle is not touched."""
    if not (folder / "timeline.json").exists():
        return
    for name in _OF_A_CLUSTER:
        (folder / name).unlink(missing_ok=True)
    for name in ("logs", "components"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="replace")


def _copy_component_logs(folder: Path, known: Known) -> None:
    if isinstance(known.components, Missing):
        _write(folder / "README.txt", f"{known.components.reason}\n")
        return
    folder.mkdir(exist_ok=True)
    for name, source in known.components.items():
        with (folder / f"{name}.log").open("wb") as copy:
            try:
                with source.open("rb") as log:
                    log.seek(max(0, source.stat().st_size - _LOG_BYTES))
                    shutil.copyfileobj(log, copy)
            except OSError as failure:
                copy.write(f"could not be gathered: {type(failure).__name__}: {failure}\n".encode())
