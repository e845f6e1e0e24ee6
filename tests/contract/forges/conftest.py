"""Both forges, each in front of its fake."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from ephemeral.forges.context import Context
from ephemeral.forges.forge import Forge, connect
from tests.forges.github_server import GitHubServer
from tests.forges.gitlab_server import GitLabServer
from tests.forges.server import serving


@dataclass
class Pair:
    """A server, and the client that speaks to it. ``slept`` are the pauses that the client made."""

    server: Any
    forge: Forge
    slept: list[float]

    def with_token(self, token: str) -> Forge:
        return connect(context_of(self.server), token)


def context_of(server: Any) -> Context:
    forge = "github" if isinstance(server, GitHubServer) else "gitlab"
    return Context(
        forge=forge,
        trigger="pull-request",
        server="https://forge.test",
        api=server.url,
        repo="octo/shop",
        event="",
        number=7,
    )


@pytest.fixture(params=[GitHubServer, GitLabServer], ids=["github", "gitlab"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with serving(request.param) as server:
        slept: list[float] = []
        context = context_of(server)
        if context.forge == "github":
            from ephemeral.forges.github.client import GitHub

            yield Pair(server, GitHub(context, server.token, sleep=slept.append), slept)
            assert not server.description.violations
        else:
            from ephemeral.forges.gitlab.client import GitLab

            yield Pair(server, GitLab(context, server.token, sleep=slept.append), slept)
