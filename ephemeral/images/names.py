"""Names of images as containerd spells them, by the rules of distribution/reference."""

import re

from ephemeral.errors import SpecError

_HUB = "docker.io"
_HOST = (
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"|\[[a-fA-F0-9:]+\])(?::[0-9]+)?"
)
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_TAG = r"[A-Za-z0-9_][\w.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_REFERENCE = re.compile(
    rf"(?P<repository>{_HOST}/{_PART}(?:/{_PART})*)(?::(?P<tag>{_TAG}))?(?:@(?P<digest>{_DIGEST}))?", re.ASCII
)
_IDENTIFIER = re.compile(r"[a-f0-9]{64}")
_LONGEST_REPOSITORY = 255


def normalize(name: str) -> str:
    """The name in full: ``podinfo`` is ``docker.io/library/podinfo:latest``. Of tag and digest, the digest counts.

    Raises SpecError for what is no name of an image.
    """
    parts = _parse(name)
    if parts["digest"]:
        return f"{parts['repository']}@{parts['digest']}"
    return f"{parts['repository']}:{parts['tag'] or 'latest'}"


def repository(name: str) -> str:
    """The full name without tag and digest. Raises SpecError."""
    return str(_parse(name)["repository"])


def _parse(name: str) -> re.Match[str]:
    matched = None if _IDENTIFIER.fullmatch(name) else _REFERENCE.fullmatch(_with_host(name))
    if not matched or len(matched["repository"]) > _LONGEST_REPOSITORY:
        raise SpecError(f"{name!r} is no name of an image.", hint=_hint(name))
    return matched


def _with_host(name: str) -> str:
    host, slash, rest = name.partition("/")
    is_host = slash and (host == "localhost" or "." in host or ":" in host or host.lower() != host)
    if not is_host:
        host, rest = _HUB, name
    if host in (_HUB, f"index.{_HUB}"):
        host, rest = _HUB, rest if "/" in rest else f"library/{rest}"
    return f"{host}/{rest}"


def _hint(name: str) -> str:
    path = name.rpartition("/")[0] + name.rpartition("/")[2].partition(":")[0]
    return "Names are lower case." if path != path.lower() else "Write it like ghcr.io/acme/web:1.2."
