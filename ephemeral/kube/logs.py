"""Logs of pods: the last words of a broken one, or all lines of several as they come."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from queue import Queue
from threading import Thread
from typing import Any

from ephemeral.errors import ClusterError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object, subject
from ephemeral.kube.transport import LineStream

_LAST_LINES = 20
_LAST_WORDS_SECONDS = 3.0
_SILENCE_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line that a container wrote."""

    namespace: str
    pod: str
    container: str
    text: str


def pods_of(kube: Kube, name: str, *, namespace: str = "default") -> list[Object]:
    """The pods that ``KIND/NAME`` selects (``deployment/web``), one ``pod/NAME``, or those of a label selector.

    Raises SpecError for a kind that the cluster has not, ClusterError when there is no such object.
    """
    kind, slash, object_name = name.partition("/")
    if not slash:
        return kube.list("v1", "Pod", namespace=namespace, labels=name)
    resource = kube.discovery.by_name(kind)
    found = kube.get(resource.api_version, resource.kind, object_name, namespace)
    if found is None:
        raise ClusterError(f"there is no {resource.kind} {namespace}/{object_name}")
    if resource.kind == "Pod":
        return [found]
    return kube.list("v1", "Pod", namespace=namespace, labels=_selector(found))


def log_lines(
    kube: Kube,
    pods: Sequence[Object],
    *,
    container: str = "",
    tail: int | None = None,
    previous: bool = False,
    follow: bool = False,
) -> Iterator[Line]:
    """Read the logs of all containers (or of ``container``) of the pods, one after the other.

    With ``follow``, lines of all of them come as they are written, until every container has ended. ``previous`` reads
    the run before a container's last restart. A container that has not started yet is left out.

    Raises ApiError when no log at all can be read.
    """
    query = {"previous": str(previous).lower(), "follow": str(follow).lower()}
    if tail is not None:
        query["tailLines"] = str(tail)
    sources = [_Source(kube, pod, name, query) for pod in pods for name in _containers(pod) if container in {"", name}]
    yield from _interleaved(sources) if follow else chain.from_iterable(sources)
    failures = [each.failure for each in sources if each.failure]
    if failures and len(failures) == len(sources):
        raise failures[0]


def last_words(kube: Kube, pod: Object) -> list[str]:
    """The last lines of a broken pod's troubled containers; empty when no kubelet answers, as on simulated nodes."""
    lines: list[str] = []
    for status in _broken(pod):
        previous = "waiting" in (status.get("state") or {})
        query = {"previous": str(previous).lower(), "tailLines": str(_LAST_LINES)}
        lines += [line.text for line in _Source(kube, pod, status["name"], query, silence=_LAST_WORDS_SECONDS)]
    return lines[-_LAST_LINES:]


class _Source:
    """The log of one container, which can be read once; ``failure`` says why it could not be."""

    def __init__(
        self, kube: Kube, pod: Object, container: str, query: Mapping[str, str], *, silence: float = _SILENCE_SECONDS
    ) -> None:
        self._kube, self._metadata, self._container, self._silence = kube, pod["metadata"], container, silence
        self._query = {**query, "container": container}
        self._stream: LineStream | None = None
        self._stopped = False
        self.failure: ClusterError | None = None

    def __iter__(self) -> Iterator[Line]:
        namespace, name = self._metadata["namespace"], self._metadata["name"]
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
        try:
            with self._kube.transport.lines(path, query=self._query, timeout=self._silence) as self._stream:
                for text in () if self._stopped else self._stream:
                    yield Line(namespace=namespace, pod=name, container=self._container, text=text)
        except ClusterError as error:
            self.failure = error

    def stop(self) -> None:
        """Let the thread that reads this log come to its end."""
        self._stopped = True
        if self._stream:
            self._stream.stop()


def _interleaved(sources: Sequence[_Source]) -> Iterator[Line]:
    """Lines of all sources in the order in which they arrive."""
    arrived: Queue[Line | None] = Queue()

    def read(source: _Source) -> None:
        try:
            for line in source:
                arrived.put(line)
        finally:
            arrived.put(None)

    for source in sources:
        Thread(target=read, args=(source,), name="follow-log", daemon=True).start()
    open_sources = len(sources)
    try:
        while open_sources:
            if line := arrived.get():
                yield line
            else:
                open_sources -= 1
    finally:
        for source in sources:
            source.stop()


def _containers(pod: Object) -> list[str]:
    spec = pod["spec"]
    return [each["name"] for each in (*(spec.get("initContainers") or ()), *spec["containers"])]


def _broken(pod: Object) -> Iterator[Mapping[str, Any]]:
    """Containers that have crashed, or run without being ready."""
    status = pod.get("status") or {}
    for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        state = each.get("state") or {}
        crashed = each.get("restartCount") or (state.get("terminated") or {}).get("exitCode")
        if crashed or ("running" in state and not each.get("ready")):
            yield each


def _selector(item: Object) -> str:
    """The label selector of a workload or a Service, as a query."""
    selector = (item.get("spec") or {}).get("selector") or {}
    labels = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
    expressions = [_expression(each) for each in selector.get("matchExpressions") or ()]
    if not labels and not expressions:
        raise ClusterError(f"{subject(item)} selects no pods")
    return ",".join([*(f"{key}={value}" for key, value in labels.items()), *expressions])


def _expression(each: Mapping[str, Any]) -> str:
    key, values = each["key"], ",".join(each.get("values") or ())
    match each["operator"]:
        case "In":
            return f"{key} in ({values})"
        case "NotIn":
            return f"{key} notin ({values})"
        case "DoesNotExist":
            return f"!{key}"
        case _:
            return f"{key}"
