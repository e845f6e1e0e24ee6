"""Removing an environment from a namespace that is not its own: the release, what was synced, the stamp last."""

from collections.abc import Iterator

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.chart import uninstall_chart
from ephemeral.clusters.vcluster.remains import look_into
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.kube.objects import Object, subject
from ephemeral.progress import Silent


class GivenNamespace:
    """A namespace that stays; ``remove`` is called until nothing of the environment is left in it."""

    def __init__(self, stamp: Stamp, *, force: bool) -> None:
        self._stamp = stamp
        self._force = force
        self._uninstalled = False
        self._left: list[Object] = []

    def remove(self) -> list[Object]:
        """One pass: delete what is there, and return what still is."""
        host, name = self._stamp.host, self._stamp.name
        if not self._uninstalled:
            uninstall_chart(host, name=name, namespace=self._stamp.namespace, progress=Silent())
            self._uninstalled = True
        self._left = self._found()
        for each in self._left:
            metadata = each["metadata"]
            if not metadata.get("deletionTimestamp"):
                host.kube.delete(each["apiVersion"], each["kind"], metadata["name"], self._stamp.namespace)
            elif self._force and metadata.get("finalizers"):
                changes = {"metadata": {"finalizers": None, "uid": metadata["uid"]}}
                place = self._stamp.namespace
                host.kube.patch(each["apiVersion"], each["kind"], metadata["name"], changes, namespace=place)
        if not self._left:
            host.kube.delete("v1", "ConfigMap", self._stamp.item["metadata"]["name"], self._stamp.namespace)
        return self._left

    def why_stuck(self) -> Iterator[str]:
        """Which finalizers hold what."""
        for each in self._left:
            if finalizers := each["metadata"].get("finalizers"):
                yield f"  {subject(each)} is held by {', '.join(finalizers)}"

    def _found(self) -> list[Object]:
        host, name, namespace = self._stamp.host, self._stamp.name, self._stamp.namespace
        secrets = (naming.config_secret(name), f"{name}-certs", f"vc-config-{name}")
        return [
            *look_into(host, namespace, labels=f"{naming.SYNCED}={name}").items,
            *look_into(host, namespace, labels=f"app=vcluster,release={name}").items,
            *(item for secret in secrets if (item := host.kube.get("v1", "Secret", secret, namespace))),
        ]
