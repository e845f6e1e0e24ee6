"""Waiting for workloads of a real control plane: simulated nodes for what goes well, an own one for what does not."""

import pytest

from ephemeral.errors import SpecError, WaitError, WorkloadError
from ephemeral.kube import apply_all, wait_ready
from ephemeral.kube.objects import subject
from ephemeral.spec.model import Condition
from ephemeral.waiting import Deadline, NotYet, wait_until

pytestmark = pytest.mark.cluster

PULL = 'Back-off pulling image "acme/web:1": ErrImagePull: rpc error: code = NotFound desc = acme/web:1: not found'


def pod_template(**spec):
    pod = {"containers": [{"name": "main", "image": "acme/web:1"}], **spec}
    return {"metadata": {"labels": {"app": "web"}}, "spec": pod}


def workload(manifest, kind, version="apps/v1", **spec):
    template = spec.pop("template", pod_template())
    return manifest(kind, api_version=version, spec={"template": template, **spec})


SELECTOR = {"matchLabels": {"app": "web"}}


def the_pod(kube, namespace, deadline):
    """The only pod of the namespace, once a controller has made it."""

    def look():
        pods = kube.list("v1", "Pod", namespace=namespace)
        if not pods:
            raise NotYet("no pod")
        return pods[0]

    return wait_until(look, deadline=deadline, what="a pod")


def say(kube, pod, **status):
    """Write a pod's status as its kubelet would."""
    metadata = pod["metadata"]
    kube.patch("v1", "Pod", metadata["name"], {"status": status}, namespace=metadata["namespace"], subresource="status")


def test_everything_that_can_be_awaited_becomes_ready(kube, manifest, deployment, deadline, progress):
    items = [
        deployment("api", replicas=2),
        workload(manifest, "StatefulSet", selector=SELECTOR, serviceName="web", replicas=2),
        workload(manifest, "DaemonSet", selector=SELECTOR),
        workload(
            manifest, "ReplicaSet", selector={"matchLabels": {"app": "web", "only": "rs"}}, template=_labelled("rs")
        ),
        workload(manifest, "Job", "batch/v1", template=pod_template(restartPolicy="Never")),
        manifest("Pod", "bare", spec=pod_template()["spec"]),
        manifest("ConfigMap"),
    ]
    applied = apply_all(kube, items, deadline=deadline)
    wait_ready(kube, applied, deadline=deadline, progress=progress)
    last = dict(progress.states)
    assert last[subject(applied[0])] == "2/2 ready"
    assert last[subject(applied[1])] == "2/2 ready"
    assert last[subject(applied[4])] == "completed"
    assert len(last) == 6


def _labelled(value):
    template = pod_template()
    return {**template, "metadata": {"labels": {"app": "web", "only": value}}}


def test_nothing_to_wait_for(kube, manifest, deadline):
    wait_ready(kube, apply_all(kube, [manifest("ConfigMap")], deadline=deadline), deadline=deadline)


def test_rollout_is_awaited_not_the_old_pods(kube, deployment, namespace, deadline):
    wait_ready(kube, apply_all(kube, [deployment()], deadline=deadline), deadline=deadline)
    changed = deployment()
    changed.object["spec"]["template"]["spec"]["containers"][0]["image"] = "acme/web:2"
    wait_ready(kube, apply_all(kube, [changed], deadline=deadline), deadline=deadline)
    pods = kube.list("v1", "Pod", namespace=namespace)
    alive = [each for each in pods if not each["metadata"].get("deletionTimestamp")]
    assert [each["spec"]["containers"][0]["image"] for each in alive] == ["acme/web:2"]


def failure(kube, items, deadline):
    """The error that applying and waiting ends with."""
    with pytest.raises(WorkloadError) as caught:
        wait_ready(kube, apply_all(kube, items, deadline=deadline), deadline=deadline)
    return caught.value


def test_missing_image(kube, deployment, own_node, namespace, deadline):
    [applied] = apply_all(kube, [deployment(replicas=1, nodeName=own_node())], deadline=deadline)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": PULL}}
    status = {"name": "main", "image": "acme/web:1", "imageID": "", "ready": False, "restartCount": 0, "state": waiting}
    say(kube, the_pod(kube, namespace, deadline), containerStatuses=[status])
    with pytest.raises(WorkloadError) as caught:
        wait_ready(kube, [applied], deadline=deadline)
    first, *rest = caught.value.message.splitlines()
    assert first == f"Deployment {namespace}/web: 0/1 ready: ImagePullBackOff acme/web:1: not found"
    assert "last condition: Available=False" in rest[0]
    assert "images:" in caught.value.hint


