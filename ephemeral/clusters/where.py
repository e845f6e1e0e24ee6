"""Which provider has the environment of a name: found without any file of a repository, and light on imports."""

import os
from typing import TYPE_CHECKING

from ephemeral.clusters.state import state_root

if TYPE_CHECKING:
    from ephemeral.clusters.provider import Provider

#: Says for commands that have only a name where it is: `vcluster` means the host that EPHEMERAL_HOST_* name.
PROVIDER = "EPHEMERAL_PROVIDER"


def provider_of_name(name: str) -> "Provider":
    """The one that has it: this machine, the host to which this machine points, or the one that the variables name."""
    from ephemeral.clusters.local import LocalProvider

    local = LocalProvider()
    if local.has(name):
        return local
    if (state_root() / "hosted" / name / "host.json").exists() and "/" not in name:
        from ephemeral.clusters.vcluster import VclusterProvider
        from ephemeral.clusters.vcluster.desk import desk_of

        if host := desk_of(name).host():
            return VclusterProvider(host)
    return hosted() or local


def hosted() -> "Provider | None":
    """The host that the variables name, if they do; a kubeconfig that merely lies there is not taken for one."""
    from ephemeral.clusters.vcluster.host import VARIABLES

    if os.environ.get(PROVIDER) != "vcluster" and not any(map(os.environ.get, VARIABLES.values())):
        return None
    from ephemeral.clusters.vcluster import VclusterProvider
    from ephemeral.clusters.vcluster.host import host_of_variables

    return VclusterProvider(host_of_variables())
