"""`images:` of ephemeral.yaml: some values name images, others are archives that have to be loaded first."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.images.archive import Archive, Image, read_archive
from ephemeral.images.names import repository
from ephemeral.spec.archives import is_archive

_TAG_OF_ARCHIVES = "archive-"


@dataclass(frozen=True, kw_only=True)
class Import:
    """An archive, checked, and the full name by which the image in it is to be found."""

    archive: Archive
    image: Image
    name: str

    @property
    def key(self) -> str:
        """Changes with the content and with the name."""
        return f"{self.name}-{self.archive.key}"


def split_images(images: Mapping[str, str]) -> tuple[dict[str, str], dict[str, Path]]:
    """Part `images:` into overrides (name in the manifests -> image) and archives (name in the manifests -> path)."""
    archives = {name: Path(value) for name, value in images.items() if is_archive(value)}
    return {name: value for name, value in images.items() if name not in archives}, archives


def prepare(name: str, path: Path) -> Import:
    """Read and check the archive that is to stand for the image ``name`` of the manifests.

    The name of the import is the manifests' with a tag made from the content: never ``latest``, which kubelet would
    pull, and another one when the archive changes, so that a Deployment rolls.

    Raises SpecError: see `read_archive`; several images of which none has that name.
    """
    archive = read_archive(path)
    image = choose(archive, name)
    tag = image.digest.partition(":")[2][:12]
    return Import(archive=archive, image=image, name=f"{repository(name)}:{_TAG_OF_ARCHIVES}{tag}")


def is_loaded(name: str) -> bool:
    """Whether this is the name that `prepare` gave an image: on the node, and in no registry."""
    return name.rpartition(":")[2].startswith(_TAG_OF_ARCHIVES)


def read_imports(images: Mapping[str, str]) -> list[Import]:
    """Read and check all archives of `images:`. Raises SpecError as `prepare` does."""
    return [prepare(name, path) for name, path in split_images(images)[1].items()]


def override_names(images: Mapping[str, str], *, simulated: bool = False) -> dict[str, str]:
    """Name in the manifests -> image to run, of overrides and archives alike.

    Nothing runs on simulated nodes: there archives are read and checked alone, and the manifests stay as they are.
    """
    overrides, archives = split_images(images)
    loaded = {name: prepare(name, path).name for name, path in archives.items()}
    return overrides if simulated else overrides | loaded


def choose(archive: Archive, name: str) -> Image:
    """The image for ``name``: the only one, or the one of several with that repository. Raises SpecError."""
    if len(archive.images) == 1:
        return archive.images[0]
    alike = [image for image in archive.images if repository(name) in map(repository, image.names)]
    if len(alike) == 1:
        return alike[0]
    names = ", ".join(archive.names) or "images without names"
    problem = "several" if alike else "none"
    raise SpecError(
        f"{archive.path} holds {names}; {problem} of them could be {name}.", hint="Save the one image alone."
    )
