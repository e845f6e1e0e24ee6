"""OCI layouts: index.json leads to manifests, over further indexes where an image is for several platforms."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

from ephemeral.errors import SpecError
from ephemeral.images.contents import Contents
from ephemeral.images.parts import Part, damaged, platform_of

_INDEX = "index.json"
_FULL_NAME = "io.containerd.image.name"
_REF_NAME = "org.opencontainers.image.ref.name"
_DIGEST = re.compile(r"([a-z0-9]+):([a-f0-9]{32,})")
_DEEPEST = 5

Descriptor = dict[str, Any]


def parts(contents: Contents) -> Iterator[Part]:
    """The images of an OCI layout. Raises SpecError."""
    try:
        for entry in contents.document(_INDEX).get("manifests") or ():
            names = _references(entry.get("annotations") or {})
            for descriptor in _manifests(contents, entry, 0):
                yield _part(contents, descriptor, names)
    except (KeyError, TypeError, AttributeError):
        raise damaged(contents, _INDEX) from None


def _references(annotations: dict[str, str]) -> tuple[str, ...]:
    """containerd reads these two; a mere tag (``latest``) names no image."""
    name = annotations.get(_FULL_NAME) or annotations.get(_REF_NAME) or ""
    return (name,) if re.search("[/:@]", name) else ()


def _manifests(contents: Contents, descriptor: Descriptor, depth: int) -> Iterator[Descriptor]:
    """Manifests below a descriptor; of other platforms, `docker save` may have left out the rest."""
    if platform_of(descriptor.get("platform") or {"os": "any"}) == "unknown/unknown":
        return  # an attestation of the builder's
    if _file(descriptor) not in contents.sizes:
        yield descriptor
        return
    document = _document(contents, descriptor)
    if "manifests" not in document:
        yield descriptor
    elif depth > _DEEPEST:
        raise SpecError(f"{contents.path} is broken: its indexes are nested deeper than {_DEEPEST} levels.")
    else:
        for child in document["manifests"]:
            yield from _manifests(contents, child, depth + 1)


def _part(contents: Contents, descriptor: Descriptor, references: tuple[str, ...]) -> Part:
    manifest_file = _file(descriptor)
    if descriptor.get("platform") and manifest_file not in contents.sizes:
        files: dict[str, int | None] = {manifest_file: descriptor["size"]}
        platform = platform_of(descriptor["platform"])
    else:
        manifest = _document(contents, descriptor)
        below = [manifest["config"], *manifest["layers"]]
        files = {_file(each): each["size"] for each in (descriptor, *below)}
        platform = platform_of(descriptor.get("platform") or _document(contents, manifest["config"]))
    return Part(references=references, platform=platform, digest=descriptor["digest"], files=files)


def _document(contents: Contents, descriptor: Descriptor) -> Any:
    name = _file(descriptor)
    document = contents.document(name)
    algorithm, _, digest = descriptor["digest"].partition(":")
    if algorithm == "sha256" and hashlib.sha256(contents.read(name)).hexdigest() != digest:
        raise SpecError(f"{contents.path} is broken: {name} has another digest.", hint="Save the image again.")
    return document


def _file(descriptor: Descriptor) -> str:
    matched = _DIGEST.fullmatch(descriptor["digest"])
    if not matched:
        raise KeyError("digest")
    return f"blobs/{matched[1]}/{matched[2]}"
