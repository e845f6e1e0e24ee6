"""GitHub's own OpenAPI description: every request and every answer of the fake is held against it."""

import copy
import functools
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest, MockResponse

from tests.npm import npm_file

_CONTENTS = "/contents/"


@functools.cache
def _document() -> dict[str, Any]:
    return json.loads(npm_file("@octokit/openapi", "generated/api.github.com.json").read_bytes())


@dataclass(frozen=True)
class Description:
    """The description as it holds for a server at ``url``; ``violations`` collects what broke it."""

    url: str
    violations: list[str] = field(default_factory=list)

    @functools.cached_property
    def _openapi(self) -> OpenAPI:
        return OpenAPI.from_dict(_document() | {"servers": [{"url": self.url}]}, config=Config(spec_validator_cls=None))

    def check_request(self, method: str, target: str, headers: dict[str, str], body: bytes) -> MockRequest:
        """Note what is wrong with a request: no such path, method, parameter or body."""
        parts = urlsplit(target)
        path = parts.path
        if _CONTENTS in path:  # a path in a path: OpenAPI can only say one segment
            before, _, file = path.partition(_CONTENTS)
            path = f"{before}{_CONTENTS}{quote(file, safe='')}"
        arguments = {key: value for key, _, value in (pair.partition("=") for pair in parts.query.split("&") if pair)}
        request = MockRequest(
            self.url,
            method.lower(),
            path,
            args=arguments,
            headers=headers,
            data=body or None,
            content_type="application/json",
        )
        self._try(f"{method} {target}", lambda: self._openapi.validate_request(request))
        return request

    def check_answer(self, request: MockRequest, status: int, body: bytes) -> None:
        """Note what is wrong with the fake's own answer: a fake that lies proves nothing."""
        answer = MockResponse(body, status_code=status, content_type="application/json")
        self._try(f"{status} to {request.path}", lambda: self._openapi.validate_response(request, answer))

    def _try(self, what: str, check: Any) -> None:
        try:
            check()
        except OpenAPIError as error:
            causes = [str(each)[:300] for each in getattr(error.__cause__, "schema_errors", [])]
            self.violations.append(f"{what}: {error!r} {error.__cause__ or ''} {causes}")


def example(name: str) -> Any:
    """A fresh copy of an example in the description."""
    return copy.deepcopy(_document()["components"]["examples"][name]["value"])
