"""`ephemeral doctor`: can this machine run environments, or a host cluster take them?"""

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ephemeral.cli.options import load_spec

if TYPE_CHECKING:
    from ephemeral.tools.doctor import Finding

_MEMORY_BYTES = 1024**3


@click.command()
@click.option("--host", "of_host", is_flag=True, help="Check the host cluster instead, and print the rights it lacks.")
@click.option("--rights", is_flag=True, help="Print the whole role that it takes on the host, for its admin to apply.")
@click.option("-f", "--file", type=click.Path(path_type=Path), envvar="EPHEMERAL_FILE", help="What names the host.")
def doctor(*, of_host: bool, rights: bool, file: Path | None) -> None:
    """Check this machine: programs, directories, memory. Exits 1 when an environment could not start."""
    if of_host or rights:
        _host(file, rights=rights)
        return
    from ephemeral.tools.doctor import diagnose

    _show([*_machine(), *_real_nodes(), *diagnose()])
    if not all(finding.good for finding in _machine()):
        sys.exit(1)


def _host(file: Path | None, *, rights: bool) -> None:
    """The host that ephemeral.yaml names, else EPHEMERAL_HOST_*, else kubectl's."""
    from ephemeral.clusters.vcluster.checkup import check_host
    from ephemeral.clusters.vcluster.host import host_of
    from ephemeral.clusters.vcluster.rights import missing_rights, role_for, role_of, spell

    spec = load_spec(file=file, settings=(), images=(), env=(), policy=None).spec.cluster.host
    host = host_of(spec)
    role = role_for(host.namespace, gateway=bool(spec.ingress.gateway))
    if rights:
        click.echo(spell(role), nl=False)
        return
    missing = missing_rights(host, role)
    findings = list(check_host(host, missing))
    _show(findings)
    if missing:
        yaml = spell(role_of(host.namespace, missing))
        click.echo(f"\n# What is missing, for an admin to apply and to bind:\n{yaml}", nl=False)
    if not all(finding.good for finding in findings):
        sys.exit(1)


def _show(findings: "Iterable[Finding]") -> None:
    for finding in findings:
        mark = click.style("ok", fg="green") if finding.good else click.style("--", fg="yellow")
        click.echo(f"{mark}  {finding.subject}: {finding.text}")


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