def test_rollout_away_from_a_missing_image(kube, deployment, own_node, namespace, deadline):
    broken = deployment(nodeName=own_node())
    apply_all(kube, [broken], deadline=deadline)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": PULL}}
    status = {"name": "main", "image": "acme/web:1", "imageID": "", "ready": False, "restartCount": 0, "state": waiting}
    say(kube, the_pod(kube, namespace, deadline), containerStatuses=[status])
    repaired = deployment()
    repaired.object["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}}
    repaired.object["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 0
    applied = apply_all(kube, [repaired], deadline=deadline)
    old = the_pod(kube, namespace, deadline)["metadata"]["name"]
    # No kubelet confirms the end of the old pod.
    path = f"/api/v1/namespaces/{namespace}/pods/{old}"
    kube.transport.request("DELETE", path, body={"gracePeriodSeconds": 0})
    wait_ready(kube, applied, deadline=deadline)


def test_crash_loop_shows_the_last_log_lines(kube, deployment, own_node, https_server, namespace, deadline):
    class Kubelet:
        def do_GET(self):  # noqa: N802
            content = b"connecting to db\npanic: no password\n" if "previous=true" in self.path else b"wrong run\n"
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    [applied] = apply_all(kube, [deployment(nodeName=own_node(https_server(Kubelet)))], deadline=deadline)
    status = {
        "name": "main",
        "image": "acme/web:1",
        "imageID": "",
        "ready": False,
        "restartCount": 3,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}},
        "lastState": {"terminated": {"exitCode": 2, "reason": "Error", "containerID": "x"}},
    }
    say(kube, the_pod(kube, namespace, deadline), phase="Running", containerStatuses=[status])
    with pytest.raises(WorkloadError) as caught:
        wait_ready(kube, [applied], deadline=deadline)
    lines = caught.value.message.splitlines()
    assert lines[0].endswith("0/1 ready: CrashLoopBackOff of container main after 3 restarts: exit code 2 (Error)")
    assert lines[-2:] == ["    connecting to db", "    panic: no password"]


def test_quota_exceeded(kube, manifest, deployment, namespace, deadline):
    error = failure(
        kube, [manifest("ResourceQuota", "q", spec={"hard": {"pods": "1"}}), deployment(replicas=3)], deadline
    )
    assert error.message.startswith(f"Deployment {namespace}/web: 1/3 ready: pods ")
    assert "exceeded quota: q" in error.message.splitlines()[0]
    assert "isolation.quota" in error.hint


@pytest.mark.parametrize(
    ("kind", "version", "spec"),
    [
        ("StatefulSet", "apps/v1", {"selector": SELECTOR, "serviceName": "web"}),
        ("DaemonSet", "apps/v1", {"selector": SELECTOR}),
        ("Job", "batch/v1", {"template": pod_template(restartPolicy="Never")}),
    ],
)
def test_quota_that_leaves_no_pod(kube, manifest, deadline, kind, version, spec):
    quota = manifest("ResourceQuota", "q", spec={"hard": {"pods": "0"}})
    error = failure(kube, [quota, workload(manifest, kind, version, **spec)], deadline)
    assert error.message.startswith(f"{kind} ")
    assert "exceeded quota: q" in error.message.splitlines()[0]
    assert "FailedCreate" in error.message


def test_pod_security_refusal(kube, namespace, deployment, deadline):
    enforce = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline"}}}
    kube.patch("v1", "Namespace", namespace, enforce)
    error = failure(kube, [deployment(hostNetwork=True)], deadline)
    assert 'violates PodSecurity "baseline' in error.message.splitlines()[0]
    assert "isolation.pod-security" in error.hint


def test_request_above_the_default_limit(kube, manifest, deployment, deadline):
    limits = manifest("LimitRange", spec={"limits": [{"type": "Container", "default": {"memory": "64Mi"}}]})
    error = failure(kube, [limits, deployment(resources={"requests": {"memory": "1Gi"}})], deadline)
    assert "must be less than or equal to memory limit" in error.message.splitlines()[0]
    assert "isolation.default-limits" in error.hint


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"resources": {"requests": {"cpu": "1000"}}}, "Insufficient cpu"),
        ({"nodeSelector": {"disk": "ssd"}}, "didn't match Pod's node affinity/selector"),
    ],
)
def test_no_node_takes_the_pod(kube, deployment, deadline, options, words):
    error = failure(kube, [deployment(**options)], deadline)
    assert "no node takes the pod" in error.message.splitlines()[0]
    assert words in error.message.splitlines()[0]
    assert "FailedScheduling" in error.message


