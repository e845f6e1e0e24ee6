"""`ephemeral logs`: what the app wrote, or what the control plane wrote."""

from collections.abc import Mapping
from pathlib import Path

import click

from ephemeral.cli.named import find_environment, name_option
from ephemeral.errors import NoEnvironmentError


@click.command()
@name_option
@click.argument("target", default="")
@click.option("-n", "--namespace", default="default", show_default=True, help="Namespace of TARGET.")
@click.option("-c", "--container", default="", help="Only this container.")
@click.option("--tail", type=click.IntRange(min=0), help="Only so many last lines of each container.")
@click.option("--previous", is_flag=True, help="The run before the last restart.")
@click.option("-f", "--follow", is_flag=True, help="Go on printing as lines are written.")
@click.option("--component", default="", help="A control-plane program instead, such as kube-apiserver.")
def logs(*, name: str, target: str, namespace: str, component: str, follow: bool, **options: object) -> None:
    """Print the logs of TARGET: `deployment/web`, `pod/web-1` or a label selector; nothing: every pod.

    Simulated nodes run nothing, so their pods have no logs; `--component` works everywhere.
    """
    environment = find_environment(name)
    if component:
        file = _component_log(environment.component_logs(), component)
        click.echo(file.read_text(encoding="utf-8", errors="replace"), nl=False)
        return
    from ephemeral.kube.logs import log_lines, pods_of

    pods = pods_of(environment.kube, target, namespace=namespace)
    for line in log_lines(environment.kube, pods, follow=follow, **options):  # type: ignore[arg-type]
        click.echo(f"{line.pod}/{line.container}: {line.text}")


def _component_log(logs: Mapping[str, Path], component: str) -> Path:
    if component not in logs:
        raise NoEnvironmentError(f"there is no log of {component}.", hint=f"There are: {', '.join(sorted(logs))}.")
    return logs[component]
