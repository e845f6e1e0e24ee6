"""The one comment that an environment has on its pull request: found by a marker, edited in place."""

import re
from collections.abc import Sequence

from ephemeral.forges.forge import Forge, Note

#: GitHub's limit; GitLab's is higher.
_LONGEST = 65_000
_RUN = re.compile(r"<!-- ephemeral:\S+ run=(\d+) -->")


def stick(forge: Forge, number: int, name: str, body: str, *, run: str, final: bool = False) -> None:
    """Put ``body`` into the comment of environment ``name``: the one that is there, or a new one.

    Several runs may do so at a time, somebody may delete the comment meanwhile: in the end one is left. What a newer
    ``run`` (a number that grows) has said stays, unless this is ``final``: a removed environment is removed.
    """
    body = f"<!-- ephemeral:{name} run={run or 0} -->\n{body}"[:_LONGEST]
    for _ in range(3):
        ours = _ours(forge.notes(number), name)
        if not ours:
            made = forge.add_note(number, body)
            # Another run may have done the same meanwhile, and a request that was repeated may have arrived twice.
            ours = _ours(forge.notes(number), name) or [made]
            if ours[0].id == made.id:
                _remove(forge, number, ours[1:])
                return
        first, *rest = ours
        is_outdated = _run_of(first) > _number(run) and not final
        if is_outdated or forge.edit_note(number, first, body):
            _remove(forge, number, rest)
            return


def _ours(notes: Sequence[Note], name: str) -> list[Note]:
    found = [note for note in notes if note.is_trusted and note.body.startswith(f"<!-- ephemeral:{name} run=")]
    return sorted(found, key=lambda note: note.id)


def _remove(forge: Forge, number: int, notes: Sequence[Note]) -> None:
    for note in notes:
        forge.remove_note(number, note)


def _run_of(note: Note) -> int:
    found = _RUN.match(note.body)
    return int(found[1]) if found else 0


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0
