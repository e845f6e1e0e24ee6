"""Which provider has the environment of a name: found without any file of a repository, and light on imports."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ephemeral.clusters.state import state_root

if TYPE_CHECKING:
    from ephemeral.clusters.provider import Provider
    from ephemeral.clusters.vcluster import VclusterProvider

#: Says for commands that have only a name where it is: `vcluster` means the host that EPHEMERAL_HOST_* name.
PROVIDER = "EPHEMERAL_PROVIDER"
_HOST_VARIABLES = ("EPHEMERAL_HOST_KUBECONFIG", "EPHEMERAL_HOST_CONTEXT", "EPHEMERAL_HOST_NAMESPACE")


def provider_of_name(name: str) -> "Provider":
    """The one that has it: this machine, the host to which this machine points, or the one that the variables name."""
    from ephemeral.clusters.local import LocalProvider

    local = LocalProvider()
    if local.has(name):
        return local
    return next((there for there, known in desks_here() if known == name), None) or hosted() or local


def desks_here() -> "Iterator[tuple[VclusterProvider, str]]":
    """The environments on hosts to which this machine points, by name."""
    pointers = sorted((state_root() / "hosted").glob("*/host.json"))
    if not pointers:
        return
    from ephemeral.clusters.vcluster import VclusterProvider
    from ephemeral.clusters.vcluster.desk import desk_of

    for pointer in pointers:
        if host := desk_of(pointer.parent.name).host():
            yield VclusterProvider(host), pointer.parent.name


def hosted(*, default: bool = False) -> "VclusterProvider | None":
    """The host that the variables name, if they do; a kubeconfig that merely lies there only with ``default``."""
    named = os.environ.get(PROVIDER) == "vcluster" or any(map(os.environ.get, _HOST_VARIABLES))
    if not named and not default:
        return None
    from ephemeral.clusters.vcluster import VclusterProvider
    from ephemeral.clusters.vcluster.host import host_of_variables

    return VclusterProvider(host_of_variables())
