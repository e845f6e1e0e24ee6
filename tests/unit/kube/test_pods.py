"""Verdicts on pods, from statuses as kubelets and schedulers write them."""

from datetime import UTC, datetime

import pytest

from ephemeral.kube.events import Event
from ephemeral.kube.readiness.pods import pod, refusal, trouble
from ephemeral.kube.readiness.verdict import Scene, StorageClasses

PULL = (
    'Back-off pulling image "ghcr.io/acme/web:1": ErrImagePull: rpc error: code = NotFound desc = failed to pull and '
    'unpack image "ghcr.io/acme/web:1": failed to resolve image: ghcr.io/acme/web:1: not found'
)


def a_pod(waiting=None, restarts=0, ended=None, **status):
    state = {"waiting": waiting} if waiting else {"running": {}}
    container = {"name": "web", "image": "ghcr.io/acme/web:1", "restartCount": restarts, "state": state}
    if ended:
        container["lastState"] = {"terminated": ended}
    return {
        "kind": "Pod",
        "metadata": {"name": "web-1", "namespace": "default", "uid": "1"},
        "spec": {"containers": [{"name": "web", "image": "ghcr.io/acme/web:1"}]},
        "status": {"phase": "Pending", "containerStatuses": [container], **status},
    }


def unschedulable(message):
    scheduled = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    return {**a_pod(), "status": {"phase": "Pending", "conditions": [scheduled]}}


def failed_create(message, reason="FailedCreate"):
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Event(
        about="ReplicaSet default/web",
        uid="rs",
        namespace="default",
        warning=True,
        reason=reason,
        message=message,
        count=1,
        last=when,
    )


def test_missing_image_says_which_and_why_in_the_registrys_words():
    verdict = trouble(Scene(pods=[a_pod({"reason": "ImagePullBackOff", "message": PULL})]))
    assert verdict.state == "failed"
    assert verdict.text == "ImagePullBackOff ghcr.io/acme/web:1: not found"
    assert verdict.lasting == 0
    assert "images:" in verdict.hint


@pytest.mark.parametrize(
    "message",
    ["dial tcp 10.0.0.1:443: i/o timeout", "429 Too Many Requests", "read: connection reset by peer", "unexpected EOF"],
)
def test_registry_that_may_recover_gets_time(message):
    verdict = trouble(Scene(pods=[a_pod({"reason": "ErrImagePull", "message": message})]))
    assert verdict.state == "failed"
    assert verdict.lasting > 10


@pytest.mark.parametrize("reason", ["InvalidImageName", "ErrImageNeverPull", "ErrImagePull"])
def test_other_image_failures(reason):
    assert trouble(Scene(pods=[a_pod({"reason": reason})])).text.startswith(f"{reason} ghcr.io/acme/web:1")


def test_image_of_an_init_container_counts():
    init = {"name": "setup", "image": "nope", "state": {"waiting": {"reason": "ErrImagePull", "message": "denied"}}}
    verdict = trouble(Scene(pods=[a_pod(initContainerStatuses=[init])]))
    assert verdict.text == "ErrImagePull nope: denied"


def test_crash_loop_counts_from_the_second_restart_on():
    crashing = {"reason": "CrashLoopBackOff"}
    ended = {"exitCode": 3, "reason": "Error"}
    assert trouble(Scene(pods=[a_pod(crashing, restarts=1, ended=ended)])) is None
    verdict = trouble(Scene(pods=[a_pod(crashing, restarts=2, ended=ended)]))
    assert verdict.text == "CrashLoopBackOff of container web after 2 restarts: exit code 3 (Error)"
    assert verdict.pod["metadata"]["name"] == "web-1"


def test_jobs_decide_themselves_how_often_they_crash():
    crashing = a_pod({"reason": "CrashLoopBackOff"}, restarts=9)
    assert trouble(Scene(pods=[crashing]), restarts_count=False) is None


def test_missing_secret_gets_a_moment_to_appear():
    verdict = trouble(Scene(pods=[a_pod({"reason": "CreateContainerConfigError", "message": 'secret "db" not found'})]))
    assert 'secret "db" not found' in verdict.text
    assert verdict.lasting > 0


