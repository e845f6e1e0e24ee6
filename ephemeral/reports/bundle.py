"""The bundle of a failure: all that a reader needs once the environment is gone, gathered before it goes.

Every collector runs, whatever becomes of the others, and all of them together have ten seconds: a dead API server
must not delay the teardown. Secrets are never read.
"""

import json
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ephemeral.reports.summary import attempt, spell_failure, summarize
from ephemeral.reports.timeline import Timeline
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube

_SECONDS = 10.0
_LOG_BYTES = 1024 * 1024
_NO_LOGS = "Nodes are simulated: nothing runs in their pods, so there are no logs.\n"


class Subject(Protocol):
    """What the bundle needs of an environment."""

    @property
    def name(self) -> str:
        """Its name."""
        ...

    @property
    def kube(self) -> "Kube":
        """A client of its API."""
        ...

    @property
    def timeline(self) -> Timeline:
        """Its phases so far."""
        ...

    def describe(self) -> dict[str, Any]:
        """Its state as plain values."""
        ...

    def diagnose(self) -> str:
        """Why its cluster is not well."""
        ...

    def component_logs(self) -> Mapping[str, Path]:
        """Logs of the cluster's own programs."""
        ...


def write_bundle(directory: Path, environment: Subject, error: BaseException | None) -> Path:
    """Write everything into ``directory``/NAME and return that path; what can't be gathered says why in its file.

    A bundle that is there already is replaced. Raises OSError only when nothing can be written there.
    """
    folder = directory / environment.name
    folder.mkdir(parents=True, exist_ok=True)
    _remove_earlier(folder)
    timeline = json.dumps(environment.timeline.to_json(), indent=2)
    _write(folder / "timeline.json", timeline)
    _write(folder / "summary.txt", summarize(environment, error))
    _copy_component_logs(folder / "components", environment)
    if not _is_dead(environment):
        for name, text in _ask_cluster(environment).items():
            _write(folder / name, text)
    return folder


def _remove_earlier(folder: Path) -> None:
    """What an earlier failure left must not be taken for this one's. A folder that is no bundle is not touched."""
    if not (folder / "timeline.json").exists():
        return
    for name in ("events.txt", "pods.txt", "workloads.txt", "objects.yaml"):
        (folder / name).unlink(missing_ok=True)
    for name in ("logs", "components"):
        shutil.rmtree(folder / name, ignore_errors=True)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", errors="replace")


def _copy_component_logs(folder: Path, environment: Subject) -> None:
    try:
        logs = environment.component_logs()
    except Exception as failure:
        _write(folder / "README.txt", spell_failure(failure))
        return
    folder.mkdir(exist_ok=True)
    for name, source in logs.items():
        with (folder / f"{name}.log").open("wb") as copy:
            try:
                with source.open("rb") as log:
                    log.seek(max(0, source.stat().st_size - _LOG_BYTES))
                    shutil.copyfileobj(log, copy)
            except OSError as failure:
                copy.write(spell_failure(failure).encode())


def _is_dead(environment: Subject) -> bool:
    with suppress(Exception):
        return bool(environment.diagnose())
    return False  # unknown is worth a try


def _ask_cluster(environment: Subject) -> dict[str, str]:
    """Ask the API server several things at a time: file -> content. Who has no answer in time is not waited for.

    Daemon threads, because a pool's would be waited for when this process ends.
    """
    from ephemeral.reports import collectors

    answers: dict[str, str] = {}
    pod_logs = collectors.write_logs if _runs_pods(environment) else _tell_why_no_logs
    asked = {
        "events.txt": lambda: collectors.events(environment.kube),
        "pods.txt": lambda: collectors.pods(environment.kube),
        "workloads.txt": lambda: collectors.workloads(environment.kube),
        "objects.yaml": lambda: collectors.objects(environment.kube),
        "logs/README.txt": lambda: pod_logs(environment.kube, answers),
    }
    threads = {
        name: threading.Thread(target=lambda n=name, c=collect: answers.update({n: attempt(c)}), daemon=True)
        for name, collect in asked.items()
    }
    for thread in threads.values():
        thread.start()
    deadline = Deadline(_SECONDS)
    for thread in threads.values():
        thread.join(deadline.remaining())
    late = dict.fromkeys(asked, f"could not be gathered: no answer within {_SECONDS:g} s\n")
    return late | dict(answers)


def _runs_pods(environment: Subject) -> bool:
    with suppress(Exception):
        return bool(environment.describe().get("nodes") != "simulated")
    return True


def _tell_why_no_logs(_kube: "Kube", _files: dict[str, str]) -> str:
    return _NO_LOGS
