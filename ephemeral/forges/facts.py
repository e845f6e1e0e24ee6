"""What an environment says of itself, for the page that people see."""

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from ephemeral.errors import EphemeralError
from ephemeral.forges.page import Page
from ephemeral.reports.timeline import Timeline

if TYPE_CHECKING:
    from ephemeral.environment import Environment


def with_facts(page: Page, environment: "Environment | None", timeline: Timeline | None) -> Page:
    """Fill in the page as far as the environment still answers."""
    page = replace(page, phases=tuple(timeline.phases) if timeline else ())
    if environment is None:
        return page
    with suppress(EphemeralError):
        expires = f"{environment.lease.expires_at:%Y-%m-%d %H:%M} UTC"
        page = replace(page, kubernetes=environment.kubernetes, expires_at=expires)
        page = replace(page, workloads=environment.workloads())
        page = replace(page, urls=environment.urls())
    return page
