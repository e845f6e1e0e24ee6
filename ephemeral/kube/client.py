"""A client of one API server that speaks plain dicts."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ephemeral.kube.discovery import Discovery, Resource
from ephemeral.kube.kubeconfig import read_access
from ephemeral.kube.objects import Object
from ephemeral.kube.transport import REQUEST_SECONDS, ApiError, Transport

FIELD_MANAGER = "ephemeral"


class Kube:
    """Get, list, apply, patch and delete objects by apiVersion and kind. Threads may share it.

    ``transport`` sends what has no method here; ``discovery`` knows the kinds. Methods raise ApiError.
    """

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.discovery = Discovery(transport)

    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Object | None:
        """Read one object; None when there is none."""
        path = self._resource(api_version, kind).path(namespace, name)
        try:
            return self._json("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def list(
        self,
        api_version: str,
        kind: str,
        *,
        namespace: str | None = None,
        labels: str = "",
        fields: str = "",
    ) -> list[Object]:
        """List objects of a kind, in every namespace unless one is given; ``labels`` and ``fields`` are selectors."""
        selectors = {"labelSelector": labels, "fieldSelector": fields}
        query = {key: value for key, value in selectors.items() if value}
        answer = self._json("GET", self._resource(api_version, kind).path(namespace), query=query)
        return [{"apiVersion": api_version, "kind": kind, **item} for item in answer["items"]]

    def apply(self, item: Object, *, timeout: float = REQUEST_SECONDS, dry_run: bool = False) -> Object:
        """Apply an object on the server's side, taking over fields that others manage; return what it became.

        An object with ``generateName`` is created instead: there is nothing to apply it to. With ``dry_run`` nothing
        changes, but what it would become is returned.
        """
        metadata = item["metadata"]
        resource = self._resource(item["apiVersion"], item["kind"])
        if not metadata.get("name"):
            path = resource.path(metadata.get("namespace"))
            return self._json("POST", path, query=_strict(), body=item, timeout=timeout)
        path = resource.path(metadata.get("namespace"), metadata["name"])
        headers = {"Content-Type": "application/apply-patch+yaml"}
        query = {**_strict(), "force": "true", **({"dryRun": "All"} if dry_run else {})}
        return self._json("PATCH", path, query=query, body=item, headers=headers, timeout=timeout)

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        changes: Mapping[str, Any],
        *,
        namespace: str | None = None,
        subresource: str = "",
    ) -> Object:
        """Merge ``changes`` (JSON merge patch) into an object or its subresource, such as ``status``."""
        path = self._resource(api_version, kind).path(namespace, name)
        headers = {"Content-Type": "application/merge-patch+json"}
        whole = f"{path}/{subresource}" if subresource else path
        return self._json("PATCH", whole, query={"fieldManager": FIELD_MANAGER}, body=changes, headers=headers)

    def strategic(self, item: Object, *, dry_run: bool = False) -> Object:
        """Merge a part of an object into it as Kubernetes does: containers by name, and so on.

        With ``dry_run`` nothing changes, but what it would become is returned.
        """
        metadata = item["metadata"]
        path = self._resource(item["apiVersion"], item["kind"]).path(metadata.get("namespace"), metadata["name"])
        headers = {"Content-Type": "application/strategic-merge-patch+json"}
        query = {**_strict(), **({"dryRun": "All"} if dry_run else {})}
        return self._json("PATCH", path, query=query, body=item, headers=headers)

    def replace(self, item: Object) -> Object:
        """Write an object as a whole, provided that nobody has written it since it was read.

        Raises ApiError, of status 409 when somebody has.
        """
        metadata = item["metadata"]
        path = self._resource(item["apiVersion"], item["kind"]).path(metadata.get("namespace"), metadata["name"])
        return self._json("PUT", path, query=_strict(), body=item)

    def create(self, item: Object) -> Object:
        """Create an object. Raises ApiError, of status 409 when there is one of that name."""
        path = self._resource(item["apiVersion"], item["kind"]).path(item["metadata"].get("namespace"))
        return self._json("POST", path, query=_strict(), body=item)

    def delete(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> None:
        """Delete an object and, in the background, what it owns; one that is not there is no error."""
        path = self._resource(api_version, kind).path(namespace, name)
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        try:
            self._json("DELETE", path, body=body)
        except ApiError as error:
            if error.status != 404:
                raise

    def close(self) -> None:
        """Close the idle connections."""
        self.transport.close()

    def _resource(self, api_version: str, kind: str) -> Resource:
        resource = self.discovery.find(api_version, kind)
        if resource is None:
            raise ApiError(f'no matches for kind "{kind}" in version "{api_version}"', status=404, reason="NoKind")
        return resource

    def _json(self, method: str, path: str, **options: Any) -> Object:
        return dict(json.loads(self.transport.request(method, path, **options).data))


def connect(kubeconfig: Path, context: str = "") -> Kube:
    """Open a client for a context of a kubeconfig, by default the current one; nothing is sent yet.

    Raises ClusterError when the kubeconfig can't be used.
    """
    return Kube(Transport(read_access(kubeconfig, context)))


def _strict() -> dict[str, str]:
    """Unknown fields are refused, as kubectl does: a mistyped key must not be dropped silently."""
    return {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}
