"""The host cluster's kubeconfig as CI systems hand it over: a file, its content, or the content in base64."""

import base64
import binascii
import hashlib
import os
from collections.abc import MutableMapping
from pathlib import Path

from ephemeral.clusters.state import check_ours, state_root
from ephemeral.errors import SpecError

VARIABLE = "EPHEMERAL_HOST_KUBECONFIG"


def accept_host_kubeconfig(environ: MutableMapping[str, str] | None = None) -> None:
    """Make EPHEMERAL_HOST_KUBECONFIG the path of a file when it is the content of one.

    The file is readable by this user alone, and has the same name for the same content. Raises SpecError (which does
    not show what was given: it may be a secret).
    """
    environ = os.environ if environ is None else environ
    given = environ.get(VARIABLE, "").strip()
    if not given or _is_path(given):
        return
    environ[VARIABLE] = str(_keep(_content(given)))


def _is_path(given: str) -> bool:
    """A file that is not there is still one, if it is spelled so: the error is to name it."""
    if "\n" in given:
        return False
    if given.startswith(("/", "./", "../", "~")):
        return True
    try:
        return Path(given).is_file()
    except OSError:  # too long for a name, as base64 is; the error would show it
        return False


def _content(given: str) -> str:
    text = given
    if "clusters" not in given:
        try:
            text = base64.b64decode("".join(given.split()), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
    if "clusters" not in text or "contexts" not in text:
        hint = "Give the path of a kubeconfig, its content, or its content in base64."
        raise SpecError(f"{VARIABLE} is neither a file that exists nor a kubeconfig.", hint=hint)
    return text


def _keep(text: str) -> Path:
    folder = state_root() / "hosts"
    check_ours(folder)
    path = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.yaml"
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)
    return path
