"""The one question about any object: is it ready?"""

from collections.abc import Callable, Mapping

from ephemeral.kube.objects import Object, group_of
from ephemeral.kube.readiness.others import api_service, claim, definition
from ephemeral.kube.readiness.pods import pod
from ephemeral.kube.readiness.verdict import Scene, Verdict, ready
from ephemeral.kube.readiness.workloads import daemon_set, deployment, job, replica_set, stateful_set

_JUDGES: Mapping[tuple[str, str], Callable[[Object, Scene], Verdict]] = {
    ("", "Pod"): pod,
    ("", "PersistentVolumeClaim"): claim,
    ("", "ReplicationController"): replica_set,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): definition,
    ("apiregistration.k8s.io", "APIService"): api_service,
    ("apps", "DaemonSet"): daemon_set,
    ("apps", "Deployment"): deployment,
    ("apps", "ReplicaSet"): replica_set,
    ("apps", "StatefulSet"): stateful_set,
    ("batch", "Job"): job,
}


def is_awaited(item: Object) -> bool:
    """Whether objects of this kind become ready at some time, rather than being there once applied."""
    return (group_of(item), item["kind"]) in _JUDGES


def judge(item: Object, scene: Scene) -> Verdict:
    """Judge the live state of an object; kinds that only have to be there are ready."""
    judge_kind = _JUDGES.get((group_of(item), item["kind"]))
    return judge_kind(item, scene) if judge_kind else ready("there")
