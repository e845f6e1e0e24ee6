"""A pull request's files may name files of their own folder only: the machine that reads them has others."""

from collections.abc import Iterator
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.spec.archives import is_archive
from ephemeral.spec.load import Loaded


def confine(loaded: Loaded, root: Path) -> None:
    """Refuse paths of the app that lead out of ``root``, by themselves or by links. Raises SpecError."""
    root = root.resolve()
    for path in _paths(loaded):
        for each in (path, *_links(path)):
            if not each.resolve().is_relative_to(root):
                raise SpecError(f"{path} leads out of the repository; a pull request may not read files there.")


def _paths(loaded: Loaded) -> Iterator[Path]:
    for source in loaded.spec.app:
        named = [*source.manifests, source.kustomize, *(source.helm.values if source.helm else ())]
        if source.helm and not source.helm.repo and "://" not in source.helm.chart:
            named.append(source.helm.chart)
        yield from (Path(each) for each in named if each and each != "-" and "://" not in each)
    if preview := loaded.spec.preview:
        candidate = preview.candidate
        images = [*candidate.images.values(), *preview.baseline.images.values(), preview.gateway_image]
        named = [*candidate.patch, *candidate.manifests, *filter(is_archive, images)]
        yield from (Path(each) for each in named if each != "-")
    for name, image in loaded.spec.images.items():
        # An archive that the workflow gives by an option is not the pull request's.
        if is_archive(image) and loaded.place(("images", name)).startswith(f"{loaded.document.origin}:"):
            yield Path(image)


def _links(path: Path) -> Iterator[Path]:
    return (each for each in path.rglob("*") if each.is_symlink()) if path.is_dir() else iter(())
