"""Logs of an environment's control plane, fetched from the host for a report."""

from collections.abc import Mapping
from pathlib import Path

from ephemeral.clusters.vcluster.desk import Desk
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import EphemeralError
from ephemeral.kube.logs import log_lines

_LINES = 2000


def fetch_logs(stamp: Stamp, desk: Desk) -> Mapping[str, Path]:
    """Log files by program: `vcluster` (API server and syncer together) and this machine's `keeper`."""
    found = {"keeper": desk.log} if desk.log.exists() else {}
    try:
        pods = stamp.host.kube.list("v1", "Pod", namespace=stamp.namespace, labels=f"app=vcluster,release={stamp.name}")
        text = "".join(f"{line.text}\n" for line in log_lines(stamp.host.kube, pods, container="syncer", tail=_LINES))
        file = desk.folder / "vcluster.log"
        file.touch(mode=0o600)
        file.write_text(text, encoding="utf-8")
    except (EphemeralError, OSError):  # there is nothing to fetch where nothing runs
        return found
    return {"vcluster": file, **found}
