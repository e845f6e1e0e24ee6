"""What a pull request may not change about its own environment until it is merged."""

from collections.abc import Iterator, MutableMapping
from pathlib import PurePosixPath
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.spec.document import Document, KeyPath

#: Where it runs, what it may do there, and which variables of CI its file may read.
KEYS_OF_BASE = ("cluster", "isolation", "env")
#: What is previewed and asked is the base's, too: its steps and checks run commands on the machine. The candidate is
#: the pull request's own, where it says one.
_PREVIEW, _CANDIDATE = "preview", "candidate"


def take_from_base(document: Document, base: Document) -> None:
    """Replace those keys of a pull request's ephemeral.yaml by the base branch's, defaults included.

    Raises SpecError when the base names a file there: the file itself would come from the pull request.
    """
    for path in _files_of_host(base.value):
        hint = "Give an absolute path, a URL, or the values themselves under `cluster.host.chart.set`."
        where = base.place(path)
        raise SpecError(f"{where}: {'.'.join(map(str, path))}: a pull request could change this file.", hint=hint)
    own = _candidate_of(document.value)
    kept = [each for each in document.complaints if not _is_of_base(each[0], own)]
    document.complaints[:] = [*kept, *(each for each in base.complaints if _is_of_base(each[0], own))]
    _replace(document.places, base.places, own)
    _replace(document.written, base.written, own)
    for key in (*KEYS_OF_BASE, _PREVIEW):
        document.value.pop(key, None)
        if key in base.value:
            document.value[key] = base.value[key]
    if own is not None and isinstance(document.value.get(_PREVIEW), dict):
        document.value[_PREVIEW] = {**document.value[_PREVIEW], _CANDIDATE: own}


def _candidate_of(value: dict[str, Any]) -> Any:
    preview = value.get(_PREVIEW)
    return preview.get(_CANDIDATE) if isinstance(preview, dict) else None


def _replace(mine: MutableMapping[KeyPath, str], bases: MutableMapping[KeyPath, str], own: Any) -> None:
    for path in [path for path in mine if _is_of_base(path, own)]:
        del mine[path]
    mine.update({path: text for path, text in bases.items() if _is_of_base(path, own)})


def _is_of_base(path: KeyPath, own: Any) -> bool:
    if path[:1] == (_PREVIEW,):
        return own is None or path[1:2] != (_CANDIDATE,)
    return bool(path) and path[0] in KEYS_OF_BASE


def _files_of_host(value: dict[str, Any]) -> Iterator[KeyPath]:
    """Keys below `cluster` whose value is a path relative to the file."""
    host = value.get("cluster", {}).get("host") if isinstance(value.get("cluster"), dict) else None
    if not isinstance(host, dict):
        return
    if _is_relative(host.get("kubeconfig")):
        yield "cluster", "host", "kubeconfig"
    chart = host.get("chart")
    if not isinstance(chart, dict):
        return
    if _is_relative(chart.get("source")) and "://" not in str(chart["source"]) and not chart.get("repo"):
        yield "cluster", "host", "chart", "source"
    values = chart.get("values")
    if any(map(_is_relative, values if isinstance(values, list) else [values])):
        yield "cluster", "host", "chart", "values"


def _is_relative(path: Any) -> bool:
    return isinstance(path, str) and bool(path) and not PurePosixPath(path).is_absolute() and path[0] != "~"
