"""Why a pod will not run: images, configuration, crashes, no node to run on, refusals before it exists."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ephemeral.kube.events import Event
from ephemeral.kube.objects import Object, condition, subject
from ephemeral.kube.readiness.others import claim
from ephemeral.kube.readiness.verdict import Scene, Verdict, failed, pending, ready
from ephemeral.kube.refusals import hint_for, is_passing

_IMAGE_REASONS = {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError"}
_CONFIG_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}

# A registry that is overloaded or far away may answer the next time.
_FLAKY_PULL = re.compile(
    r"timeout|timed out|reset by peer|toomanyrequests|too many requests|\bEOF\b|50[0234]", re.IGNORECASE
)
_FLAKY_PULL_SECONDS = 60.0

# Secrets, config maps and nodes are often there a moment later.
_GRACE_SECONDS = 5.0
# Another object's pods may be on their way out.
_QUOTA_SECONDS = 3.0
_CRASHES = 2

_HOST_REFUSES = re.compile(r"is forbidden|exceeded quota|is invalid")
_UNBOUND = "unbound immediate PersistentVolumeClaims"

_IMAGE_HINT = (
    "is the image's name right and pushed? `images:` in ephemeral.yaml replaces it; private ones need imagePullSecrets"
)
_CRASH_HINT = "the log's last lines usually say why; `ephemeral logs` shows all of it"
_CONFIG_HINT = "does the Secret, ConfigMap or key that the container names exist?"
_ROOM_HINT = "lower the requests, relax selectors and affinity, or give the environment larger or more nodes"


def pod(item: Object, scene: Scene) -> Verdict:
    """Judge a pod that nothing owns."""
    phase = (item.get("status") or {}).get("phase", "Pending")
    if phase == "Succeeded":
        return ready("succeeded")
    if condition(item, "Ready").get("status") == "True":
        return ready("ready")
    if phase == "Failed":
        return failed(_ending(item), hint=_CRASH_HINT, pod=item)
    return refusal(scene.events) or trouble(scene) or pending(phase)


def trouble(scene: Scene, *, restarts_count: bool = True) -> Verdict | None:
    """What keeps pods from running for good; None when nothing is known to.

    ``restarts_count`` is false for pods of Jobs, whose controller decides how often they may crash.
    """
    for item in scene.pods:
        for status in _container_statuses(item):
            if verdict := _container_trouble(item, status, restarts_count=restarts_count):
                return verdict
    return next(filter(None, (_placement_trouble(item, scene) for item in scene.pods)), None)


def refusal(events: Sequence[Event], *, short: bool = False) -> Verdict | None:
    """Why an API server will not have the pods; None when it will.

    What a controller could not create matters only while pods are missing (``short``). A virtual cluster's pods are
    there already when its host refuses them.
    """
    for event in reversed(events):
        missing = short and event.reason == "FailedCreate" and not is_passing(event.message)
        if missing or (event.reason == "SyncError" and _HOST_REFUSES.search(event.message)):
            words = _refusal_words(event.message)
            return failed(words, lasting=_QUOTA_SECONDS if "exceeded quota" in words else 0, hint=hint_for(words))
    return None


def _refusal_words(message: str) -> str:
    """The server's words, without the controller's around them."""
    found = re.search(
        r'(pods "[^"]+" is (forbidden|invalid).*|Pod "[^"]+" is invalid.*|admission webhook .*)', message, re.DOTALL
    )
    return found.group(1) if found else message


def _container_trouble(item: Object, status: Mapping[str, Any], *, restarts_count: bool) -> Verdict | None:
    waiting = (status.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message") or ""
    if reason in _IMAGE_REASONS:
        image = status.get("image") or _image(item, status["name"])
        lasting = _FLAKY_PULL_SECONDS if _FLAKY_PULL.search(message) else 0.0
        return failed(f"{reason} {image}{_why(message, image)}", lasting=lasting, hint=_IMAGE_HINT, pod=item)
    if reason in _CONFIG_REASONS:
        text = f"{reason} in container {status['name']}: {message}"
        return failed(text, lasting=_GRACE_SECONDS, hint=_CONFIG_HINT, pod=item)
    if reason == "CrashLoopBackOff" and restarts_count and status.get("restartCount", 0) >= _CRASHES:
        text = f"CrashLoopBackOff of container {status['name']} after {status['restartCount']} restarts"
        return failed(f"{text}: {_last_exit(status)}", hint=_CRASH_HINT, pod=item)
    return None


def _placement_trouble(item: Object, scene: Scene) -> Verdict | None:
    scheduled = condition(item, "PodScheduled")
    words = scheduled.get("message") or ""
    if scheduled.get("reason") != "Unschedulable":
        return None
    if _UNBOUND in words:
        return _claim_trouble(scene)
    if scene.room_may_come:
        return None
    # What follows repeats the same numbers for preemption.
    short = re.split(r"[.,]? (no new claims|preemption:)", words)[0]
    return failed(f"no node takes the pod: {short}", lasting=_GRACE_SECONDS, hint=_ROOM_HINT)


def _claim_trouble(scene: Scene) -> Verdict | None:
    for each in scene.claims:
        verdict = claim(each, scene)
        if verdict.failed:
            return replace(verdict, text=f"{subject(each)}: {verdict.text}")
    return None


def _container_statuses(item: Object) -> Iterator[Mapping[str, Any]]:
    status = item.get("status") or {}
    for key in ("initContainerStatuses", "containerStatuses"):
        yield from status.get(key) or ()


def _image(item: Object, container: str) -> str:
    containers = [*(item["spec"].get("initContainers") or ()), *item["spec"]["containers"]]
    return next((str(each.get("image", "")) for each in containers if each["name"] == container), "")


def _why(message: str, image: str) -> str:
    """The end of a pull error: runtimes wrap the registry's words in the image's name again and again."""
    words = message.rpartition(f"{image}: ")[2] if image else message
    words = re.sub(r"^rpc error: code = \w+ desc = ", "", words.strip())
    return f": {words}" if words else ""


def _last_exit(status: Mapping[str, Any]) -> str:
    ended = (status.get("lastState") or {}).get("terminated") or {}
    return _exit_words(ended) if ended else "no exit code known"


def _exit_words(ended: Mapping[str, Any]) -> str:
    words = f"exit code {ended.get('exitCode')} ({ended.get('reason', 'Error')})"
    return f"{words}: {ended['message'].strip()}" if ended.get("message") else words


def _ending(item: Object) -> str:
    status = item["status"]
    for each in _container_statuses(item):
        ended = (each.get("state") or {}).get("terminated") or {}
        if ended.get("exitCode"):
            return f"failed: container {each['name']}: {_exit_words(ended)}"
    return " ".join(filter(None, ("failed", status.get("reason"), status.get("message"))))
