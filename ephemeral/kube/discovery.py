"""Which kinds an API server serves and under which paths.

Aggregated discovery answers with every kind in two small requests, which take less time than reading a cache file
would; so nothing is cached on disk, and a kind whose CRD was created a moment ago costs one more look.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from threading import Lock
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.kube.transport import Transport

_ACCEPT = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, kw_only=True, slots=True)
class Resource:
    """A kind as the API serves it: ``apps/v1``, ``Deployment``, ``deployments``, namespaced."""

    api_version: str
    kind: str
    plural: str
    namespaced: bool
    names: frozenset[str]

    def path(self, namespace: str | None = None, name: str = "") -> str:
        """URL path of the collection, or of one object in it."""
        root = "/apis/" if "/" in self.api_version else "/api/"
        scope = f"/namespaces/{namespace}" if self.namespaced and namespace else ""
        return f"{root}{self.api_version}{scope}/{self.plural}" + (f"/{name}" if name else "")


class Discovery:
    """The kinds of one API server, asked for when first needed and again when one is missing."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._lock = Lock()
        self._resources: tuple[Resource, ...] = ()
        self._by_kind: Mapping[tuple[str, str], Resource] = {}

    def find(self, api_version: str, kind: str) -> Resource | None:
        """Look up a kind; None when the server does not serve it now."""
        known = self._by_kind
        if (api_version, kind) not in known:
            known = self._refresh(known)
        return known.get((api_version, kind))

    def by_name(self, name: str) -> Resource:
        """Look up what a user types: kind, plural, singular or short name, also as ``NAME.GROUP``.

        Raises SpecError naming the nearest names there are.
        """
        self._refresh(self._by_kind)
        for resource in self._resources:
            if name.lower() in resource.names:
                return resource
        near = get_close_matches(name.lower(), sorted(_names(self._resources)), n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "see `kubectl api-resources`"
        raise SpecError(f"the cluster has no kind {name!r}", hint=hint)

    def kinds(self) -> tuple[Resource, ...]:
        """Every kind, the server's preferred versions first."""
        return self._resources or tuple(self._refresh(self._by_kind).values())

    def _refresh(self, seen: Mapping[tuple[str, str], Resource]) -> Mapping[tuple[str, str], Resource]:
        """Ask the server, unless another thread has done so since ``seen`` was read."""
        with self._lock:
            if self._by_kind is seen:
                self._resources = tuple(self._ask("/api")) + tuple(self._ask("/apis"))
                self._by_kind = {(each.api_version, each.kind): each for each in reversed(self._resources)}
            return self._by_kind

    def _ask(self, path: str) -> Iterator[Resource]:
        answer = json.loads(self._transport.request("GET", path, headers={"Accept": _ACCEPT}).data)
        for group in answer["items"]:
            name = group["metadata"].get("name", "")
            for version in group["versions"]:
                yield from _resources(name, version)


def _resources(group: str, version: Mapping[str, Any]) -> Iterator[Resource]:
    api_version = f"{group}/{version['version']}" if group else version["version"]
    for entry in version.get("resources") or ():
        kind = (entry.get("responseKind") or {}).get("kind")
        if not kind or "get" not in entry["verbs"]:
            continue
        yield Resource(
            api_version=api_version,
            kind=kind,
            plural=entry["resource"],
            namespaced=entry["scope"] == "Namespaced",
            names=frozenset(_spellings(entry, kind, group)),
        )


def _spellings(entry: Mapping[str, Any], kind: str, group: str) -> Iterator[str]:
    for name in (kind.lower(), entry["resource"], entry.get("singularResource", ""), *entry.get("shortNames", ())):
        if name:
            yield name
            yield f"{name}.{group}"


def _names(resources: Iterable[Resource]) -> set[str]:
    return {name for resource in resources for name in resource.names if "." not in name}
