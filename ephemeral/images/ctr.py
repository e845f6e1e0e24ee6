"""Command lines of `ctr`, containerd's own client: import and tag in the namespace that Kubernetes looks into."""

from collections.abc import Sequence
from pathlib import Path

from ephemeral.images.archive import Archive
from ephemeral.images.names import repository

NAMESPACE = "k8s.io"

#: ctr reads no directories. What tar can't read is missing in the stream, so ctr's exit code tells of both.
_PACK = 'folder=$1; shift; tar -C "$folder" -cf - oci-layout index.json blobs | "$@"'


def ctr_argv(ctr: Path, socket: Path, *words: str) -> list[str]:
    """A command of `ctr` on one containerd."""
    return [str(ctr), "--address", str(socket), "--namespace", NAMESPACE, *words]


def import_argv(
    archive: Archive, *, name: str | None = None, ctr: Path, socket: Path, prefix: Sequence[str] = ()
) -> list[str]:
    """Import an archive and unpack its images; ``prefix`` goes before `ctr` (such as ``sudo -n``).

    Without ``name`` all images get the references of the archive; with it (in full) the archive's one image gets it.
    """
    naming = ["--index-name", name, "--base-name", repository(name)] if name else []
    # --local takes half the time of containerd's transfer service, to which ctr streams the archive; but it unpacks no
    # gzip.
    way = [] if archive.packed else ["--local"]
    source = "-" if archive.path.is_dir() else str(archive.path.absolute())
    words = [*prefix, *ctr_argv(ctr, socket, "images", "import", *way, *naming, source)]
    return ["sh", "-c", _PACK, "sh", str(archive.path.absolute()), *words] if source == "-" else words


def tag_argv(source: str, names: Sequence[str], *, ctr: Path, socket: Path, prefix: Sequence[str] = ()) -> list[str]:
    """Give an image more names; what had them before loses them."""
    return [*prefix, *ctr_argv(ctr, socket, "images", "tag", source, *names)]