def test_claim_that_nothing_binds(kube, manifest, deadline):
    claim = {
        "metadata": {"name": "data"},
        "spec": {
            "storageClassName": "none-such",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
    mount = {"name": "main", "image": "a", "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    item = workload(
        manifest,
        "StatefulSet",
        selector=SELECTOR,
        serviceName="web",
        volumeClaimTemplates=[claim],
        template=pod_template(containers=[mount]),
    )
    error = failure(kube, [item], deadline)
    assert "there is no storage class 'none-such'" in error.message.splitlines()[0]


def test_claim_that_waits_for_its_first_pod(kube, manifest, namespace, deadline):
    name = f"late-{namespace}"
    spec = {"storageClassName": name, "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    late = manifest(
        "StorageClass", name, "storage.k8s.io/v1", provisioner="none", volumeBindingMode="WaitForFirstConsumer"
    )
    try:
        items = apply_all(kube, [late, manifest("PersistentVolumeClaim", spec=spec)], deadline=deadline)
        wait_ready(kube, items, deadline=deadline)
    finally:
        kube.delete("storage.k8s.io/v1", "StorageClass", name)


def test_failed_job(kube, manifest, own_node, namespace, deadline):
    template = pod_template(restartPolicy="Never", nodeName=own_node())
    applied = apply_all(
        kube, [workload(manifest, "Job", "batch/v1", backoffLimit=0, template=template)], deadline=deadline
    )
    ended = {"terminated": {"exitCode": 3, "reason": "Error", "containerID": "x"}}
    status = {"name": "main", "image": "a", "imageID": "", "ready": False, "restartCount": 0, "state": ended}
    say(kube, the_pod(kube, namespace, deadline), phase="Failed", containerStatuses=[status])
    with pytest.raises(WorkloadError) as caught:
        wait_ready(kube, applied, deadline=deadline)
    assert caught.value.message.startswith(f"Job {namespace}/web: failed: BackoffLimitExceeded")


def test_all_failures_are_told_together(kube, deployment, namespace, deadline):
    items = [deployment(name, nodeSelector={"disk": "ssd"}) for name in ("one", "two")] + [deployment("well")]
    message = failure(kube, items, deadline).message
    heads = [line for line in message.splitlines() if line.startswith("Deployment")]
    assert [head.partition(":")[0] for head in heads] == [f"Deployment {namespace}/one", f"Deployment {namespace}/two"]
    assert f"about Deployment {namespace}/two:" in message


def test_deadline_tells_the_last_state_of_everything(kube, deployment, own_node, namespace, deadline):
    items = [deployment("stuck", nodeName=own_node()), deployment("well")]
    applied = apply_all(kube, items, deadline=deadline)
    wait_ready(kube, applied[1:], deadline=deadline)
    with pytest.raises(WaitError) as caught:
        wait_ready(kube, applied, deadline=Deadline(1))
    assert caught.value.message.splitlines() == [
        "1 of 2 objects were not ready within 1 s",
        f"  Deployment {namespace}/stuck: 0/1 ready",
    ]
    assert caught.value.observed == f"Deployment {namespace}/stuck: 0/1 ready"
    assert "ready.timeout" in caught.value.hint


def test_warnings_of_an_earlier_deployment_are_forgotten(kube, manifest, deployment, deadline):
    failure(kube, [manifest("ResourceQuota", "q", spec={"hard": {"pods": "1"}}), deployment(replicas=2)], deadline)
    since = kube.transport.server_time()
    items = [manifest("ResourceQuota", "q", spec={"hard": {"pods": "9"}}), deployment(replicas=3)]
    wait_ready(kube, apply_all(kube, items, deadline=deadline), deadline=deadline, since=since)


def test_object_that_somebody_deletes(kube, deployment, own_node, namespace, deadline):
    applied = apply_all(kube, [deployment(nodeName=own_node())], deadline=deadline)
    kube.delete("apps/v1", "Deployment", "web", namespace)
    with pytest.raises(WorkloadError, match="somebody deleted it"):
        wait_ready(kube, applied, deadline=deadline)


def test_named_conditions(kube, deployment, namespace, deadline, progress):
    apply_all(kube, [deployment()], deadline=deadline)
    wanted = Condition(resource="deploy/web", condition="Available", namespace=namespace)
    wait_ready(kube, [], conditions=[wanted], deadline=deadline, progress=progress)
    assert progress.states[-1] == (f"Deployment {namespace}/web Available", "Available")


@pytest.mark.parametrize(
    ("resource", "condition", "seen"),
    [("deploy/web", "Sleeping", "Sleeping is not reported"), ("deploy/later", "Available", "not there yet")],
)
def test_condition_that_does_not_come(kube, deployment, namespace, deadline, resource, condition, seen):
    apply_all(kube, [deployment()], deadline=deadline)
    wanted = Condition(resource=resource, condition=condition, namespace=namespace)
    with pytest.raises(WaitError, match=seen):
        wait_ready(kube, [], conditions=[wanted], deadline=Deadline(0.5))


def test_condition_of_a_kind_that_is_not_there(kube, namespace, deadline):
    wanted = Condition(resource="certificat/web", condition="Ready", namespace=namespace)
    with pytest.raises(SpecError, match="no kind 'certificat'"):
        wait_ready(kube, [], conditions=[wanted], deadline=deadline)
