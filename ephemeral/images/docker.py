"""Docker archives: manifest.json lists the images."""

import hashlib
import posixpath
from collections.abc import Iterator

from ephemeral.images.contents import Contents
from ephemeral.images.names import normalize
from ephemeral.images.parts import Part, damaged, platform_of

_INDEX = "manifest.json"


def parts(contents: Contents) -> Iterator[Part]:
    """The images of a Docker archive. Raises SpecError."""
    entries = contents.document(_INDEX)
    if not isinstance(entries, list):
        raise damaged(contents, _INDEX)
    for entry in entries:
        try:
            config, names = posixpath.normpath(entry["Config"]), entry.get("RepoTags") or []
            files = dict.fromkeys([posixpath.normpath(layer) for layer in entry["Layers"]])
            references = tuple(normalize(name) for name in names)
        except (KeyError, TypeError, AttributeError):
            raise damaged(contents, _INDEX) from None
        settings = contents.document(config)
        if not isinstance(settings, dict):
            raise damaged(contents, config)
        digest = f"sha256:{hashlib.sha256(contents.read(config)).hexdigest()}"
        yield Part(references=references, platform=platform_of(settings), digest=digest, files=files)
