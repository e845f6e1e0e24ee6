"""Contexts of both forges, and a GitHub with memory."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from ephemeral.forges.context import Context
from ephemeral.forges.github.client import GitHub
from tests.forges.github_server import HEAD, GitHubServer
from tests.forges.server import serving
from tests.unit.forges.stubs import Environments

CONTEXT = Context(
    forge="github",
    trigger="pull-request",
    server="https://github.com",
    api="https://api.github.com",
    repo="octo/shop",
    event="pull_request",
    action="opened",
    run="100",
    run_url="https://github.com/octo/shop/actions/runs/100",
    number=7,
    sha=HEAD,
    head_repo="octo/shop",
    base_ref="main",
    sender="octocat",
)


@pytest.fixture
def context() -> Callable[..., Context]:
    return lambda **changes: replace(CONTEXT, **changes)


@pytest.fixture
def server() -> Iterator[Any]:
    with serving(GitHubServer) as server:
        server.open_pull(7)
        yield server
        assert not server.description.violations


@pytest.fixture
def github(server: Any) -> GitHub:
    return GitHub(replace(CONTEXT, api=server.url), server.token, sleep=lambda seconds: None)


@pytest.fixture
def environments(monkeypatch: pytest.MonkeyPatch) -> Environments:
    return Environments.installed(monkeypatch)
