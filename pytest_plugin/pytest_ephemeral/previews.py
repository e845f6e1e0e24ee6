"""The previews that a test begins: described by keys, and none left under way."""

from collections.abc import Mapping
from typing import Any

from ephemeral.environment import Environment
from ephemeral.errors import PreviewError
from ephemeral.previews.preview import Preview
from ephemeral.spec.load import load


def described(environment: Environment, keys: Mapping[str, Any]) -> Preview:
    """The preview that ``keys`` describe, as under `preview:`; without keys, the spec's own. Raises SpecError."""
    if not keys:
        return environment.preview()
    return environment.preview(load(None, overrides={"preview": dict(keys)}).spec.preview)


def abort_what_is_left(environment: Environment) -> None:
    """No candidate outlives the test that began it."""
    preview = environment.preview()
    try:
        is_over = preview.status().over
    except PreviewError:  # it has begun none
        return
    if not is_over:
        preview.abort()
