"""SHA-256 as publishers spell it, and of a file."""

import hashlib
import json
import re
from pathlib import Path

_DIGEST = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


def published(text: str, file_name: str) -> str | None:
    """Return the SHA-256 (hex, lower case) that a publisher's text has for ``file_name``, or None.

    The text is a digest alone, ``sha256sum`` lines, or the JSON of GitHub's release API.
    """
    if text.lstrip().startswith("{"):
        return _of_github_release(text, file_name)
    words = text.split()
    if len(words) == 1:
        return words[0].lower() if _DIGEST.fullmatch(words[0]) else None
    for line in text.splitlines():
        digest, _, name = line.strip().partition(" ")
        # sha256sum puts a star before the name of a file that it read in binary mode.
        if name.strip().removeprefix("*").removeprefix("./") == file_name and _DIGEST.fullmatch(digest):
            return digest.lower()
    return None


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _of_github_release(text: str, file_name: str) -> str | None:
    try:
        assets = json.loads(text)["assets"]
        digests = {asset["name"]: asset.get("digest") or "" for asset in assets}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    algorithm, _, digest = str(digests.get(file_name, "")).partition(":")
    return digest.lower() if algorithm == "sha256" and _DIGEST.fullmatch(digest) else None
