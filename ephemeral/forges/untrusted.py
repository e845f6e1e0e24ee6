"""The spec of a pull request: its own files, within what the base branch and the machine allow."""

from collections.abc import Callable
from pathlib import Path

from ephemeral.errors import SpecError
from ephemeral.forges.checkout import base_file
from ephemeral.forges.confine import confine
from ephemeral.forges.context import Context
from ephemeral.forges.forge import Forge, PullRequest
from ephemeral.spec.document import Document
from ephemeral.spec.load import FILE_NAMES, Loaded, find_spec
from ephemeral.spec.model import Spec
from ephemeral.spec.read import parse_document

#: Reads a file over a base document, with the command line's options on top.
Load = Callable[[Path | None, Document], Loaded]

_DIES = "provider local lives on the runner and dies with the job; a pull request's environment must outlive it."


def spec_of_pull_request(
    load: Load, *, context: Context, found: PullRequest, forge: Forge | None, tree: Path, workspace: Path, file: str
) -> Spec:
    """What the files in ``tree`` ask for. ``file`` is ephemeral.yaml's path in the repository; empty: its root's.

    Raises SpecError, and PolicyError where the host policy does not allow it.
    """
    path = tree / file if file else find_spec(tree)
    if path and not path.resolve().is_relative_to(tree.resolve()):
        raise SpecError(f"{file} leads out of the repository.")
    base = _base(context, found, forge, file, workspace)
    loaded = load(path, base)
    confine(loaded, tree)
    if loaded.spec.cluster.provider == "local":
        key = ("cluster", "provider")
        where = loaded.place(key) if key in loaded.given else base.origin
        hint = "Use `provider: vcluster` on the base branch, or --provider vcluster."
        raise SpecError(f"{where}: {_DIES}", hint=hint)
    return loaded.spec


def _base(context: Context, found: PullRequest, forge: Forge | None, file: str, workspace: Path) -> Document:
    branch = found.base_ref or context.base_ref or "base"
    for name in [file] if file else FILE_NAMES:
        text = base_file(context, found, forge, name, workspace)
        if text is not None:
            return parse_document(text, f"{branch}:{name}")
    return Document(f"{branch} (which has no ephemeral.yaml)")
