"""Load an archive into a containerd, so that pods find its images by name."""

from collections.abc import Sequence
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.images.archive import Archive, read_archive
from ephemeral.images.ctr import import_argv, tag_argv
from ephemeral.images.names import normalize
from ephemeral.images.overrides import choose
from ephemeral.process import run
from ephemeral.waiting import Deadline

#: For images of some gigabytes on a slow disk; nothing hangs longer.
LOAD_SECONDS = 600.0


def load(
    archive: Archive | Path,
    name: str | None = None,
    *,
    ctr: Path,
    socket: Path,
    prefix: Sequence[str] = (),
    deadline: Deadline | None = None,
) -> tuple[str, ...]:
    """Load an archive and return the full names by which its images are found now.

    With ``name`` its image (of several the one of that name) gets this name; without, all images get the names that
    the archive has for them. ``socket`` is containerd's, ``prefix`` goes before `ctr`, such as ``("sudo", "-n")``.

    Raises SpecError when the archive can't be used, or names no image and ``name`` is not given; ProgramError when
    containerd refuses it or ``deadline`` (default: 10 minutes) passes.
    """
    archive = archive if isinstance(archive, Archive) else read_archive(archive)
    deadline = deadline or Deadline(LOAD_SECONDS)
    names = (normalize(name),) if name else archive.names
    if not names:
        raise SpecError(f"{archive.path} has no name for its image.", hint="Give it one: --as NAME.")
    only = names[0] if len(archive.images) == 1 else None
    run(
        import_argv(archive, name=only, ctr=ctr, socket=socket, prefix=prefix),
        timeout=deadline.remaining(),
    )
    for source, wanted in _tags(archive, name, names, only).items():
        run(tag_argv(source, wanted, ctr=ctr, socket=socket, prefix=prefix), timeout=deadline.remaining())
    return names


def _tags(archive: Archive, name: str | None, names: Sequence[str], only: str | None) -> dict[str, list[str]]:
    """What the import left to be tagged: stored reference -> names that it lacks."""
    if only:
        return {only: list(names[1:])} if names[1:] else {}
    images = (choose(archive, name),) if name else archive.images
    missing: dict[str, list[str]] = {}
    for image in images:
        wanted = names if name else image.names
        if lacking := [each for each in wanted if each not in image.references]:
            missing[image.references[0]] = lacking
    return missing
