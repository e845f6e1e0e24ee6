"""Events: what controllers, scheduler and kubelet said about an object, repeated ones counted once."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from ephemeral.kube.client import Kube

_COMBINED = "(combined from similar events): "
_POD_NAME = re.compile(r'(pods?) "[^"]+"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened, ``count`` times, to the object ``about`` (``Pod default/web-1``); ``last`` is UTC."""

    about: str
    uid: str
    namespace: str
    warning: bool
    reason: str
    message: str
    count: int
    last: datetime


def list_events(
    kube: Kube, *, namespace: str | None = None, warnings_only: bool = False, fields: str = ""
) -> list[Event]:
    """Read events, oldest first; ``fields`` is a field selector such as ``reason=FailedMount``."""
    selectors = [fields, "type!=Normal" if warnings_only else ""]
    found = kube.list("v1", "Event", namespace=namespace, fields=",".join(filter(None, selectors)))
    return merge(map(parse, found))


def parse(item: Mapping[str, Any]) -> Event:
    """Read one event object, of either way in which components write them."""
    about = item.get("involvedObject") or {}
    series = item.get("series") or {}
    namespace = about.get("namespace", "")
    return Event(
        about=f"{about.get('kind', '')} {namespace}{'/' if namespace else ''}{about.get('name', '')}",
        uid=about.get("uid", ""),
        namespace=namespace,
        warning=item.get("type") != "Normal",
        reason=item.get("reason") or "",
        message=(item.get("message") or "").removeprefix(_COMBINED).strip(),
        count=series.get("count") or item.get("count") or 1,
        last=_last_time(item, series),
    )


def merge(events: Iterable[Event]) -> list[Event]:
    """Count what repeats as one event, and sort by time. Names of refused pods do not make a difference."""
    merged: dict[tuple[str, str, str], Event] = {}
    for event in sorted(events, key=lambda each: each.last):
        key = event.about, event.reason, _POD_NAME.sub(r"\1", event.message)
        before = merged.pop(key, None)
        merged[key] = replace(event, count=event.count + before.count) if before else event
    return list(merged.values())


def describe(event: Event) -> str:
    """One line: ``Pod default/web-1: BackOff (3 times): Back-off restarting failed container``."""
    times = f" ({event.count} times)" if event.count > 1 else ""
    return f"{event.about}: {event.reason}{times}: {event.message}"


def _last_time(item: Mapping[str, Any], series: Mapping[str, Any]) -> datetime:
    created = (item.get("metadata") or {}).get("creationTimestamp")
    times = (series.get("lastObservedTime"), item.get("lastTimestamp"), item.get("eventTime"), created)
    newest = next((time for time in times if time), None)
    return datetime.fromisoformat(newest) if newest else datetime.fromtimestamp(0, UTC)
