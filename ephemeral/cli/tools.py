"""``ephemeral tools``: the programs that ephemeral runs, and where they come from."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ephemeral.cli.output import output_option, show_table
from ephemeral.errors import ToolError
from ephemeral.tools import lookup, require, table

if TYPE_CHECKING:
    from ephemeral.progress import Progress

DEFAULT = (
    *("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl", "helm"),
    *("containerd", "containerd-shim-runc-v2", "ctr", "runc", "ptp", "host-local", "loopback", "portmap"),
    *("kubelet", "kube-proxy", "coredns", "slirp4netns", "nft"),
)
"""What deploying, simulated and real nodes need."""

OPTIONAL = ("local-path-provisioner",)
"""What real nodes go without where it can't be had: volumes."""

_kubernetes = click.option(
    "--kubernetes",
    default="",
    metavar="VERSION",
    help="Kubernetes version, 1.36 or 1.36.3; else the default.",
)


@click.group()
def tools() -> None:
    """Show and install the programs that ephemeral runs."""


@tools.command("list")
@_kubernetes
@output_option
def list_(kubernetes: str, output: str) -> None:
    """List the programs, their versions and where they are."""
    rows = [_row(name, kubernetes) for name in table.names()]
    show_table(rows, ("name", "version", "source", "path"), output, empty="")


@tools.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_kubernetes
def install(names: tuple[str, ...], kubernetes: str) -> None:
    """Install programs; without NAME all that simulated and real nodes and deploying need.

    What can't be built comes last: where it can't be downloaded either, all else is there by then, the error names
    the distribution's packages, and the exit status is not 0.
    """
    from ephemeral.cli.progress import open_progress

    found: dict[str, Path] = {}
    try:
        with open_progress() as progress:
            for batch in _batches(names, kubernetes, progress):
                found |= batch
    finally:
        for name, path in found.items():
            click.echo(f"{name:<24} {path}")


@tools.command()
@click.argument("name")
@_kubernetes
def path(name: str, kubernetes: str) -> None:
    """Print the path of a program that is there already."""
    program = table.matching(name, kubernetes)
    seen = lookup.find(program)
    if seen is None:
        raise ToolError(f"{program.title} is not on this machine", hint=program.remedy)
    click.echo(str(seen.path))


@tools.command()
@_kubernetes
def doctor(kubernetes: str) -> None:
    """Show what was looked at for each program and why it is taken or not."""
    from ephemeral.tools.doctor import diagnose

    for finding in diagnose(kubernetes):
        click.echo(f"{'ok' if finding.good else '--'}  {finding.subject}: {finding.text}")


def _batches(names: Sequence[str], kubernetes: str, progress: "Progress") -> Iterator[dict[str, Path]]:
    """Install and yield what belongs together; an error ends it, and must not keep back what it has no part in."""
    if names:
        yield require(names, kubernetes=kubernetes, progress=progress)
        return
    packaged = [name for name in DEFAULT if not table.pinned(name).package]
    yield require([name for name in DEFAULT if name not in packaged], kubernetes=kubernetes, progress=progress)
    for name in OPTIONAL:
        try:
            yield require([name], progress=progress)
        except ToolError as error:
            progress.note(f"warning: {error.message}")
    yield require(packaged, progress=progress)


def _row(name: str, kubernetes: str) -> dict[str, str]:
    program = table.matching(name, kubernetes)
    seen = lookup.find(program)
    return {
        "name": name,
        "version": seen.version if seen else program.version,
        "source": seen.source if seen else "missing",
        "path": str(seen.path) if seen else "",
    }
