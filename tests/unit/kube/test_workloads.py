"""Verdicts on what owns pods, from live statuses."""

from datetime import UTC, datetime

import pytest

from ephemeral.kube.events import Event
from ephemeral.kube.readiness.judge import is_awaited, judge
from ephemeral.kube.readiness.verdict import Scene


def workload(kind, spec, status, generation=1, group="apps/v1"):
    metadata = {"name": "web", "namespace": "default", "uid": "u", "generation": generation}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec, "status": status}


def deployment(replicas=2, generation=1, conditions=(), **status):
    status = {"observedGeneration": 1, "conditions": list(conditions), **status}
    return workload("Deployment", {"replicas": replicas, "progressDeadlineSeconds": 60}, status, generation)


def crashing_pod():
    status = {"name": "web", "restartCount": 4, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
    return {
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "default", "uid": "p"},
        "spec": {"containers": []},
        "status": {"containerStatuses": [status]},
    }


def quota_refusal():
    return Event(
        about="StatefulSet default/web",
        uid="u",
        namespace="default",
        warning=True,
        reason="FailedCreate",
        message='create Pod web-1 in StatefulSet web failed: pods "web-1" is forbidden: exceeded quota: ephemeral',
        count=1,
        last=datetime(2026, 1, 1, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("item", "state", "text"),
    [
        (deployment(generation=2), "pending", "not seen by its controller yet"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=2, unavailableReplicas=0), "ready", "2/2 ready"),
        (deployment(replicas=0), "ready", "0/0 ready"),
        (deployment(replicas=2, updatedReplicas=1), "pending", "0/2 ready, 1 of the newest template"),
        (deployment(replicas=2, updatedReplicas=2, availableReplicas=1), "pending", "1/2 ready"),
    ],
)
def test_deployment(item, state, text):
    verdict = judge(item, Scene())
    assert (verdict.state, verdict.text) == (state, text)


def test_deployment_with_an_old_replica_left_is_not_ready():
    item = deployment(replicas=1, updatedReplicas=1, availableReplicas=1)
    item["status"]["replicas"] = 2
    assert judge(item, Scene()).state == "pending"


def test_paused_deployment_is_left_alone():
    item = deployment(replicas=1)
    item["spec"]["paused"] = True
    assert judge(item, Scene()).text == "paused"


def test_deployment_without_progress_fails():
    stalled = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    verdict = judge(deployment(replicas=1, updatedReplicas=1, conditions=[stalled]), Scene())
    assert (verdict.state, verdict.text) == ("failed", "0/1 ready: no progress within 60 s")


def test_pods_trouble_comes_before_the_symptom():
    stalled = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
    verdict = judge(deployment(replicas=1, updatedReplicas=1, conditions=[stalled]), Scene(pods=[crashing_pod()]))
    assert verdict.text.startswith("0/1 ready: CrashLoopBackOff of container web")


def test_ready_deployment_is_ready_whatever_a_pod_does():
    item = deployment(replicas=1, updatedReplicas=1, availableReplicas=1)
    assert judge(item, Scene(pods=[crashing_pod()])).state == "ready"


def stateful_set(spec=None, **status):
    return workload("StatefulSet", {"replicas": 2, **(spec or {})}, {"observedGeneration": 1, **status})


@pytest.mark.parametrize(
    ("item", "state"),
    [
        (stateful_set(availableReplicas=2, updateRevision="a", currentRevision="a"), "ready"),
        (stateful_set(readyReplicas=2, updateRevision="a", currentRevision="a"), "ready"),
        (stateful_set(availableReplicas=1, updateRevision="a", currentRevision="a"), "pending"),
        (stateful_set(availableReplicas=2, updatedReplicas=1, updateRevision="b", currentRevision="a"), "pending"),
        (stateful_set(availableReplicas=2, updatedReplicas=2, updateRevision="b", currentRevision="a"), "ready"),
        (
            stateful_set(
                {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
                availableReplicas=2,
                updatedReplicas=1,
                updateRevision="b",
                currentRevision="a",
            ),
            "ready",
        ),
        (
            stateful_set(
                {"updateStrategy": {"type": "OnDelete"}}, availableReplicas=2, updateRevision="b", currentRevision="a"
            ),
            "ready",
        ),
    ],
)
def test_stateful_set(item, state):
    assert judge(item, Scene()).state == state


def test_refused_pods_matter_while_pods_are_missing():
    item = stateful_set(availableReplicas=1, updateRevision="a", currentRevision="a")
    verdict = judge(item, Scene(events=[quota_refusal()]))
    assert verdict.text == '1/2 ready: pods "web-1" is forbidden: exceeded quota: ephemeral'
    both = [{**crashing_pod(), "status": {}}] * 2
    assert judge(item, Scene(pods=both, events=[quota_refusal()])).state == "pending"


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        ({"desiredNumberScheduled": 2, "numberAvailable": 2, "updatedNumberScheduled": 2}, "ready", "2/2 ready"),
        ({"desiredNumberScheduled": 2, "numberAvailable": 2, "updatedNumberScheduled": 1}, "pending", "1/2 ready"),
        ({"desiredNumberScheduled": 0}, "ready", "0/0 ready"),
        ({"observedGeneration": 0}, "pending", "not seen by its controller yet"),
    ],
)
def test_daemon_set(status, state, text):
    verdict = judge(workload("DaemonSet", {}, {"observedGeneration": 1, **status}), Scene())
    assert (verdict.state, verdict.text) == (state, text)


def job(spec=None, **status):
    return workload("Job", spec or {}, status, group="batch/v1")


@pytest.mark.parametrize(
    ("item", "state", "text"),
    [
        (job(active=1), "pending", "0/1 completed"),
        (job({"completions": 3}, succeeded=1), "pending", "1/3 completed"),
        (job(conditions=[{"type": "Complete", "status": "True"}]), "ready", "completed"),
        (job({"suspend": True}), "ready", "suspended"),
    ],
)
def test_job(item, state, text):
    verdict = judge(item, Scene())
    assert (verdict.state, verdict.text) == (state, text)


def test_failed_job_points_at_the_pod_that_failed():
    ending = {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "too many"}
    broken = {"metadata": {"name": "migrate-1"}, "status": {"phase": "Failed"}}
    verdict = judge(job(conditions=[ending]), Scene(pods=[broken]))
    assert (verdict.state, verdict.text) == ("failed", "failed: BackoffLimitExceeded: too many")
    assert verdict.pod is broken


def test_crashes_of_a_jobs_pods_are_its_own_business():
    assert judge(job(active=1), Scene(pods=[crashing_pod()])).state == "pending"


def test_kinds_that_only_have_to_be_there():
    item = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}
    assert not is_awaited(item)
    assert judge(item, Scene()).state == "ready"


def test_a_kind_of_the_same_name_in_another_group_is_not_awaited():
    assert is_awaited(workload("Deployment", {}, {}))
    assert not is_awaited(workload("Deployment", {}, {}, group="acme.dev/v1"))
