"""Images of the machine's own container engine, saved into an archive."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ephemeral.errors import ProgramError, ToolError
from ephemeral.images.names import normalize
from ephemeral.process import run
from ephemeral.spec.archives import is_archive

_ENGINES = ("docker", "podman", "nerdctl")
_SAVE_SECONDS = 600.0


@contextmanager
def archive_of(text: str) -> Iterator[tuple[Path, str | None]]:
    """An archive of what a user calls ``text``, a path or the name of a local image; there as long as the body runs.

    It is a path when it is spelled as one, or when a file or an OCI directory lies there. With a name, the name is
    given back too: Podman saves ``web`` as ``localhost/web``, by which no pod asks for it.

    Raises SpecError, ToolError, ProgramError: it is no name, there is no engine, none has that image.
    """
    path = Path(text)
    if is_archive(text) or path.is_file() or (path / "oci-layout").is_file():
        yield path, None
        return
    with tempfile.TemporaryDirectory(prefix="ephemeral-image-") as folder:
        yield save(text, Path(folder) / "image.tar"), text


def save(name: str, destination: Path) -> Path:
    """Save a local image by docker, podman or nerdctl, the first that is on PATH and has it.

    Raises SpecError for what is no name, ToolError when there is none of them, ProgramError with the words of each.
    """
    normalize(name)
    engines = [engine for engine in _ENGINES if shutil.which(engine)]
    if not engines:
        raise ToolError(
            f"{name} can't be saved: none of {', '.join(_ENGINES)} is on PATH.", hint="Give the path of an archive."
        )
    failures = []
    for engine in engines:
        try:
            run([engine, "save", "--output", destination, name], timeout=_SAVE_SECONDS)
        except ProgramError as error:
            failures.append(error.message)
        else:
            return destination
    raise ProgramError("\n".join(failures), hint=f"Is {name} built? A file or an OCI directory will do as well.")
