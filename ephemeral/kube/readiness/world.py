"""One look at the cluster: each kind is listed once, then every object finds its pods and events in memory."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from ephemeral.kube.client import Kube
from ephemeral.kube.events import Event, list_events
from ephemeral.kube.objects import Object, condition, identity
from ephemeral.kube.readiness.verdict import Scene, StorageClasses
from ephemeral.kube.transport import ApiError

_REVISION = "deployment.kubernetes.io/revision"
_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_OWNERS = {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController", "Pod"}
# Reasons of events by which autoscalers announce nodes.
_SCALING = ("TriggeredScaleUp", "Nominated")
_FORBIDDEN = 403
_CORDONED = "node.kubernetes.io/unschedulable"
_PASSING_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/")


class World:
    """The awaited objects as they are now, with the pods and fresh warnings that belong to each."""

    def __init__(self, objects: Iterable[Object], pods: Sequence[Object], events: Sequence[Event]) -> None:
        self.events = events
        self.room_may_come = any(map(_frees_its_node, pods))
        self.claims: Sequence[Object] = ()
        self.storage = StorageClasses()
        self._objects = {identity(each): each for each in objects}
        self._owned = _by_owner([*self._objects.values(), *pods])
        self._events: defaultdict[str, list[Event]] = defaultdict(list)
        for event in events:
            self._events[event.uid].append(event)

    @classmethod
    def look(
        cls, kube: Kube, kinds: Iterable[tuple[str, str]], *, since: datetime, namespace: str | None = None
    ) -> "World":
        """List the kinds (apiVersion, kind) and what explains them; warnings before ``since`` are old news.

        With ``namespace`` nothing outside of it is needed: nodes and storage classes that may not be seen are unknown.
        """
        listed = set(kinds)
        names = {kind for _, kind in listed}
        if "Deployment" in names:
            listed.add(("apps/v1", "ReplicaSet"))
        objects = [item for kind in sorted(listed) for item in kube.list(*kind, namespace=namespace)]
        pods = kube.list("v1", "Pod", namespace=namespace) if names & _OWNERS else []
        events = [each for each in list_events(kube, namespace=namespace, warnings_only=True) if each.last >= since]
        world = cls(objects, pods, events)
        stuck = any(condition(each, "PodScheduled").get("reason") == "Unschedulable" for each in pods)
        if stuck:
            world.room_may_come |= _nodes_may_come(kube, since, seeing_all=namespace is None)
            world.claims = kube.list("v1", "PersistentVolumeClaim", namespace=namespace)
        if stuck or "PersistentVolumeClaim" in names:
            world.storage = _storage_classes(_seen(kube, "storage.k8s.io/v1", "StorageClass") or [])
        return world

    def find(self, item: Object) -> Object | None:
        """The live state of an object; None when it is gone."""
        return self._objects.get(identity(item))

    def scene(self, item: Object) -> Scene:
        """What explains the live state of an object."""
        owner = self._newest_replica_set(item) if item["kind"] == "Deployment" else item
        pods = self._pods(owner) if owner else []
        uids = [each["metadata"]["uid"] for each in (item, *([owner] if owner else []), *pods)]
        events = [event for uid in dict.fromkeys(uids) for event in self._events[uid]]
        claims = [each for each in self.claims if any(_mounts(pod, each) for pod in pods)]
        return Scene(pods=pods, claims=claims, events=events, room_may_come=self.room_may_come, storage=self.storage)

    def _pods(self, owner: Object) -> list[Object]:
        if owner["kind"] == "Pod":
            return [owner]
        owned = (each for each in self._owned[owner["metadata"]["uid"]] if each["kind"] == "Pod")
        revision = _revision_labels(owner)
        return [
            each
            for each in owned
            if not each["metadata"].get("deletionTimestamp")
            and revision.items() <= (each["metadata"].get("labels") or {}).items()
        ]

    def _newest_replica_set(self, deployment: Object) -> Object | None:
        """Pods of older ReplicaSets may be broken: replacing them can be the very reason of a rollout."""
        wanted = (deployment["metadata"].get("annotations") or {}).get(_REVISION)
        for each in self._owned[deployment["metadata"]["uid"]]:
            if (each["metadata"].get("annotations") or {}).get(_REVISION) == wanted:
                return each
        return None


def _by_owner(objects: Iterable[Object]) -> Mapping[str, list[Object]]:
    owned: defaultdict[str, list[Object]] = defaultdict(list)
    for each in objects:
        for owner in each["metadata"].get("ownerReferences") or ():
            owned[owner["uid"]].append(each)
    return owned


def _revision_labels(owner: Object) -> dict[str, str]:
    """Labels that only pods of the newest template carry."""
    if owner["kind"] == "StatefulSet" and (revision := (owner.get("status") or {}).get("updateRevision")):
        return {"controller-revision-hash": revision}
    annotations = owner["metadata"].get("annotations") or {}
    if generation := annotations.get("deprecated.daemonset.template.generation"):
        return {"pod-template-generation": generation}
    return {}


def _mounts(pod: Object, claim: Object) -> bool:
    names = ((each.get("persistentVolumeClaim") or {}).get("claimName") for each in pod["spec"].get("volumes") or ())
    same_namespace = pod["metadata"]["namespace"] == claim["metadata"]["namespace"]
    return same_namespace and claim["metadata"]["name"] in names


def _frees_its_node(pod: Object) -> bool:
    """Whether a pod holds room on a node that it will give back."""
    running = pod["spec"].get("nodeName") and (pod.get("status") or {}).get("phase") not in {"Succeeded", "Failed"}
    ends = pod["metadata"].get("deletionTimestamp") or pod["spec"].get("restartPolicy") != "Always"
    return bool(running and ends)


def _nodes_may_come(kube: Kube, since: datetime, *, seeing_all: bool) -> bool:
    """Whether nodes are starting, or an autoscaler has said that it adds some; who may not see them can't tell."""
    nodes = _seen(kube, "v1", "Node")
    if not nodes or any(_is_starting(node) for node in nodes):
        return True
    if not seeing_all:
        return False
    return any(each.last >= since for reason in _SCALING for each in list_events(kube, fields=f"reason={reason}"))


def _seen(kube: Kube, api_version: str, kind: str) -> list[Object] | None:
    """The objects of a cluster-scoped kind; None for who may not list them."""
    try:
        return kube.list(api_version, kind)
    except ApiError as error:
        if error.status == _FORBIDDEN:
            return None
        raise


def _is_starting(node: Object) -> bool:
    taints = {each["key"] for each in node["spec"].get("taints") or ()} - {_CORDONED}
    return condition(node, "Ready").get("status") != "True" or any(each.startswith(_PASSING_TAINTS) for each in taints)


def _storage_classes(classes: Sequence[Object]) -> StorageClasses:
    annotations = [each["metadata"].get("annotations") or {} for each in classes]
    return StorageClasses(
        names=frozenset(each["metadata"]["name"] for each in classes),
        waiting=frozenset(
            each["metadata"]["name"] for each in classes if each.get("volumeBindingMode") == "WaitForFirstConsumer"
        ),
        has_default=any(each.get(_DEFAULT_CLASS) == "true" for each in annotations),
    )
