"""Names of environments from what a run is about: the same pull request gives the same name on every machine."""

import hashlib
import re

from ephemeral.forges.context import Context

#: What the spec allows (spec.rules), repeated here because that module costs more than this one.
_LONGEST = 40
_DIGEST = 6
_LONGEST_SUBJECT = 20


def environment_name(context: Context, variant: str = "") -> str:
    """``shop-pr-7-1a2b3c``: the repository (or ``variant``, one of several environments), what for, and a hash.

    The hash keeps apart what looks alike: repositories of one name, branches that differ in what no name can show.
    """
    subject = f"pr-{context.number}" if context.number else _slug(context.ref or context.run, _LONGEST_SUBJECT) or "run"
    exact = f"pr-{context.number}" if context.number else context.ref or context.run
    digest = hashlib.sha256(f"{context.home}\n{variant}\n{exact}".encode()).hexdigest()[:_DIGEST]
    first = variant or context.repo.rpartition("/")[2]
    room = _LONGEST - len(subject) - _DIGEST - 2
    return f"{_slug(first, room) or 'environment'}-{subject}-{digest}"


def _slug(text: str, longest: int) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:longest].rstrip("-")
