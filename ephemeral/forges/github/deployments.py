"""GitHub's deployments of a pull request: all in one shared environment, told apart by their task.

An environment of its own per pull request could not be deleted with a run's token, and would be left for ever.
"""

from collections.abc import Mapping
from typing import Any

import requests

from ephemeral.forges.github.client import GitHub

_PERMISSION = "deployments: write"


class Deployments:
    """The deployments of one pull request."""

    def __init__(self, github: GitHub, number: int, environment: str = "preview") -> None:
        self._github = github
        self._what = f"the deployments of #{number} can't be kept"
        self._environment = environment
        self._task = f"ephemeral:pr-{number}"

    def start(self, sha: str, run_url: str) -> int:
        """Make a deployment of a commit, in progress, in place of those before it; its number."""
        self.remove()
        body = {
            "ref": sha,
            "task": self._task,
            "environment": self._environment,
            "auto_merge": False,
            "required_contexts": [],
            "transient_environment": True,
            "production_environment": False,
        }
        made = self._ask("POST", "deployments", json=body).json()
        self._set(int(made["id"]), {"state": "in_progress", "log_url": run_url})
        return int(made["id"])

    def finish(self, number: int, *, succeeded: bool, run_url: str, url: str = "") -> None:
        """Say how it ended, and where the app answers."""
        state = "success" if succeeded else "failure"
        # The environment is shared: the others' deployments are not to become inactive by this one.
        self._set(number, {"state": state, "log_url": run_url, "environment_url": url, "auto_inactive": False})

    def remove(self) -> None:
        """Delete all of them."""
        query = {"environment": self._environment, "task": self._task}
        path = f"{self._github.path}/deployments"
        for each in list(self._github.session.pages(path, what=self._what, permission=_PERMISSION, **query)):
            self._set(int(each["id"]), {"state": "inactive"})  # GitHub deletes no active one
            self._ask("DELETE", f"deployments/{each['id']}", may_be_gone=True)

    def _set(self, number: int, status: Mapping[str, Any]) -> None:
        given = {key: value for key, value in status.items() if value != ""}
        self._ask("POST", f"deployments/{number}/statuses", json=given)

    def _ask(self, method: str, path: str, **options: Any) -> requests.Response:
        where = f"{self._github.path}/{path}"
        return self._github.session.ask(method, where, what=self._what, permission=_PERMISSION, **options)
