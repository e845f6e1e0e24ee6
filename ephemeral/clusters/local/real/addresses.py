"""Addresses of one environment: a range that nothing on this machine uses, claimed for as long as it lives."""

import errno
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from ephemeral.errors import ClusterError

#: Never routed anywhere (RFC 2544, RFC 6890); else carrier-grade NAT's (RFC 6598), which no private network should use.
_POOLS = (IPv4Network("198.18.0.0/15"), IPv4Network("100.64.0.0/10"))
_PREFIX = 21
_ROUTES = Path("/proc/net/route")
_TRIE = Path("/proc/net/fib_trie")


@dataclass(frozen=True, slots=True)
class Addresses:
    """How a range of 2,048 addresses is divided."""

    network: IPv4Network

    @property
    def interface(self) -> str:
        """Name of the machine's end of the link, at most 15 bytes: netdevice(7)."""
        return f"eph-{int(self.network.network_address):08x}"

    @property
    def pods(self) -> IPv4Network:
        """1,024 addresses for pods."""
        return next(self.network.subnets(new_prefix=22))

    @property
    def services(self) -> IPv4Network:
        """512 addresses for Services."""
        return IPv4Network((int(self.network.network_address) + 1024, 23))

    @property
    def outbound(self) -> IPv4Network:
        """What the user-space network stack (slirp4netns) plays: router .2, DNS .3, the node .100."""
        return IPv4Network((int(self.network.network_address) + 1536, 24))

    @property
    def upstream_dns(self) -> IPv4Address:
        """slirp4netns asks the machine's own resolvers for what is asked here: slirp4netns(1)."""
        return self.outbound[3]

    @property
    def machine(self) -> IPv4Address:
        """The machine's end of the link."""
        return self.network[2045]

    @property
    def node(self) -> IPv4Address:
        """The node's end of the link: API server, kubelet, NodePorts."""
        return self.network[2046]

    @property
    def kubernetes(self) -> IPv4Address:
        """ClusterIP of the Service `kubernetes`: the API server takes the first."""
        return self.services[1]

    @property
    def dns(self) -> IPv4Address:
        """ClusterIP of the Service `kube-dns`."""
        return self.services[10]


def claim_addresses() -> tuple[Addresses, socket.socket]:
    """Find a free range and claim it: it is taken as long as the socket returned is open, in any process.

    Two environments that start at the same moment can't get the same: the name of an abstract Unix socket is unique
    on the machine and vanishes with its holder (unix(7)). Raises ClusterError when all ranges are taken.
    """
    used = list(_routes())
    for network in _candidates():
        if any(network.overlaps(other) for other in used):
            continue
        holder = socket.socket(socket.AF_UNIX)
        try:
            holder.bind(f"\0ephemeral-{network.network_address}")
        except OSError as error:
            holder.close()
            if error.errno != errno.EADDRINUSE:
                raise
            continue
        return Addresses(network), holder
    raise ClusterError(
        f"no free address range: {' and '.join(map(str, _POOLS))} are routed or taken by other environments.",
        hint="`ephemeral list` shows what runs; `ip route` what else uses these ranges.",
    )


def machine_addresses() -> list[str]:
    """IPv4 addresses of the machine itself, from the kernel's routing trie: each ends in a line `/32 host LOCAL`."""
    found: dict[str, None] = {}
    address = ""
    for line in _TRIE.read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == "|--":
            address = words[1]
        elif words[:3] == ["/32", "host", "LOCAL"]:
            found[address] = None
    return list(found)


def _candidates() -> Iterator[IPv4Network]:
    """Every range, from a random one on: a range used a moment ago may still be in somebody's cache."""
    for pool in _POOLS:
        count = 1 << (_PREFIX - pool.prefixlen)
        first = secrets.randbelow(count)
        for number in range(count):
            offset = (first + number) % count << (32 - _PREFIX)
            yield IPv4Network((int(pool.network_address) + offset, _PREFIX))


def _routes() -> Iterator[IPv4Network]:
    """Destinations of the machine's main routing table but the default route (hexadecimal, little endian)."""
    for line in _ROUTES.read_text(encoding="ascii").splitlines()[1:]:
        _, destination, *_, mask, _, _, _ = line.split()
        network, netmask = (int.from_bytes(bytes.fromhex(text), "little") for text in (destination, mask))
        if netmask:
            yield IPv4Network((network, str(IPv4Address(netmask))))
