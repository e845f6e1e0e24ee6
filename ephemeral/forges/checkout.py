"""The files of a pull request at exactly one commit, and ephemeral.yaml as its base branch has it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ephemeral.errors import ForgeError, ProgramError, SpecError
from ephemeral.forges.context import Context
from ephemeral.forges.forge import Forge, PullRequest
from ephemeral.process import run

_SECONDS = 120.0
#: What a fetched repository has configured must not run programs here, and none of its hooks.
_HARMLESS = ("-c", "core.hooksPath=/dev/null", "-c", "core.symlinks=false")


@contextmanager
def files_at(sha: str, number: int, folder: Path, forge: str) -> Iterator[Path]:
    """A folder with the repository's files at commit ``sha``, the pull request's head.

    That is ``folder`` when that very commit is checked out there, or its merge into the base branch; else a worktree
    for as long as the context lasts. Raises ProgramError when the commit can't be had.
    """
    if _is_checked_out(sha, folder):
        yield folder
        return
    ref = f"refs/merge-requests/{number}/head" if forge == "gitlab" else f"refs/pull/{number}/head"
    if not _has(sha, folder):
        _git(folder, "fetch", "--quiet", "--no-tags", "--depth=20", "origin", ref)
    with tempfile.TemporaryDirectory(prefix="ephemeral-") as scratch:
        tree = Path(scratch) / "tree"
        _git(folder, "worktree", "add", "--quiet", "--detach", str(tree), sha)
        try:
            yield tree
        finally:
            _git(folder, "worktree", "remove", "--force", str(tree))


def base_file(context: Context, found: PullRequest, forge: Forge | None, path: str, folder: Path) -> str | None:
    """The text of ``path`` on the base branch; None when it has no such file.

    The branch as it is now, if the forge tells: a pull request that is older than a tightened policy is held to it,
    too. Else the event's base commit. Raises ProgramError when that commit is not at hand.
    """
    if forge and found.base_ref:
        try:
            return forge.file_at(path, found.base_ref)
        except ForgeError:
            if not context.base_sha:
                raise
    if not context.base_sha:
        raise SpecError("what the base branch's ephemeral.yaml says is not known: there is no token to ask with.")
    if not _has(context.base_sha, folder):
        _git(folder, "fetch", "--quiet", "--no-tags", "--depth=1", "origin", context.base_sha)
    if not _git(folder, "ls-tree", "--name-only", context.base_sha, "--", path).strip():
        return None
    return _git(folder, "show", f"{context.base_sha}:{path}")


def _is_checked_out(sha: str, folder: Path) -> bool:
    """GitHub checks out the merge of base and head; of its two parents the second is the head."""
    try:
        head = _git(folder, "cat-file", "-p", "HEAD").partition("\n\n")[0].splitlines()
        commit = _git(folder, "rev-parse", "HEAD").strip()
    except ProgramError:
        return False
    parents = [line.removeprefix("parent ") for line in head if line.startswith("parent ")]
    return commit == sha or (len(parents) == 2 and parents[1] == sha)


def _has(sha: str, folder: Path) -> bool:
    found = run(["git", *_HARMLESS, "cat-file", "-e", f"{sha}^{{commit}}"], timeout=_SECONDS, cwd=folder, check=False)
    return found.returncode == 0


def _git(folder: Path, *words: str) -> str:
    return run(["git", *_HARMLESS, *words], timeout=_SECONDS, cwd=folder).stdout
