"""`ephemeral verify`: does what was promised hold?"""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from ephemeral.cli.named import find_environment
from ephemeral.cli.output import output_option, show_table

if TYPE_CHECKING:
    from ephemeral.verify import Finding


@click.group()
def verify() -> None:
    """Check that an environment keeps what it promises."""


@verify.command()
@click.argument("name", default="", envvar=["EPHEMERAL_CURRENT", "EPHEMERAL_NAME"])
@click.option("--against", metavar="OTHER", default="", help="Another environment, to be neither seen nor reached.")
@click.option("--public", metavar="ADDRESS:PORT", default="", help="Somebody public.  [default: 1.1.1.1:443]")
@click.option("--image", metavar="IMAGE", default="", help="Has the python3 that the probes' pods run.")
@output_option
def isolation(*, name: str, against: str, public: str, image: str, output: str) -> None:
    """Probe the environment NAME (the only one, if there is just one) from inside.

    Exits 1 unless all that its isolation policy promises was probed and holds. What the probes make is removed.
    """
    environment = find_environment(name)
    if against == environment.name:
        raise click.UsageError("--against names another environment, not the same.")
    other = find_environment(against) if against else None
    findings = environment.verify_isolation(other, public=public, image=image)
    columns = ("result", "probe", "expected", "found")
    show_table([asdict(each) for each in findings], columns, output, empty="")
    failed = [each for each in findings if not each.passed]
    if output == "text":
        _explain(failed)
    if failed:
        sys.exit(1)


def _explain(failed: "list[Finding]") -> None:
    """How to repeat what did not hold."""
    for finding in failed:
        click.echo(f"\n{finding.result}: {finding.probe}\n  $ {finding.did}")
