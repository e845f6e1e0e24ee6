"""What `--dotenv` asks for: where the environment answers, as variables for the jobs that come after this one."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from ephemeral.errors import StateError

Function = TypeVar("Function", bound=Callable[..., Any])


def dotenv_option(function: Function) -> Function:
    """Add `--dotenv FILE`."""
    option = click.option(
        "--dotenv",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="EPHEMERAL_DOTENV",
        show_envvar=True,
        help="Write EPHEMERAL_CURRENT (the name) and EPHEMERAL_URL there, for later jobs.",
    )
    return option(function)


def url_variables(urls: Mapping[str, str]) -> dict[str, str]:
    """EPHEMERAL_URL_<SERVICE> of everything that is exposed, and EPHEMERAL_URL, the first of them."""
    variables = {f"EPHEMERAL_URL_{service.upper().replace('-', '_')}": url for service, url in urls.items()}
    return variables | ({"EPHEMERAL_URL": next(iter(urls.values()))} if urls else {})


def write_dotenv(path: Path, name: str, urls: Mapping[str, str]) -> None:
    """Write one ``NAME=value`` a line, unquoted, as GitLab reads it. Raises StateError when that can't be done.

    Without a ``name`` there is no environment, and the file says so: GitLab wants one in any case.
    """
    lines = [f"{key}={value}" for key, value in {"EPHEMERAL_CURRENT": name, **url_variables(urls)}.items()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as failure:
        raise StateError(f"{path} can't be written: {failure.strerror or failure}") from failure
