"""Which pods and events explain an object."""

from datetime import UTC, datetime

from ephemeral.kube.events import Event
from ephemeral.kube.readiness.world import World


def thing(kind, name, uid, *, owner=None, labels=None, annotations=None, spec=None, status=None, **metadata):
    metadata |= {"name": name, "namespace": "default", "uid": uid, "labels": labels, "annotations": annotations}
    if owner:
        metadata["ownerReferences"] = [{"uid": owner}]
    version = "v1" if kind in {"Pod", "PersistentVolumeClaim"} else "apps/v1"
    spec = spec or {"restartPolicy": "Always"}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec, "status": status or {}}


def warning(uid):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(
        about="", uid=uid, namespace="default", warning=True, reason="BackOff", message=uid, count=1, last=when
    )


def revision(number):
    return {"deployment.kubernetes.io/revision": str(number)}


def names(scene):
    return [each["metadata"]["name"] for each in scene.pods]


def test_deployment_is_explained_by_its_newest_replica_set():
    web = thing("Deployment", "web", "d", annotations=revision(2))
    old = thing("ReplicaSet", "web-old", "rs1", owner="d", annotations=revision(1))
    new = thing("ReplicaSet", "web-new", "rs2", owner="d", annotations=revision(2))
    pods = [thing("Pod", "web-old-1", "p1", owner="rs1"), thing("Pod", "web-new-1", "p2", owner="rs2")]
    events = [warning(uid) for uid in ("rs1", "rs2", "p1", "p2", "d", "other")]
    scene = World([web, old, new], pods, events).scene(web)
    assert names(scene) == ["web-new-1"]
    assert {each.uid for each in scene.events} == {"d", "rs2", "p2"}


def test_deployment_without_replica_set_has_no_pods():
    web = thing("Deployment", "web", "d")
    assert World([web], [], [warning("d")]).scene(web).events == [warning("d")]


def test_stateful_set_is_explained_by_pods_of_its_newest_revision():
    item = thing("StatefulSet", "db", "s", status={"updateRevision": "b"})
    pods = [
        thing("Pod", "db-0", "p0", owner="s", labels={"controller-revision-hash": "a"}),
        thing("Pod", "db-1", "p1", owner="s", labels={"controller-revision-hash": "b"}),
    ]
    assert names(World([item], pods, []).scene(item)) == ["db-1"]


def test_daemon_set_is_explained_by_pods_of_its_newest_template():
    item = thing("DaemonSet", "log", "d", annotations={"deprecated.daemonset.template.generation": "2"})
    pods = [
        thing("Pod", "log-a", "a", owner="d", labels={"pod-template-generation": "1"}),
        thing("Pod", "log-b", "b", owner="d", labels={"pod-template-generation": "2"}),
    ]
    assert names(World([item], pods, []).scene(item)) == ["log-b"]


def test_terminating_pods_explain_nothing():
    item = thing("ReplicaSet", "web", "r")
    leaving = thing("Pod", "web-1", "p", owner="r", deletionTimestamp="2026-01-01T00:00:00Z")
    assert names(World([item], [leaving], []).scene(item)) == []


def test_room_comes_from_pods_that_end():
    stays = thing("Pod", "a", "a", spec={"nodeName": "n", "restartPolicy": "Always"})
    ends = thing("Pod", "b", "b", spec={"nodeName": "n", "restartPolicy": "Never"}, status={"phase": "Running"})
    ended = thing("Pod", "c", "c", spec={"nodeName": "n", "restartPolicy": "Never"}, status={"phase": "Succeeded"})
    leaves = {**stays, "metadata": {**stays["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}}
    assert not World([], [stays, ended], []).room_may_come
    assert World([], [ends], []).room_may_come
    assert World([], [leaves], []).room_may_come


def test_claims_are_those_that_the_pods_mount():
    mounts = {"volumes": [{"persistentVolumeClaim": {"claimName": "data"}}, {"emptyDir": {}}]}
    item = thing("Pod", "db", "p", spec=mounts)
    world = World([item], [item], [])
    world.claims = [thing("PersistentVolumeClaim", name, name) for name in ("data", "other")]
    assert [each["metadata"]["name"] for each in world.scene(item).claims] == ["data"]


class FakeKube:
    """Lists what it is given by kind, and keeps which kinds were asked for."""

    def __init__(self, **listed):
        self.listed = listed
        self.asked = []

    def list(self, api_version, kind, *, namespace=None, fields=""):
        self.asked.append(f"{kind} {fields}".strip())
        return self.listed.get(kind, [])


def a_node(ready="True", *taints):
    conditions = [{"type": "Ready", "status": ready}]
    return thing(
        "Node", "n", "n", spec={"taints": [{"key": each} for each in taints]}, status={"conditions": conditions}
    )


SINCE = datetime(2026, 1, 1, 12, tzinfo=UTC)
STUCK = thing(
    "Pod",
    "web",
    "p",
    status={"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]},
)


def look(**listed):
    kube = FakeKube(**listed)
    return World.look(kube, [("apps/v1", "Deployment")], since=SINCE), kube.asked


def an_event(hour, **more):
    about = {"kind": "Pod", "name": "web", "namespace": "default", "uid": "p"}
    return {"type": "Warning", "involvedObject": about, "lastTimestamp": f"2026-01-01T{hour}:00:00Z"} | more


def test_each_kind_is_listed_once_and_no_more_than_needed():
    assert look()[1] == ["Deployment", "ReplicaSet", "Pod", "Event type!=Normal"]


def test_warnings_of_before_are_left_out():
    world, _ = look(Event=[an_event(11, reason="Old"), an_event(12, reason="New")])
    assert [each.reason for each in world.events] == ["New"]


def test_room_may_come_with_nodes_that_start():
    for nodes in ([], [a_node("False")], [a_node("True", "node.kubernetes.io/not-ready")]):
        assert look(Pod=[STUCK], Node=nodes)[0].room_may_come, nodes


def test_no_room_comes_from_ready_and_cordoned_nodes():
    nodes = [a_node(), a_node("True", "node.kubernetes.io/unschedulable", "dedicated")]
    assert not look(Pod=[STUCK], Node=nodes)[0].room_may_come


def test_room_may_come_when_an_autoscaler_has_said_so():
    scaling = an_event(13, type="Normal", reason="TriggeredScaleUp")
    assert look(Pod=[STUCK], Node=[a_node()], Event=[scaling])[0].room_may_come


def test_storage_classes_of_a_pod_that_no_node_takes():
    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    late = {**thing("StorageClass", "late", "s", annotations=default), "volumeBindingMode": "WaitForFirstConsumer"}
    storage = look(Pod=[STUCK], StorageClass=[late])[0].storage
    assert (storage.names, storage.waiting, storage.has_default) == ({"late"}, {"late"}, True)


def test_what_was_deleted_is_not_found():
    web = thing("Deployment", "web", "d")
    assert World([web], [], []).find(web) == web
    assert World([], [], []).find(web) is None
