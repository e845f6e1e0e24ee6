"""What one request of a preview's load saw: the only thing that the judge and the report go by."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, get_args

Arm = Literal["baseline", "candidate", "unknown"]
ARMS: tuple[Arm, ...] = get_args(Arm)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request and its end.

    ``arm`` is who answered; "unknown" when only the router knows and it gave no answer. ``started`` is the intended
    start (Unix seconds) and ``latency`` counts from there (seconds), so that waiting for a busy server shows.
    ``status`` is HTTP's, 0 for no answer; ``error`` says why there was none. ``share`` is the probability with which
    this request was to reach the candidate, None while that is not known (a router that is just changing its weights):
    such a request is counted, not compared.
    """

    arm: Arm
    started: float
    latency: float
    status: int
    error: str = ""
    share: float | None = 0.5

    @property
    def failed(self) -> bool:
        """Whether it is an error: no answer, or a status of 400 and above (the load's paths are meant to work)."""
        return not 100 <= self.status < 400


def write_requests(path: Path, requests: Iterable[Request]) -> None:
    """Write one JSON object a line, replacing the file."""
    with path.open("w") as lines:
        lines.writelines(to_line(request) for request in requests)


def read_requests(path: Path) -> Iterator[Request]:
    """Yield what ``write_requests`` wrote; a last line that a kill cut short is left out.

    Raises ValueError for any other line that is not a request, naming it.
    """
    with path.open() as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith("\n"):
                return
            try:
                yield _from_json(json.loads(line))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path}:{number} is no request: {error}") from error


def to_line(request: Request) -> str:
    """Give the request as one line of JSON, with its newline."""
    return json.dumps(asdict(request), separators=(",", ":")) + "\n"


def _from_json(fields: dict[str, Any]) -> Request:
    request = Request(**fields)
    if request.arm not in ARMS:
        raise ValueError(f"arm {request.arm!r} is none of {', '.join(ARMS)}")
    return request
