"""Removing an environment that has a namespace of the host for itself.

The namespace controller waits five seconds before it begins (`namespaceDeletionGracePeriod` in Kubernetes'
pkg/controller/namespace), and then for as long as the longest grace period of a pod. So its work is done here: delete
all that is in the namespace, see that it is empty, then let go of the namespace.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ephemeral.clusters.vcluster.remains import look_into, path_of
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.kube.objects import Object, condition, subject
from ephemeral.kube.transport import CONNECTIONS, ApiError

#: For pods that nobody will miss: kubelet ends them after a second, and only then they are gone.
_GRACE_SECONDS = 1
_GONE = (404, 405, 409)
_REFUSED = (401, 403)


class OwnNamespace:
    """A namespace that goes with its environment; ``remove`` is called until nothing is left."""

    def __init__(self, stamp: Stamp, *, force: bool) -> None:
        self._stamp = stamp
        self._transport, self._kube = stamp.host.kube.transport, stamp.host.kube
        self._force = force
        self._name = stamp.namespace
        self._may_finish = True
        self._left: list[Object] = []

    def remove(self) -> list[Object]:
        """One pass: delete what is there, and return what still is."""
        namespace = self._kube.get("v1", "Namespace", self._name)
        if namespace is None:
            return look_into(self._stamp.host, self._name).items  # orphans, should there be any
        if namespace["metadata"]["uid"] != self._stamp.uid:
            return []  # somebody has made a new one of that name: it is not ours
        if not namespace["metadata"].get("deletionTimestamp"):
            self._begin()
        seen = look_into(self._stamp.host, self._name)
        self._left = seen.items
        self._delete_collections({(each["apiVersion"], each["kind"]) for each in self._left})
        if self._force:
            self._strip_finalizers()
        # What may not be seen may still be there: then the namespace controller has the last word.
        if not self._left and not seen.unseen and self._may_finish:
            self._finish()
        return self._left or ([namespace] if self._kube.get("v1", "Namespace", self._name) else [])

    def why_stuck(self) -> Iterator[str]:
        """Which finalizers hold what, and what the host says of its namespace."""
        for each in self._left:
            if finalizers := each["metadata"].get("finalizers"):
                yield f"  {subject(each)} is held by {', '.join(finalizers)}"
        namespace = self._kube.get("v1", "Namespace", self._name) or {}
        for kind in ("NamespaceContentRemaining", "NamespaceFinalizersRemaining", "NamespaceDeletionDiscoveryFailure"):
            found = condition(namespace, kind)
            if found.get("status") == "True":
                yield f"  {kind}: {found.get('message')}"

    def _begin(self) -> None:
        """Terminating, it takes no new objects: whatever ends in it stays ended."""
        precondition = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": self._stamp.uid}}
        self._send("DELETE", f"/api/v1/namespaces/{self._name}", body=precondition)
        self._delete_collections({("v1", "Pod")})

    def _delete_collections(self, kinds: set[tuple[str, str]]) -> None:
        options: dict[str, Any] = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}

        def delete(kind: tuple[str, str]) -> None:
            grace = {"gracePeriodSeconds": _GRACE_SECONDS} if kind[1] == "Pod" else {}
            try:
                self._send("DELETE", path_of(self._stamp.host, *kind, self._name), body={**options, **grace})
            except ApiError as error:
                # Others' objects, such as a pod network's: they end with what they belong to, or with the namespace.
                if error.status not in _REFUSED:
                    raise

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(delete, kinds))

    def _finish(self) -> None:
        """Who may not do this waits for the namespace controller."""
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self._name, "uid": self._stamp.uid}}
        try:
            self._send("PUT", f"/api/v1/namespaces/{self._name}/finalize", body={**body, "spec": {"finalizers": []}})
        except ApiError as error:
            if error.status not in _REFUSED:
                raise
            self._may_finish = False

    def _strip_finalizers(self) -> None:
        for each in self._left:
            metadata = each["metadata"]
            if metadata.get("finalizers") and metadata.get("deletionTimestamp"):
                changes = {"metadata": {"finalizers": None, "uid": metadata["uid"]}}
                self._kube.patch(each["apiVersion"], each["kind"], metadata["name"], changes, namespace=self._name)

    def _send(self, method: str, path: str, *, body: dict[str, Any]) -> None:
        try:
            self._transport.request(method, path, body=body)
        except ApiError as error:
            if error.status not in _GONE:
                raise
