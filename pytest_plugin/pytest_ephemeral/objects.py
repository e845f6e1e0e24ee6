"""Objects that a test puts into its cluster, and takes out again."""

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ephemeral.errors import ClusterError, SpecError
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.objects import Manifest, Object

APPLY_SECONDS = 120.0


def make_namespace(kube: "Kube", test: str) -> str:
    """Create a namespace named after a test; pods can be created in it at once. Raises ClusterError."""
    slug = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")[:40].strip("-")
    name = f"{slug or 'test'}-{secrets.token_hex(3)}"
    kube.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    # Its controller needs a second for it on a new cluster, and no pod is admitted before.
    kube.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": name}})
    return name


class Applier:
    """Applies manifests and remembers what came into being by it."""

    def __init__(self, kube: "Kube", root: Path) -> None:
        self._kube = kube
        self._root = root
        self._created: list[Object] = []

    def apply(
        self, manifests: Any, *, namespace: str = "default", wait: bool = True, timeout: float = APPLY_SECONDS
    ) -> "list[Object]":
        """Apply a dict, a list of dicts, YAML text, or the path of a file or folder; see the fixture.

        ``timeout`` is in seconds. Raises ApplyError, WorkloadError, WaitError, SpecError.
        """
        from ephemeral.kube.apply import apply_all
        from ephemeral.kube.readiness.waits import wait_ready

        deadline = Deadline(timeout)
        since = self._kube.transport.server_time()
        objects = [replace(each, namespace=namespace) for each in read(manifests, self._root)]
        new = [each.object for each in objects if self._is_new(each)]
        applied = apply_all(self._kube, objects, deadline=deadline)
        names = {_key(each) for each in new}
        self._created += [each for each in applied if _key(each) in names]
        if wait:
            wait_ready(self._kube, applied, deadline=deadline, since=since)
        return applied

    def delete_created(self) -> None:
        """Delete, the newest first and without waiting, what was not there before. A dead cluster is no failure."""
        with suppress(ClusterError):
            for item in reversed(self._created):
                metadata = item["metadata"]
                self._kube.delete(item["apiVersion"], item["kind"], metadata["name"], metadata.get("namespace"))

    def _is_new(self, manifest: "Manifest") -> bool:
        item = manifest.object
        metadata = item.get("metadata") or {}
        namespace = metadata.get("namespace") or manifest.namespace
        try:
            return self._kube.get(item["apiVersion"], item["kind"], metadata["name"], namespace) is None
        except (ClusterError, KeyError):  # of a kind that is only about to be defined, or wrong: `apply_all` tells
            return True


def read(manifests: Any, root: Path) -> "list[Manifest]":
    """Manifests in whatever form a test has them. Raises SpecError."""
    from ephemeral.kube.objects import Manifest

    if isinstance(manifests, Mapping):
        return [Manifest(object=dict(manifests), origin="apply()")]
    if isinstance(manifests, Path) or (isinstance(manifests, str) and "\n" not in manifests):
        return _read_path(root / manifests)
    if isinstance(manifests, str):
        return _read_text(manifests)
    if isinstance(manifests, Sequence):
        return [each for part in manifests for each in read(part, root)]
    raise SpecError(f"apply() takes a dict, a list, YAML text or a path, not {manifests!r}.")


def _read_path(path: Path) -> "list[Manifest]":
    from ephemeral.apps.files import read_manifests

    return read_manifests((str(path),), base=Path())


def _read_text(text: str) -> "list[Manifest]":
    from ephemeral.apps.documents import parse

    return parse(text, "apply()")


def _key(item: "Object") -> tuple[str, str, str]:
    return item["apiVersion"], item["kind"], item["metadata"].get("name", "")
