"""`ephemeral comment`: the sticky comment alone, for workflows that make the environment by other steps."""

import click

from ephemeral.cli.forge import audience_of, run_context
from ephemeral.errors import EphemeralError, NoEnvironmentError


@click.command()
@click.option("--name", default="", envvar="EPHEMERAL_NAME", show_envvar=True, help="[default: as `pr name` prints]")
@click.option("--failure", default="", envvar="EPHEMERAL_FAILURE", show_envvar=True, help="Say that this failed.")
def comment(name: str, failure: str) -> None:
    """Say on the pull request, and on the run's page, what its environment is: where, how long, which workloads.

    An environment that is not there is said to be removed. A comment that can't be made is a warning.
    """
    context = run_context()
    audience = audience_of(context)
    from ephemeral.environment import attach
    from ephemeral.forges.facts import with_facts
    from ephemeral.forges.names import environment_name
    from ephemeral.forges.page import Page, State

    name = name or environment_name(context)
    environment = None
    try:
        environment = attach(name)
    except NoEnvironmentError:
        failure = failure and f"{failure}\nThe environment is not there any more."
    except EphemeralError as error:
        failure = failure or error.message
    state: State = "failed" if failure else "ready" if environment else "removed"
    page = Page(state=state, name=name, commit=context.sha, run_url=context.run_url, error=failure)
    audience.tell(with_facts(page, environment, environment.timeline if environment else None))
