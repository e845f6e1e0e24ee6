"""What the candidate is: the baseline's Deployments with its images and patch, and the configuration that differs."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass

from ephemeral.apps.images import override_images
from ephemeral.errors import SpecError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object
from ephemeral.kube.transport import ApiError
from ephemeral.previews.baseline import Baseline

_CONFIGURATION = ("ConfigMap", "Secret")
_OWN_ANNOTATIONS = ("deployment.kubernetes.io/revision", "kubectl.kubernetes.io/last-applied-configuration")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """The candidate under the baseline's own names: what a promotion makes of the baseline.

    ``configuration`` are ConfigMaps and Secrets that differ from those there are; ``left_out`` are the subjects of
    manifests that are no part of a preview.
    """

    deployments: Sequence[Object]
    configuration: Sequence[Object]
    left_out: Sequence[str] = ()
    identical: bool = False


def wanted(
    kube: Kube,
    baseline: Baseline,
    *,
    images: Mapping[str, str],
    patches: Sequence[Manifest],
    manifests: Sequence[Manifest],
) -> Wanted:
    """Ask the API server what the baseline would become; nothing changes yet.

    Raises SpecError with the place of a patch or manifest that does not fit.
    """
    deployments = {each["metadata"]["name"]: plain(each) for each in baseline.deployments}
    configuration: list[Object] = []
    left_out: list[str] = []
    for item, is_patch in [*((each, True) for each in patches), *((each, False) for each in manifests)]:
        kind, name = item.object["kind"], item.object["metadata"].get("name", "")
        if kind == "Deployment" and name in deployments:
            deployments[name] = plain(_merged(kube, item, baseline.namespace, is_patch=is_patch))
        elif kind in _CONFIGURATION:
            configuration.append(plain(_merged(kube, item, baseline.namespace, is_patch=is_patch)))
        elif is_patch:
            raise _unfit(item, deployments)
        else:
            left_out.append(f"{kind} {name}")
    override_images([Manifest(object=each, origin="candidate") for each in deployments.values()], images)
    differing = [each for each in configuration if _differs(kube, each)]
    changed = any(
        deployments[each["metadata"]["name"]]["spec"]["template"] != each["spec"]["template"]
        for each in baseline.deployments
    )
    return Wanted(
        deployments=[*deployments.values()],
        configuration=differing,
        left_out=left_out,
        identical=not changed and not differing,
    )


def plain(item: Object) -> Object:
    """An object as a manifest: without what the API server and its controllers wrote."""
    metadata = item["metadata"]
    annotations = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key not in _OWN_ANNOTATIONS
    }
    kept = {key: metadata[key] for key in ("name", "namespace", "labels") if key in metadata}
    body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
    return deepcopy({**body, "metadata": {**kept, **({"annotations": annotations} if annotations else {})}})


def _merged(kube: Kube, item: Manifest, namespace: str, *, is_patch: bool) -> Object:
    """What the object would become; the server's words about one that it refuses name its place."""
    body = {**item.object, "metadata": {**item.object["metadata"], "namespace": namespace}}
    try:
        merged = kube.strategic(body, dry_run=True) if is_patch else kube.apply(body, dry_run=True)
    except ApiError as error:
        raise SpecError(f"{item.origin}: {item.object['kind']} {body['metadata']['name']}: {error.message}") from error
    return {"apiVersion": body["apiVersion"], "kind": body["kind"], **merged}


def _differs(kube: Kube, item: Object) -> bool:
    there = kube.get(item["apiVersion"], item["kind"], item["metadata"]["name"], item["metadata"]["namespace"])
    return there is None or any(item.get(key) != there.get(key) for key in ("data", "binaryData"))


def _unfit(item: Manifest, deployments: Mapping[str, Object]) -> SpecError:
    return SpecError(
        f"{item.origin}: a patch is for the Deployments behind the Service, ConfigMaps and Secrets; this is "
        f"{item.object['kind']} {item.object['metadata'].get('name')}.",
        hint=f"Deployments there: {', '.join(deployments)}",
    )
