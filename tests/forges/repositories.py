"""A repository with a base branch, a pull request and its merge, and a clone such as a runner makes."""

from dataclasses import dataclass
from pathlib import Path

from ephemeral.process import run

_IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always")


@dataclass(frozen=True)
class Repository:
    """``origin`` is the forge's, ``folder`` the runner's checkout of the merge; commits by what they are."""

    origin: Path
    folder: Path
    base: str
    head: str
    merge: str

    def git(self, *words: str, folder: Path | None = None) -> str:
        return git(folder or self.folder, *words)


def git(folder: Path, *words: str) -> str:
    return run(["git", *_IDENTITY, *words], timeout=60, cwd=folder).stdout.strip()


def commit(folder: Path, files: dict[str, str], message: str) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def make_repository(root: Path, base: dict[str, str], change: dict[str, str], *, number: int = 7) -> Repository:
    """``base`` are the files of main, ``change`` those that the pull request writes."""
    origin, folder = root / "origin", root / "work"
    origin.mkdir(parents=True, exist_ok=True)
    git(origin, "init", "--quiet", "--initial-branch=main")
    first = commit(origin, base, "base")
    git(origin, "checkout", "--quiet", "-b", "feature")
    head = commit(origin, change, "change")
    git(origin, "update-ref", f"refs/pull/{number}/head", head)
    git(origin, "update-ref", f"refs/merge-requests/{number}/head", head)
    git(origin, "checkout", "--quiet", "main")
    commit(origin, {"other": "x"}, "main goes on")
    git(origin, "checkout", "--quiet", "--detach")
    git(origin, "merge", "--quiet", "--no-ff", "--no-edit", head)
    merge = git(origin, "rev-parse", "HEAD")
    git(origin, "update-ref", f"refs/pull/{number}/merge", merge)
    git(origin, "checkout", "--quiet", "main")
    git(origin, "branch", "--quiet", "-D", "feature")
    folder.mkdir()
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", origin.as_uri())
    git(folder, "fetch", "--quiet", "--depth=2", "origin", f"refs/pull/{number}/merge")
    git(folder, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return Repository(origin, folder, first, head, merge)
