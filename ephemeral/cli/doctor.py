"""`ephemeral doctor`: can this machine run environments?"""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from ephemeral.tools.doctor import Finding

_MEMORY_BYTES = 1024**3


@click.command()
def doctor() -> None:
    """Check this machine: programs, directories, memory. Exits 1 when an environment could not start."""
    from ephemeral.tools.doctor import diagnose

    findings = [*_machine(), *_real_nodes(), *diagnose()]
    for finding in findings:
        mark = click.style("ok", fg="green") if finding.good else click.style("--", fg="yellow")
        click.echo(f"{mark}  {finding.subject}: {finding.text}")
    if not all(finding.good for finding in _machine()):
        sys.exit(1)


def _machine() -> Iterator["Finding"]:
    from ephemeral.clusters.local.paths import volatile_bases
    from ephemeral.clusters.state import make_private, state_root
    from ephemeral.errors import StateError
    from ephemeral.tools.doctor import Finding

    linux = sys.platform == "linux"
    yield Finding(subject="system", good=linux, text=f"{os.uname().sysname} {os.uname().release} {os.uname().machine}")
    try:
        make_private(state_root())
        yield Finding(subject="state directory", good=os.access(state_root(), os.W_OK), text=str(state_root()))
    except StateError as error:
        yield Finding(subject="state directory", good=False, text=error.message)
    yield Finding(subject="etcd's data", good=True, text=f"below {volatile_bases()[0].parent.parent}")
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGESIZE")
    text = f"{free / 2**30:.1f} GiB free; an environment takes about 0.9 GiB, 0.6 with simulated nodes"
    yield Finding(subject="memory", good=free >= _MEMORY_BYTES, text=text)


def _real_nodes() -> Iterator["Finding"]:
    from ephemeral.clusters.local.paths import volatile_bases
    from ephemeral.clusters.local.real.machine import describe_machine
    from ephemeral.tools.doctor import Finding

    for good, text in describe_machine(volatile_bases()[-1]):
        yield Finding(subject="real nodes", good=good, text=text)
