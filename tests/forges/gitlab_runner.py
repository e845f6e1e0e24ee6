"""GitLab's jobs, run by gitlab-ci-local: its shell executor on this machine."""

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.npm import npm_program

#: Of a merge request's pipeline, as GitLab sets them; gitlab-ci-local sets those of a push.
MERGE_REQUEST = {
    "CI_MERGE_REQUEST_IID": "7",
    "CI_MERGE_REQUEST_PROJECT_PATH": "octo/shop",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "feature",
    "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH": "octo/shop",
    "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
    "CI_MERGE_REQUEST_TITLE": "A change",
    "CI_PIPELINE_SOURCE": "merge_request_event",
}
#: Each job in a folder of its own, on this machine whatever `image:` says; the schema is check-jsonschema's to check.
_OPTIONS = ["--force-shell-executor", "--shell-isolation", "--no-json-schema-validation", "--no-color", "--timestamps"]


def gitlab_jobs(folder: Path, file: str, variables: Mapping[str, str], *jobs: str, env: Mapping[str, str]) -> str:
    """Run ``jobs`` (none: the whole pipeline) of a file in ``folder``, a repository; what they printed.

    ``variables`` are those of GitLab and of the project's settings: in a file, as some of them are secrets.
    """
    given = {"GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.test", "CI_PROJECT_PATH": "octo/shop", **variables}
    (folder / ".gitlab-ci-local-variables.yml").write_text(json.dumps(given))
    command = [npm_program("gitlab-ci-local"), "--file", file, *_OPTIONS, *jobs]
    finished = subprocess.run(
        command, cwd=folder, env=dict(env), capture_output=True, text=True, timeout=280, check=False
    )
    shown = f"{finished.stdout}\n{finished.stderr}"
    assert finished.returncode == 0, shown
    return shown
