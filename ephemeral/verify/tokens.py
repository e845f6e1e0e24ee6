"""Whether the machine sees the ServiceAccount token of a running pod, as its users see files."""

import os
from pathlib import Path

from ephemeral.kube.objects import Object
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.stage import Stage

_HIDDEN = "not visible"
_MOUNTS = Path("/proc/self/mountinfo")


def probe_tokens(here: Stage, pod_files: Path) -> Finding:
    """Look for the listener's token, which is mounted right now, in the machine's mount table and folders."""
    probe = "ServiceAccount token from the machine"
    volume = _token_volume(here.pod)
    if not volume:
        return not_probed(probe, "the pod has no token", expected=_HIDDEN)
    folder = pod_files / here.pod["metadata"]["uid"]
    did = f"grep {folder} {_MOUNTS}; find {folder} -name token"
    mounted = [line for line in _MOUNTS.read_text(encoding="utf-8").splitlines() if str(folder) in line]
    files = [f"{place}/token" for place, _, names in os.walk(folder) if "token" in names]
    if mounted or files:
        return judged(probe, did, expected=_HIDDEN, found="visible", detail="; ".join([*mounted, *files]))
    seen = "the folder is empty or not to be read" if folder.exists() else "the folder is not to be seen"
    return judged(probe, did, expected=_HIDDEN, found=_HIDDEN, detail=f"no such mount on the machine; {seen}")


def _token_volume(pod: Object) -> str:
    """Name of the volume with the token; what Kubernetes adds to every pod."""
    volumes = (each["name"] for each in pod["spec"]["volumes"] if "projected" in each)
    return str(next(volumes, ""))
