"""Workflows run by `act` on this machine itself, with our actions taken from this checkout.

It stands for GitHub's runner, which can't be had without GitHub: it gives steps the same variables and files, and runs
post steps. What a job installs beside ephemeral is found in the tests' own environment.
"""

import json
import shutil
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ephemeral.process import Finished, run
from tests import programs
from tests.forges.repositories import commit, git

#: As users write it, and what it is here.
ACTION = "ephemeral-k8s/ephemeral@v0"
_SECONDS = 280.0

#: pip finds here what ephemeral needs and what builds it, and installs ephemeral alone. (0 is how pip spells yes here.)
INSTALLED = {"PYTHONPATH": sysconfig.get_path("purelib"), "PIP_NO_BUILD_ISOLATION": "0"}


def copy_checkout(repository: Path, folder: Path) -> Path:
    """What a runner would download: the files of this checkout, without what git ignores."""
    listed = run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], timeout=60, cwd=repository)
    for name in filter(None, listed.stdout.split("\0")):
        if (repository / name).exists():  # deleted, and not committed yet
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(repository / name, folder / name)
    return folder


def make_project(folder: Path, files: Mapping[str, str]) -> Path:
    """A user's repository, octo/shop."""
    folder.mkdir(exist_ok=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "remote", "add", "origin", "https://github.com/octo/shop")
    commit(folder, dict(files), "start")
    return folder


@dataclass(frozen=True, kw_only=True)
class Act:
    """Runs workflows; ``checkout`` is our action's, files of runs go below ``scratch``."""

    checkout: Path
    scratch: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        project: Path,
        workflow: Path,
        event: str,
        *,
        payload: Mapping[str, Any] | None = None,
        secrets: Mapping[str, str] | None = None,
        env: Mapping[str, str] | None = None,
        options: tuple[str, ...] = (),
        check: bool = True,
    ) -> Finished:
        """Run a workflow's file as it stands for an event. With ``check`` a failed job fails the test."""
        event_file = self.scratch / "event.json"
        event_file.write_text(json.dumps(payload or {}))
        secret_file = self.scratch / "secrets"
        secret_file.write_text("".join(f'{name}="{value}"\n' for name, value in (secrets or {}).items()))
        variables = {**INSTALLED, **self.variables, **(env or {})}
        finished = run(
            [
                programs.act(),
                event,
                "--workflows",
                workflow,
                *("--eventpath", event_file),
                *("--secret-file", secret_file),
                *("--platform", "ubuntu-latest=-self-hosted"),
                *("--local-repository", f"{ACTION}={self.checkout}"),
                *("--action-cache-path", self.scratch / "cache"),
                "--no-cache-server",
                "--pull=false",
                *(word for name, value in variables.items() for word in ("--env", f"{name}={value}")),
                *options,
            ],
            timeout=_SECONDS,
            cwd=project,
            env={"XDG_CONFIG_HOME": str(self.scratch)},
            check=False,
        )
        assert finished.returncode == 0 or not check, finished.stdout[-8000:]
        return finished