def test_no_node_for_good():
    words = (
        "0/1 nodes are available: 1 Insufficient cpu. no new claims to deallocate, preemption: 0/1 nodes are available"
    )
    verdict = trouble(Scene(pods=[unschedulable(words)]))
    assert verdict.text == "no node takes the pod: 0/1 nodes are available: 1 Insufficient cpu"
    assert verdict.lasting > 0


def test_no_node_now_but_room_may_come():
    words = "0/1 nodes are available: 1 Insufficient cpu."
    assert trouble(Scene(pods=[unschedulable(words)], room_may_come=True)) is None


def test_unbound_claim_is_pending_until_nothing_can_bind_it():
    stuck = unschedulable("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "default"}, "spec": {}}
    bindable = StorageClasses(names=frozenset({"fast"}), has_default=True)
    assert trouble(Scene(pods=[stuck], claims=[claim], storage=bindable)) is None
    verdict = trouble(Scene(pods=[stuck], claims=[claim]))
    assert verdict.text.startswith("PersistentVolumeClaim default/data: not bound: it names no storage class")


@pytest.mark.parametrize(
    ("status", "state", "text"),
    [
        ({"phase": "Succeeded"}, "ready", "succeeded"),
        ({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, "ready", "ready"),
        ({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]}, "pending", "Running"),
        ({"phase": "Failed", "reason": "Evicted", "message": "disk full"}, "failed", "failed Evicted disk full"),
    ],
)
def test_bare_pod(status, state, text):
    item = {"kind": "Pod", "metadata": {"name": "p", "namespace": "d"}, "spec": {"containers": []}, "status": status}
    verdict = pod(item, Scene())
    assert (verdict.state, verdict.text) == (state, text)


def test_bare_pod_that_failed_tells_its_exit_code():
    ended = {"name": "web", "state": {"terminated": {"exitCode": 7, "reason": "Error"}}}
    item = {**a_pod(), "status": {"phase": "Failed", "containerStatuses": [ended]}}
    assert pod(item, Scene()).text == "failed: container web: exit code 7 (Error)"


def test_quota_refusal_keeps_the_servers_words_and_may_pass():
    words = 'pods "web-x" is forbidden: exceeded quota: ephemeral, requested: pods=1, used: pods=20, limited: pods=20'
    verdict = refusal([failed_create(f"Error creating: {words}")], short=True)
    assert verdict.text == words
    assert verdict.lasting > 0
    assert "isolation.quota" in verdict.hint


def test_pod_security_refusal_is_final():
    words = 'pods "web-x" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)'
    verdict = refusal([failed_create(f"Error creating: {words}")], short=True)
    assert (verdict.text, verdict.lasting) == (words, 0)
    assert "isolation.pod-security" in verdict.hint


@pytest.mark.parametrize(
    "words",
    [
        'pods "web-x" is forbidden: error looking up service account shop/web: serviceaccount "web" not found',
        'pods "web-x" is forbidden: status unknown for quota: ephemeral, resources: pods',
        'Internal error occurred: failed calling webhook "a.b.c": no endpoints available',
    ],
)
def test_refusals_that_pass_by_themselves_are_none(words):
    assert refusal([failed_create(f"Error creating: {words}")], short=True) is None


def test_what_a_controller_could_not_create_does_not_matter_once_all_pods_are_there():
    assert refusal([failed_create('pods "web-x" is forbidden: exceeded quota: ephemeral')]) is None


def test_host_cluster_refuses_a_pod_of_the_virtual_one():
    words = 'Pod "web-1" is forbidden: violates PodSecurity "baseline": hostPath volumes (volume "x")'
    verdict = pod(a_pod(), Scene(events=[failed_create(words, "SyncError")]))
    assert (verdict.state, verdict.text, verdict.lasting) == ("failed", words, 0)


def test_host_cluster_that_has_not_caught_up_is_waited_for():
    event = failed_create('Error syncing: configmaps "kube-root-ca.crt" not found', "SyncError")
    assert pod(a_pod(), Scene(events=[event])).state == "pending"
