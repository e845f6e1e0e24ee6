"""GitLab's REST API as far as we call it, with memory. The real thing can't be had in a test.

There is no description by GitLab to hold it to: paths, parameters and answers follow its documentation.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forges.faults import Faults

HEAD = "1" * 40
_PROJECT = "/projects/octo%2Fshop"
_BOT, _STRANGER, _OTHER = 10, 11, 12


@dataclass
class GitLabServer:
    """One project, octo/shop."""

    url: str
    token: str = "glpat-right"
    merge_requests: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    deployed: list[dict[str, Any]] = field(default_factory=list)
    writers: set[str] = field(default_factory=lambda: {"octocat"})
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, bytes]:
        """Answer a request from memory."""
        self.requests.append(f"{method} {target}")
        parts = urlsplit(target)
        if fault := self.faults.meet(method, parts.path):
            return fault
        if headers.get("PRIVATE-TOKEN") != self.token:
            return _send(401, {"message": "401 Unauthorized"})
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path.removeprefix(_PROJECT)
        status, found = self._route(f"{method} {path}", query, json.loads(body) if body else {})
        extra = {}
        if isinstance(found, list):
            size, page = int(query.get("per_page", 20)), int(query.get("page", 1))
            extra = {"x-next-page": str(page + 1) if found[page * size :] else ""}
            found = found[(page - 1) * size : page * size]
        return _send(status, found, extra)

    def _route(self, asked: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:  # noqa: C901 - a case a route
        match re.split(r"[ /]+", asked):
            case ["GET", "deployments"]:
                wanted = {"status": query["status"]}
                return 200, [each for each in reversed(self.deployed) if wanted.items() <= each.items()]
            case ["GET", "merge_requests"]:
                return 200, [
                    each
                    for each in self.merge_requests.values()
                    if each["state"] == query["state"] and each["source_branch"] == query["source_branch"]
                ]
            case ["GET", "merge_requests", number]:
                found = self.merge_requests.get(int(number))
                return (200, found) if found else _not_found()
            case ["GET", "merge_requests", number, "resource_label_events"]:
                return 200, [each for each in self.events if each["number"] == int(number)]
            case ["GET", "merge_requests", number, "notes"]:
                return 200, [each for each in self.comments.values() if each["noteable_iid"] == int(number)]
            case ["POST", "merge_requests", number, "notes"]:
                return 201, self.comments[self.comment(int(number), body["body"])]
            case ["PUT" | "DELETE" as method, "merge_requests", _, "notes", key]:
                return self._change(method, int(key), body)
            case ["GET", "members", "all"]:
                level = 30 if query["query"] in self.writers else 20
                return 200, [{"id": 1, "username": query["query"], "access_level": level}]
            case ["GET", "members", "all", user]:
                levels = {_BOT: 30, _OTHER: 10}
                return (
                    (200, {"id": int(user), "access_level": levels[int(user)]}) if int(user) in levels else _not_found()
                )
            case ["GET", "repository", "files", path, "raw"]:
                text = self.files.get((query["ref"], unquote(path)))
                return (200, text) if text is not None else _not_found()
            case ["GET", "repository", "tree"]:
                return 200, []
        return _not_found()

    def _change(self, method: str, key: int, body: dict[str, Any]) -> tuple[int, Any]:
        if key not in self.comments:
            return _not_found()
        if method == "DELETE":
            del self.comments[key]
            return 204, None
        self.comments[key]["body"] = body["body"]
        return 200, self.comments[key]

    def tick(self) -> str:
        """A second later."""
        self.clock += timedelta(seconds=1)
        return self.clock.strftime("%Y-%m-%dT%H:%M:%S.000Z")

    def open_pull(self, number: int, *, head: str = HEAD, fork: bool = False, labels: tuple[str, ...] = ()) -> None:
        """A merge request, opened by a push."""
        self.merge_requests[number] = {
            "iid": number,
            "state": "opened",
            "draft": False,
            "source_project_id": 2 if fork else 1,
            "target_project_id": 1,
            "source_branch": "feature",
            "target_branch": "main",
            "labels": [],
            "sha": head,
            "updated_at": self.tick(),
        }
        for label in labels:
            self.label(number, label)

    def push(self, number: int, head: str) -> None:
        """Another commit."""
        self.merge_requests[number].update(sha=head, updated_at=self.tick())

    def close(self, number: int) -> None:
        """Close it."""
        self.merge_requests[number].update(state="closed", updated_at=self.tick())

    def label(self, number: int, name: str) -> None:
        """A maintainer gives a label."""
        self.merge_requests[number]["labels"].append(name)
        event = {"action": "add", "label": {"name": name}, "created_at": self.tick(), "number": number}
        self.events.append(event)

    def comment(self, number: int, body: str, *, login: str = "bot", association: str = "NONE") -> int:
        """Somebody's note; its number."""
        key = max(self.comments, default=0) + 1
        author = {"id": _BOT if login == "bot" else _STRANGER, "username": login}
        self.comments[key] = {"id": key, "body": body, "system": False, "author": author, "noteable_iid": number}
        return key

    def deploy(self, ref: str, sha: str, *, succeeded: bool = True) -> None:
        """A pipeline's deployment of a branch."""
        number, status = len(self.deployed) + 1, "success" if succeeded else "failed"
        self.deployed.append({"id": number, "iid": number, "ref": ref, "sha": sha, "status": status})

    def bodies(self, number: int) -> list[str]:
        """Texts of a merge request's notes, oldest first."""
        return [each["body"] for each in self.comments.values() if each["noteable_iid"] == number]


def _send(status: int, found: Any, extra: dict[str, str] | None = None) -> tuple[int, Any, bytes]:
    text = "" if found is None else found if isinstance(found, str) else json.dumps(found)
    return status, {"content-type": "application/json", **(extra or {})}, text.encode()


def _not_found() -> tuple[int, Any]:
    return 404, {"message": "404 Not Found"}
