"""What lies in an image archive, a tar file or an OCI directory: names, sizes and the small JSON documents.

Layers are never read as a whole, and nothing is unpacked.
"""

import json
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ephemeral.errors import SpecError

#: Manifests and configurations have some kilobytes; containerd takes at most 20 MiB.
_LARGEST_DOCUMENT = 4 * 2**20
_MOST_DOCUMENTS = 64 * 2**20
_NOT_FOR_CONTAINERD = {b"BZh": "bzip2", b"\xfd7zXZ\x00": "xz", b"PK\x03\x04": "zip"}
_ZSTD, _GZIP = b"\x28\xb5\x2f\xfd", b"\x1f\x8b"
_SAVE_HINT = "`docker save`, `podman save` and `buildah push NAME oci-archive:FILE` write image archives."


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Files by name, each with its size in bytes; ``read`` gives a small one's bytes. ``packed``: by gzip."""

    path: Path
    packed: bool = False
    sizes: dict[str, int]
    read: Callable[[str], bytes]

    def document(self, name: str) -> Any:
        """A JSON document. Raises SpecError when it is missing or no JSON."""
        if name not in self.sizes:
            raise SpecError(f"{self.path} is incomplete: {name} is missing.", hint="Save the image again.")
        try:
            return json.loads(self.read(name))
        except (KeyError, ValueError, RecursionError):
            raise SpecError(
                f"{self.path} is broken: {name} is no JSON document.", hint="Save the image again."
            ) from None


def read_contents(path: Path) -> Contents:
    """List a tar file (plain or gzip) or an OCI directory. Raises SpecError when it is neither, or can't be read."""
    try:
        if stat.S_ISDIR(path.stat().st_mode):
            return _directory(path)
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe can be read only once, by us or by containerd
            raise SpecError(f"{path} is neither a file nor a folder.", hint="Save the image into a file.")
        return _tar(path)
    except OSError as error:
        raise SpecError(f"{path} can't be read: {error.strerror or error}.", hint=_hint(error)) from error


def _hint(error: OSError) -> str:
    missing = isinstance(error, FileNotFoundError)
    return "Paths in ephemeral.yaml start from its folder." if missing else "Is it a file of your own?"


def _directory(folder: Path) -> Contents:
    if not (folder / "oci-layout").is_file():
        raise SpecError(f"{folder} is a folder without an OCI layout: it has no file oci-layout.", hint=_SAVE_HINT)
    files = [folder / "oci-layout", folder / "index.json", *folder.glob("blobs/*/*")]
    sizes = {str(file.relative_to(folder)): file.stat().st_size for file in files if file.is_file()}

    def read(name: str) -> bytes:
        with (folder / name).open("rb") as file:
            return file.read(_LARGEST_DOCUMENT)

    return Contents(path=folder, sizes=sizes, read=read)


def _tar(path: Path) -> Contents:
    mode = _mode(path)
    sizes: dict[str, int] = {}
    documents: dict[str, bytes] = {}
    links: dict[str, str] = {}
    try:
        with path.open("rb") as file, tarfile.open(fileobj=file, mode=mode) as tar:
            for member in tar:
                name = posixpath.normpath(member.name)
                if member.issym():
                    links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
                elif member.islnk():
                    links[name] = posixpath.normpath(member.linkname)
                elif member.isreg():
                    sizes[name] = member.size
                    _keep_document(documents, name, tar, member)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise _no_tar(path, sizes, error) from error
    _follow(links, sizes, documents)
    return Contents(path=path, packed=mode == "r:gz", sizes=sizes, read=documents.__getitem__)


def _mode(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(8)
    for magic, name in _NOT_FOR_CONTAINERD.items():
        if start.startswith(magic):
            raise SpecError(
                f"{path} is packed by {name}, which containerd does not read.", hint="Unpack it, or use gzip."
            )
    if start.startswith(_ZSTD):
        raise SpecError(f"{path} is packed by zstd, which is not read here.", hint=f"Unpack it: zstd -d {path}")
    return "r:gz" if start.startswith(_GZIP) else "r:"


def _keep_document(documents: dict[str, bytes], name: str, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    """Which blobs are manifests is known only at the end of the tar, and a gzip file can't go back cheaply."""
    if member.size > _LARGEST_DOCUMENT:
        return
    content = tar.extractfile(member)
    assert content is not None  # it is a regular file
    start = content.read(1)
    if start not in (b"{", b"["):
        return
    documents[name] = start + content.read()
    if sum(map(len, documents.values())) > _MOST_DOCUMENTS:
        raise tarfile.ReadError(f"it has more than {_MOST_DOCUMENTS // 2**20} MiB of JSON")


def _follow(links: dict[str, str], sizes: dict[str, int], documents: dict[str, bytes]) -> None:
    """Older `docker save` writes a layer that two images share once, and a link for the second."""
    for name, target in links.items():
        if target in sizes:
            sizes[name] = sizes[target]
        if target in documents:
            documents[name] = documents[target]


def _no_tar(path: Path, found: dict[str, int], error: Exception) -> SpecError:
    if found:
        return SpecError(f"{path} is cut off or damaged: {error}.", hint="Save or copy the image again.")
    return SpecError(f"{path} is no tar file: {error}.", hint=_SAVE_HINT)
