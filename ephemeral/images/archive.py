"""Image archives: which images are inside, for which platform, and whether all their parts are there.

What `docker save`, `podman save`, `buildah push` and skopeo write: Docker archives, OCI archives, OCI directories.
"""

import hashlib
import platform
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.images import docker, oci
from ephemeral.images.contents import Contents, read_contents
from ephemeral.images.names import normalize
from ephemeral.images.parts import Part

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class Image:
    """One image of an archive. ``references`` are its names as containerd stores them; there may be none."""

    references: tuple[str, ...]
    platform: str
    digest: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its names in full, by which Kubernetes finds it."""
        return tuple(dict.fromkeys(map(normalize, self.references)))


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An archive that can be loaded: its images for this machine.

    ``path`` is a file, ``packed`` when gzip is to unpack it, or a folder (an OCI layout).
    """

    path: Path
    packed: bool
    images: tuple[Image, ...]

    @property
    def key(self) -> str:
        """64 hexadecimal digits that change with the content of the images."""
        return hashlib.sha256("\n".join(sorted(image.digest for image in self.images)).encode()).hexdigest()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its images, in full."""
        return tuple(name for image in self.images for name in image.names)


def this_platform() -> str:
    """What this machine runs, as images spell it: ``linux/amd64``."""
    machine = platform.machine()
    return f"linux/{_ARCHITECTURES.get(machine, machine)}"


def read_archive(path: Path, *, wanted: str | None = None) -> Archive:
    """Read what an archive says about itself and check that the parts which it names are there, with their sizes.

    Only small files are read: the layers' digests are left for containerd to check. Images for another platform than
    ``wanted`` (default: this machine's) are left out.

    Raises SpecError: it can't be read, is no archive, is cut off, lacks a part, has no image, or none for ``wanted``.
    """
    contents, wanted = read_contents(path), wanted or this_platform()
    parts = list(_parts(contents))
    if not parts:
        raise SpecError(f"{path} holds no image.")
    images = [_image(part, contents) for part in parts if part.platform == wanted]
    if not images:
        there = ", ".join(sorted({part.platform for part in parts}))
        raise SpecError(
            f"{path} is for {there}, but this machine runs {wanted}.", hint=f"Build the image for {wanted}."
        )
    return Archive(path=path, packed=contents.packed, images=_merged(images))


def _parts(contents: Contents) -> Iterable[Part]:
    if "oci-layout" in contents.sizes:  # containerd prefers it too, where a tar is both
        return oci.parts(contents)
    if "manifest.json" in contents.sizes:
        return docker.parts(contents)
    raise SpecError(
        f"{contents.path} is no image archive: it has neither manifest.json nor oci-layout.",
        hint="`docker save` makes one; `docker export` makes a file system without an image.",
    )


def _image(part: Part, contents: Contents) -> Image:
    for name, size in part.files.items():
        if name not in contents.sizes:
            raise SpecError(f"{contents.path} is incomplete: {name} is missing.", hint="Save the image again.")
        if size is not None and contents.sizes[name] != size:
            raise SpecError(
                f"{contents.path} is broken: {name} has {contents.sizes[name]} bytes instead of {size}.",
                hint="Save the image again.",
            )
    return Image(references=part.references, platform=part.platform, digest=part.digest)


def _merged(images: Iterable[Image]) -> tuple[Image, ...]:
    """An OCI index has an entry for each name of an image."""
    merged: dict[str, Image] = {}
    for image in images:
        before = merged.get(image.digest)
        references = dict.fromkeys((*before.references, *image.references) if before else image.references)
        merged[image.digest] = Image(references=tuple(references), platform=image.platform, digest=image.digest)
    return tuple(merged.values())
