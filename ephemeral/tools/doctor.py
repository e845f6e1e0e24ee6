"""Looking at everything that programs can come from, and saying what would be taken and what not, and why."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from ephemeral.errors import StateError
from ephemeral.tools import fetch, gobuild, lookup, table
from ephemeral.tools.places import cache_dir, tools_dir, writing
from ephemeral.tools.table import Program

_REACH_SECONDS = 3.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at: whether it is as it should be, and what was seen."""

    subject: str
    good: bool
    text: str


def diagnose(kubernetes: str = "") -> Iterator[Finding]:
    """Yield what is found about each program, then about each way to have it installed."""
    programs = [table.matching(name, kubernetes) for name in table.names()]
    for program in programs:
        yield from _program(program)
    folder = tools_dir()
    if folder:
        there = folder.is_dir()
        yield Finding(subject="EPHEMERAL_TOOLS_DIR", good=there, text=f"{folder}{'' if there else ' is no folder'}")
    yield _cache()
    yield from _hosts(programs)
    yield _go()


def _program(program: Program) -> Iterator[Finding]:
    files = list(lookup.look(program))
    for seen in files:
        text = f"{seen.path}: {seen.refused or f'{seen.version}, from {seen.source}'}"
        yield Finding(subject=program.title, good=not seen.refused, text=text)
    if all(seen.refused for seen in files):
        yield Finding(subject=program.title, good=False, text=f"missing; {program.remedy}")


def _cache() -> Finding:
    folder = cache_dir()
    try:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
    except StateError as error:
        return Finding(subject="cache", good=False, text=error.message)
    free = shutil.disk_usage(folder).free / 1e9
    return Finding(subject="cache", good=free >= 1, text=f"{folder} can be written, {free:.1f} GB free")


def _hosts(programs: Iterable[Program]) -> list[Finding]:
    addresses = [url for program in programs for url in (program.release, program.checksum) if url]
    hosts = {parts.netloc: parts for parts in map(urlsplit, map(fetch.mirrored, addresses))}
    urls = [f"{parts.scheme}://{host}/" for host, parts in hosts.items()]
    with ThreadPoolExecutor(max_workers=len(urls)) as pool:
        answers = list(pool.map(lambda url: fetch.reach(url, _REACH_SECONDS), urls))
    texts = [f"can't be reached: {why}" if why else "answers" for why in answers]
    return [
        Finding(subject="download", good=not why, text=f"{host} {text}")
        for host, why, text in zip(hosts, answers, texts, strict=True)
    ]


def _go() -> Finding:
    go = gobuild.find_go()
    if go is None:
        return Finding(subject="go", good=False, text="not on PATH; nothing can be built")
    try:
        return Finding(subject="go", good=True, text=f"{go} is {gobuild.go_version(go)}")
    except gobuild.BuildError as error:
        return Finding(subject="go", good=False, text=str(error))
