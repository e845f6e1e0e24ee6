"""Judging objects that own no pods: CRDs, APIServices, claims, and conditions that the user names."""

from ephemeral.kube.objects import Object, condition
from ephemeral.kube.readiness.verdict import Scene, Verdict, failed, pending, ready

_CLAIM_SECONDS = 5.0


def definition(item: Object, _scene: Scene) -> Verdict:
    """Judge a CRD: ready when the API serves its kind."""
    if condition(item, "Established").get("status") == "True":
        return ready("established")
    names = condition(item, "NamesAccepted")
    if names.get("status") == "False":
        hint = "another CRD already uses this kind or plural name"
        return failed(f"{names.get('reason')}: {names.get('message')}", hint=hint)
    return pending("not established yet")


def api_service(item: Object, _scene: Scene) -> Verdict:
    """Judge an APIService: ready when its server answers."""
    return named_condition(item, "Available")


def claim(item: Object, scene: Scene) -> Verdict:
    """Judge a PersistentVolumeClaim: ready when bound, or when its class binds it only once a pod uses it."""
    phase = (item.get("status") or {}).get("phase", "Pending")
    name = item["spec"].get("storageClassName")
    if phase == "Bound":
        return ready("bound")
    if phase == "Lost":
        return failed("its volume is lost")
    if name in scene.storage.waiting:
        return ready("waits for its first pod")
    hint = "add a StorageClass or a PersistentVolume to the manifests"
    if name is None and not scene.storage.has_default:
        return failed("not bound: it names no storage class and none is the default", lasting=_CLAIM_SECONDS, hint=hint)
    if name and name not in scene.storage.names:
        return failed(f"not bound: there is no storage class {name!r}", lasting=_CLAIM_SECONDS, hint=hint)
    return pending("not bound yet")


def named_condition(item: Object, kind: str) -> Verdict:
    """Judge any object by one of its conditions."""
    found = condition(item, kind)
    if found.get("status") == "True":
        return ready(kind)
    words = ": ".join(filter(None, (found.get("reason"), found.get("message"))))
    return pending(f"{kind} is {found.get('status', 'not reported')}" + (f" ({words})" if words else ""))
