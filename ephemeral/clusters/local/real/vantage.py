"""From where the isolation of an environment with real nodes is probed: pods that run this machine's own Python."""

import os
import sys
from pathlib import Path

from ephemeral.clusters.local.credentials import VERIFY_USER
from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real.addresses import Addresses, machine_addresses
from ephemeral.clusters.local.real.pause import IMAGE
from ephemeral.clusters.provider import Vantage

_LOOPBACK = "127."
#: Where a system has programs and their libraries.
_SYSTEM = ("/bin", "/lib", "/lib64", "/usr")


def vantage_of(paths: Paths, addresses: Addresses, *, outbound: bool) -> Vantage:
    """No image has to be there but the sandbox's: programs come from the machine, read-only."""
    folders = [*_SYSTEM, sys.base_prefix, sys.base_exec_prefix]
    others = [each for each in machine_addresses() if not each.startswith(_LOOPBACK) and each != str(addresses.machine)]
    return Vantage(
        image=IMAGE,
        folders=tuple(_outermost([folder for folder in folders if Path(folder).exists()])),
        python=os.path.realpath(sys.executable),
        user=VERIFY_USER,
        # .2 is what slirp4netns would take for the machine's loopback: slirp4netns(1), --disable-host-loopback.
        machine=(str(addresses.machine), str(addresses.outbound[2]), *others),
        pod_files=paths.disk / "kubelet" / "pods",
        outbound=outbound,
    )


def _outermost(folders: list[str]) -> list[str]:
    """Without those that lie in another."""
    unique = dict.fromkeys(folders)
    return [each for each in unique if not any(Path(other) in Path(each).parents for other in unique)]
