"""GitHub's REST API as far as we call it, with memory, held to GitHub's own description.

The real thing can't be had in a test. What it is asked and what it answers is checked against the description; what it
remembers (comments, labels, deployments) is ours.
"""

import base64
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.forges.description import Description, example
from tests.forges.faults import Faults

Answer = tuple[int, Any]
HEAD = "1" * 40
_PAGE = 30


@dataclass
class GitHubServer:
    """One repository, octo/shop, and its state, which tests read and write."""

    url: str
    token: str = "ghs_right"
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    events: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    deployments: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[tuple[str, str], str] = field(default_factory=dict)
    writers: set[str] = field(default_factory=lambda: {"octocat"})
    faults: Faults = field(default_factory=Faults)
    requests: list[str] = field(default_factory=list)
    clock: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    def __post_init__(self) -> None:
        self.description = Description(self.url)

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, Any, bytes]:
        """Check the request, answer it from memory, check the answer."""
        self.requests.append(f"{method} {target}")
        request = self.description.check_request(method, target, headers, body)
        if fault := self.faults.meet(method, urlsplit(target).path):
            return fault
        if headers.get("Authorization") != f"token {self.token}":
            return self._send(request, 401, {"message": "Bad credentials"}, {}, check=False)
        status, found = self._route(method, target, json.loads(body) if body else {})
        extra = {}
        if isinstance(found, list):
            found, extra = self._page(found, target)
        if "full+json" in headers.get("Accept", ""):
            for each in found if isinstance(found, list) else [found]:
                if isinstance(each, dict) and "body" in each:
                    each.update(body_html="", body_text=each["body"])
        return self._send(request, status, found, extra)

    def _send(self, request: Any, status: int, found: Any, extra: dict[str, str], *, check: bool = True) -> Any:
        body = b"" if found is None else json.dumps(found).encode()
        if check and (status < 400 or status == 422):  # it does not list every refusal that GitHub has
            self.description.check_answer(request, status, body)
        return status, {"content-type": "application/json; charset=utf-8", **extra}, body

    def _page(self, found: list[Any], target: str) -> tuple[list[Any], dict[str, str]]:
        query = parse_qs(urlsplit(target).query)
        size, page = int(query.get("per_page", [_PAGE])[0]), int(query.get("page", [1])[0])
        rest = found[page * size :]
        path = f"{self.url}{urlsplit(target).path}"
        link = {"link": f'<{path}?per_page={size}&page={page + 1}>; rel="next"'} if rest else {}
        return found[(page - 1) * size : page * size], link

    def _route(self, method: str, target: str, body: dict[str, Any]) -> Answer:
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        routes: list[tuple[str, Callable[..., Answer]]] = [
            (r"GET /pulls", self._list_pulls),
            (r"GET /pulls/(\d+)", self._get_pull),
            (r"GET /issues/(\d+)", self._get_issue),
            (r"GET /issues/(\d+)/events", self._list_events),
            (r"GET /issues/(\d+)/comments", self._list_comments),
            (r"POST /issues/(\d+)/comments", self._post_comment),
            (r"PATCH /issues/comments/(\d+)", self._patch_comment),
            (r"DELETE /issues/comments/(\d+)", self._delete_comment),
            (r"GET /collaborators/([^/]+)/permission", self._permission),
            (r"GET /contents/(.+)", self._contents),
            (r"GET /commits/(.+)", self._commit),
            (r"GET /deployments", self._list_deployments),
            (r"POST /deployments", self._post_deployment),
            (r"DELETE /deployments/(\d+)", self._delete_deployment),
            (r"POST /deployments/(\d+)/statuses", self._post_status),
            (r"GET /deployments/(\d+)/statuses", self._list_statuses),
        ]
        path = unquote(parts.path).removeprefix("/repos/octo/shop")
        for pattern, handle in routes:
            if match := re.fullmatch(pattern, f"{method} {path}"):
                return handle(query, body, *match.groups())
        return _not_found()

    # --- what tests set up -------------------------------------------------------------------------------------------

    def tick(self) -> str:
        """A second later."""
        self.clock += timedelta(seconds=1)
        return self.clock.strftime("%Y-%m-%dT%H:%M:%SZ")

    def open_pull(self, number: int, *, head: str = HEAD, fork: bool = False, labels: tuple[str, ...] = ()) -> None:
        """A pull request, opened by a push."""
        pull = example("pull-request")
        repo = "mallory/shop" if fork else "octo/shop"
        pull.update(number=number, state="open", draft=False, requested_teams=[], url=self._url(f"pulls/{number}"))
        pull["labels"] = []
        pull["head"].update(sha=head, ref="feature", label=f"{repo.partition('/')[0]}:feature")
        pull["head"]["repo"].update(full_name=repo, pushed_at=self.tick())
        pull["base"].update(ref="main")
        pull["base"]["repo"].update(full_name="octo/shop")
        self.pulls[number] = pull
        for label in labels:
            self.label(number, label)

    def push(self, number: int, head: str) -> None:
        """Another commit."""
        self.pulls[number]["head"]["sha"] = head
        self.pulls[number]["head"]["repo"]["pushed_at"] = self.tick()

    def close(self, number: int) -> None:
        """Close it."""
        self.pulls[number].update(state="closed", closed_at=self.tick())

    def label(self, number: int, name: str) -> None:
        """A maintainer gives a label."""
        label = {**example("issue")["labels"][0], "name": name}
        self.pulls[number]["labels"].append(label)
        event = example("issue-event-for-issue-items")[0] | {"event": "labeled", "created_at": self.tick()}
        self.events.append((number, event | {"label": {"name": name, "color": "fff"}}))

    def comment(self, number: int, body: str, *, login: str = "github-actions[bot]", association: str = "NONE") -> int:
        """Somebody's comment; its number."""
        made = example("issue-comment")
        key = max(self.comments, default=0) + 1
        made.update(id=key, body=body, author_association=association, url=self._url(f"issues/comments/{key}"))
        made["user"].update(login=login, type="Bot" if login.endswith("[bot]") else "User")
        made.update(created_at=self.tick(), issue_url=self._url(f"issues/{number}"))
        self.comments[key] = made
        return key

    def deploy(self, ref: str, sha: str, *, succeeded: bool = True) -> None:
        """Another workflow's deployment of a branch."""
        key = len(self.deployments) + 1000
        statuses = [{"state": "in_progress"}, {"state": "success" if succeeded else "failure"}]
        made = example("deployment") | {"id": key, "ref": ref, "sha": sha, "task": "deploy"}
        self.deployments[key] = made | {"environment": "production", "statuses": statuses}

    def bodies(self, number: int) -> list[str]:
        """Texts of a pull request's comments, oldest first."""
        url = self._url(f"issues/{number}")
        return [each["body"] for each in self.comments.values() if each["issue_url"] == url]

    # --- what is asked -----------------------------------------------------------------------------------------------

    def _url(self, path: str) -> str:
        return f"{self.url}/repos/octo/shop/{path}"

    def _list_pulls(self, query: dict[str, str], _body: Any) -> Answer:
        simple = []
        for pull in self.pulls.values():
            if pull["state"] == query["state"] and pull["head"]["label"] == query["head"]:
                made = example("pull-request-simple-items")[0]
                made.update(number=pull["number"], requested_teams=[], head=made["head"] | {"sha": pull["head"]["sha"]})
                simple.append(made)
        return 200, simple

    def _get_pull(self, _query: Any, _body: Any, number: str) -> Answer:
        found = self.pulls.get(int(number))
        return (200, json.loads(json.dumps(found))) if found else _not_found()

    def _get_issue(self, _query: Any, _body: Any, number: str) -> Answer:
        if int(number) not in self.pulls:
            return _not_found()
        issue = example("issue")
        issue.update(number=int(number), url=self._url(f"issues/{number}"), state=self.pulls[int(number)]["state"])
        return 200, issue

    def _list_events(self, _query: Any, _body: Any, number: str) -> Answer:
        return 200, [event for pull, event in self.events if pull == int(number)]

    def _list_comments(self, _query: Any, _body: Any, number: str) -> Answer:
        url = self._url(f"issues/{number}")
        return 200, [{**each} for each in self.comments.values() if each["issue_url"] == url]

    def _post_comment(self, _query: Any, body: dict[str, Any], number: str) -> Answer:
        if len(body["body"]) > 65536:
            return 422, {"message": "Validation Failed", "documentation_url": "https://docs.github.com"}
        return 201, {**self.comments[self.comment(int(number), body["body"])]}

    def _patch_comment(self, _query: Any, body: dict[str, Any], key: str) -> Answer:
        if int(key) not in self.comments:
            return _not_found()
        self.comments[int(key)].update(body=body["body"], updated_at=self.tick())
        return 200, {**self.comments[int(key)]}

    def _delete_comment(self, _query: Any, _body: Any, key: str) -> Answer:
        return (204, None) if self.comments.pop(int(key), None) else _not_found()

    def _permission(self, _query: Any, _body: Any, user: str) -> Answer:
        found = example("repository-collaborator-permission-response-if-user-has-admin-permissions")
        level = "write" if user in self.writers else "read"
        found.update(permission=level, role_name=level)
        found["user"].update(login=user, role_name=level)
        return 200, found

    def _contents(self, query: dict[str, str], _body: Any, path: str) -> Answer:
        text = self.files.get((query["ref"], path))
        if text is None:
            return _not_found()
        found = example("content-file-response-if-content-is-a-file")
        return 200, found | {"path": path, "content": base64.encodebytes(text.encode()).decode()}

    def _commit(self, _query: Any, _body: Any, ref: str) -> Answer:
        return 200, {key: value for key, value in example("commit").items() if key != "files"}

    def _list_deployments(self, query: dict[str, str], _body: Any) -> Answer:
        wanted = {key: query[key] for key in ("environment", "task", "ref") if key in query}
        newest_first = reversed(self.deployments.values())
        return 200, [_bare(each) for each in newest_first if wanted.items() <= each.items()]

    def _post_deployment(self, _query: Any, body: dict[str, Any]) -> Answer:
        key = len(self.requests)
        made = example("deployment") | {"id": key, "ref": body["ref"], "task": body["task"]}
        made["environment"] = body["environment"]
        self.deployments[key] = made | {"statuses": []}
        return 201, _bare(made)

    def _list_statuses(self, _query: Any, _body: Any, key: str) -> Answer:
        statuses = reversed(self.deployments[int(key)]["statuses"])
        return 200, [example("deployment-status") | {"state": each["state"]} for each in statuses]

    def _post_status(self, _query: Any, body: dict[str, Any], key: str) -> Answer:
        self.deployments[int(key)]["statuses"].append(body)
        return 201, example("deployment-status") | {"state": body["state"]}

    def _delete_deployment(self, _query: Any, _body: Any, key: str) -> Answer:
        statuses = self.deployments[int(key)]["statuses"]
        if not statuses or statuses[-1]["state"] != "inactive":
            return 422, {"message": "We cannot delete an active deployment", "documentation_url": "https://x"}
        del self.deployments[int(key)]
        return 204, None


def _bare(deployment: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in deployment.items() if key != "statuses"}


def _not_found() -> Answer:
    return 404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}
