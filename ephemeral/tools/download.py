"""Downloading a program's official release; nothing is kept that is not what its publisher released."""

import posixpath
import shutil
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from ephemeral.errors import ChecksumError
from ephemeral.tools import checksums, fetch
from ephemeral.tools.fetch import FetchError
from ephemeral.tools.places import writing
from ephemeral.tools.slot import Slot
from ephemeral.tools.table import Program


def download(slots: Mapping[Program, Slot], *, heard: Callable[[int, int | None], None]) -> None:
    """Fill the slots of programs that come in one release. ``heard`` is told of bytes as in ``fetch.save``.

    Raises FetchError when there is no release to be had, ChecksumError when it is a wrong one, StateError
    when the cache can't be written.
    """
    program, slot = next(iter(slots.items()))
    url = fetch.mirrored(program.release)
    with writing(slot.folder):
        file = _verified(program, slot.folder / f".{_file_name(url)}.part", heard=heard)
        if not program.member:
            slot.put(file)
            return
        for program, slot in slots.items():
            with writing(slot.folder), slot.scratch() as scratch:
                _unpack(file, program.member, scratch / program.name)
                slot.put(scratch / program.name)
        file.unlink()


def _verified(program: Program, part: Path, *, heard: Callable[[int, int | None], None]) -> Path:
    url, checksum_url = fetch.mirrored(program.release), fetch.mirrored(program.checksum)
    expected = checksums.published(_fetched(checksum_url), _file_name(url))
    if expected is None:
        raise FetchError(f"{checksum_url}: it has no SHA-256 of {_file_name(url)}")
    resumed = part.exists()
    if resumed and checksums.of_file(part) == expected:
        return part
    _save(url, part, heard)
    actual = checksums.of_file(part)
    if actual != expected and resumed:
        # The beginning may have been of another file: that is no fault of the publisher's.
        part.unlink()
        _save(url, part, heard)
        actual = checksums.of_file(part)
    if actual != expected:
        part.unlink()
        raise ChecksumError(
            f"{url} is not what its publisher released and has been deleted: its SHA-256 is {actual},"
            f" expected is {expected} (from {checksum_url})",
            hint="try again; if it stays so, a proxy or EPHEMERAL_MIRROR on the way changes the file",
        )
    return part


def _fetched(url: str) -> str:
    try:
        return fetch.text(url)
    except FetchError as error:
        raise FetchError(f"{url}: {error}") from error


def _save(url: str, part: Path, heard: Callable[[int, int | None], None]) -> None:
    try:
        fetch.save(url, part, heard=heard)
    except FetchError as error:
        raise FetchError(f"{url}: {error}") from error


def _unpack(archive: Path, member: str, target: Path) -> None:
    try:
        with tarfile.open(archive) as content, target.open("wb") as copy:
            shutil.copyfileobj(_member(content, member), copy, 1 << 20)
    except (KeyError, tarfile.TarError) as error:
        raise FetchError(f"{archive.name} has no file {member}: {error}") from error


def _member(content: tarfile.TarFile, member: str) -> IO[bytes]:
    """Some publishers' archives say ``./ptp`` where others say ``ptp``."""
    found = next((each for each in content if posixpath.normpath(each.name) == member), None)
    file = content.extractfile(found) if found else None
    if file is None:
        raise KeyError("not there, or a folder")
    return file


def _file_name(url: str) -> str:
    return urlsplit(url).path.rpartition("/")[2]
