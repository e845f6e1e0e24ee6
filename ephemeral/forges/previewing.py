"""The preview of a pull request: what it compares, and what people are told of it."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ephemeral import environment as environments
from ephemeral.errors import EphemeralError, ForgeError, NoEnvironmentError, PreviewError
from ephemeral.forges.context import Context
from ephemeral.forges.forge import PullRequest
from ephemeral.forges.telling import Audience

if TYPE_CHECKING:
    from ephemeral.previews.state import State

#: Commits that ephemeral.yaml may name images by, once it lists them under `env`.
BASE_SHA, HEAD_SHA = "EPHEMERAL_BASE_SHA", "EPHEMERAL_HEAD_SHA"


def deployed(context: Context, found: PullRequest, audience: Audience) -> str:
    """What the base branch has deployed last; empty where it never did, or nobody may ask."""
    branch = found.base_ref or context.base_ref
    if not audience.forge or not branch:
        return ""
    try:
        return audience.forge.deployed(branch)
    except ForgeError as error:
        audience.notice(f"{error.message} The preview's baseline is the commit that the event names.")
        return ""


def abort_earlier(name: str) -> None:
    """A preview of an earlier push must not be deployed over."""
    try:
        preview = environments.attach(name).preview()
        is_over = preview.status().over
    except (NoEnvironmentError, PreviewError):
        return
    if not is_over:
        preview.abort()


def verdict_of(state: "State") -> dict[str, str]:
    """What a preview came to, for people and for the exit code."""
    return {"preview": state.phase, "verdict": state.verdict, "sentence": state.sentence}


def draw(records: Path, title: str) -> str:
    """Page and PNG for the artifacts of the run, charts for its comment; without a verdict there are none."""
    from ephemeral.previews.observations import read_requests
    from ephemeral.previews.records import REQUESTS
    from ephemeral.previews.report import charts, draw_records

    with suppress(EphemeralError, ValueError):
        draw_records(records, title=title)
        return charts([*read_requests(records / REQUESTS)])
    return ""
