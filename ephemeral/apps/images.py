"""Image overrides: the manifests name an image, the environment runs another one."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from ephemeral.apps.podspecs import containers, pod_spec
from ephemeral.errors import SpecError
from ephemeral.images import is_loaded
from ephemeral.kube.objects import Manifest


def override_images(manifests: Iterable[Manifest], images: Mapping[str, str]) -> None:
    """Replace images, in the objects themselves, by name: tag, digest and Docker Hub's prefixes make no difference.

    Raises SpecError for a name that no container has, with the nearest of those there are.
    """
    wanted = {repository(name): (name, image) for name, image in images.items()}
    seen: dict[str, str] = {}
    for manifest in manifests:
        for container in containers(pod_spec(manifest.object) or {}):
            image = str(container.get("image") or "")
            seen[repository(image)] = image
            if replacement := wanted.get(repository(image)):
                container["image"] = replacement[1]
                if is_loaded(replacement[1]) and "imagePullPolicy" in container:
                    container["imagePullPolicy"] = "IfNotPresent"  # no registry has it
    for key, (name, _) in wanted.items():
        if key not in seen:
            raise _unmatched(name, [_short(each) for each in seen])


def repository(image: str) -> str:
    """The full name of an image without tag and digest: ``redis:7`` is ``docker.io/library/redis``."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    name = f"{head}{slash}{last.partition(':')[0]}"
    first, slash, _ = name.partition("/")
    if not slash or name == f"docker.io/{last.partition(':')[0]}":
        return f"docker.io/library/{name.removeprefix('docker.io/')}"
    return name if "." in first or ":" in first or first == "localhost" else f"docker.io/{name}"


def _short(name: str) -> str:
    return name.removeprefix("docker.io/").removeprefix("library/")


def _unmatched(name: str, there: list[str]) -> SpecError:
    near = get_close_matches(_short(repository(name)), there, n=len(there) or 1, cutoff=0.0)
    names = ", ".join(near) or "none"
    return SpecError(f"images: no container runs an image named {name!r}", hint=f"images in the manifests: {names}")
