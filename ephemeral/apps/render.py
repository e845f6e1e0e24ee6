"""From the sources of the app to plain manifests."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ephemeral.apps.files import read_manifests
from ephemeral.apps.helm import template
from ephemeral.apps.images import override_images
from ephemeral.apps.kustomize import build
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Source
from ephemeral.waiting import Deadline


def _program(name: str) -> Path:
    from ephemeral.tools import require

    return require([name])[name]


def render(
    sources: Sequence[Source],
    *,
    images: Mapping[str, str] | None = None,
    deadline: Deadline,
    base: Path | None = None,
    tools: Callable[[str], Path] = _program,
    kubernetes: str = "",
) -> list[Manifest]:
    """Read all sources in their order and override images; nothing is sent anywhere.

    Relative paths start at ``base`` (default: the working directory). ``tools`` says where ``kubectl`` and ``helm``
    are, ``kubernetes`` which version charts are rendered for.

    Raises SpecError for missing, empty or wrong sources, ProgramError when kubectl or helm fails.
    """
    base = base or Path.cwd()
    manifests: list[Manifest] = []
    for source in sources:
        manifests += read_manifests(source.manifests, base=base)
        if source.kustomize:
            manifests += build(source.kustomize, base=base, kubectl=tools("kubectl"), deadline=deadline)
        if source.helm:
            manifests += template(source.helm, base=base, helm=tools("helm"), deadline=deadline, kubernetes=kubernetes)
    override_images(manifests, images or {})
    return manifests
