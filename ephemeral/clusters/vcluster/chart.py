"""vcluster's chart, installed and removed by the helm program."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ephemeral.clusters.vcluster.host import HostCluster
from ephemeral.errors import ClusterError, ProgramError
from ephemeral.process import run
from ephemeral.spec.model import Chart
from ephemeral.tools.vcluster import vcluster_release

if TYPE_CHECKING:
    from ephemeral.progress import Progress

_SECONDS = 120.0
#: helm answers for itself how long it talks to the API server.
_QUIET = {"HELM_DEBUG": "false"}


def install_chart(
    host: HostCluster, chart: Chart, values: dict[str, Any], *, name: str, namespace: str, progress: "Progress"
) -> None:
    """Install the release ``name``; nothing is waited for. Raises ClusterError with helm's own words."""
    argv = [*_helm(host, progress), "install", name, *_source(chart), "--namespace", namespace, "--values", "-"]
    try:
        run(argv, stdin=json.dumps(values), timeout=_SECONDS, env=_QUIET)
    except ProgramError as error:
        raise ClusterError(
            f"vcluster's chart can't be installed into namespace {namespace}: {_last_words(error)}",
            hint=_hint(error.message, chart),
        ) from error


def uninstall_chart(host: HostCluster, *, name: str, namespace: str, progress: "Progress") -> None:
    """Remove the release; one that is not there is no error. Raises ProgramError."""
    argv = [
        *_helm(host, progress),
        "uninstall",
        name,
        "--namespace",
        namespace,
        "--ignore-not-found",
        "--wait=hookOnly",
    ]
    run(argv, timeout=_SECONDS, env=_QUIET)


def _helm(host: HostCluster, progress: "Progress") -> Sequence[str | Path]:
    from ephemeral.tools import require

    helm = require(["helm"], progress=progress)["helm"]
    context = ["--kube-context", host.context] if host.context else []
    return [helm, "--kubeconfig", host.kubeconfig, *context]


def _source(chart: Chart) -> list[str]:
    release = vcluster_release()
    if chart.source and not chart.repo:
        is_local = "://" not in chart.source
        version = chart.version
        return [chart.source, *(["--version", version] if version and not is_local else [])]
    version = chart.version or release.version
    return [chart.source or release.chart, "--repo", chart.repo or release.repo, "--version", version]


def _last_words(error: ProgramError) -> str:
    """helm puts its error behind `Error:`, after warnings and notes."""
    words = error.message.rpartition("Error:")[2].strip() or error.message
    return " ".join(words.split())


def _hint(message: str, chart: Chart) -> str:
    if "forbidden" in message:
        return "`ephemeral doctor --host` shows which rights are missing, and the YAML that grants them."
    if "dial tcp" in message or "lookup" in message or "not found" in message or "no such file" in message:
        return (
            "`cluster.host.chart` takes another repository, an OCI reference, an archive or a folder "
            f"({chart.source or 'now: the official repository'})."
        )
    return "`ephemeral doctor --host` checks the host."
