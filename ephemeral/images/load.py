"""Load an archive into a containerd, so that pods find its images by name."""

from collections.abc import Sequence
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.images.archive import Archive, Image, read_archive
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
    for command in load_commands(archive, name, ctr=ctr, socket=socket, prefix=prefix):
        run(command, timeout=deadline.remaining())
    return _names(archive, name)


def load_commands(
    archive: Archive, name: str | None = None, *, ctr: Path, socket: Path, prefix: Sequence[str] = ()
) -> list[list[str]]:
    """What `load` runs, one after another. Raises SpecError as it does."""
    names, index = _names(archive, name), None
    if len(archive.images) == 1 and not set(names) <= set(archive.images[0].references):
        index = names[0]
        tags = {index: [*names[1:]]}
    else:
        images = [choose(archive, name)] if name else archive.images
        tags = {image.references[0]: lacking for image in images if (lacking := _lacking(image, names, name))}
    tagging = [tag_argv(source, more, ctr=ctr, socket=socket, prefix=prefix) for source, more in tags.items() if more]
    return [import_argv(archive, name=index, ctr=ctr, socket=socket, prefix=prefix), *tagging]


def _names(archive: Archive, name: str | None) -> tuple[str, ...]:
    names = (normalize(name),) if name else archive.names
    if not names:
        raise SpecError(f"{archive.path} has no name for its image.", hint="Give it one: --as NAME.")
    return names


def _lacking(image: Image, names: Sequence[str], name: str | None) -> list[str]:
    """Names that the archive's own references, which come along, leave out."""
    return [each for each in (names if name else image.names) if each not in image.references]
