"""Addresses: ranges that nothing uses, each claimed once."""

from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ephemeral.clusters.local.real import addresses
from ephemeral.clusters.local.real.addresses import Addresses, claim_addresses
from ephemeral.errors import ClusterError

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"


def route(network: str) -> str:
    parsed = IPv4Network(network)
    words = [int(value).to_bytes(4, "little").hex().upper() for value in (parsed.network_address, parsed.netmask)]
    return f"eth0\t{words[0]}\t00000000\t0001\t0\t0\t0\t{words[1]}\t0\t0\t0\n"


@pytest.fixture
def routes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = tmp_path / "route"
    table.write_text(HEADER)
    monkeypatch.setattr(addresses, "_ROUTES", table)
    return table


def test_parts_of_a_range_do_not_overlap_and_lie_in_it() -> None:
    made = Addresses(IPv4Network("198.18.8.0/21"))
    link = IPv4Network((int(made.machine) - 1, 30))
    parts = [made.pods, made.services, made.outbound, link]
    assert all(part.subnet_of(made.network) for part in parts)
    assert not any(one.overlaps(other) for one in parts for other in parts if one is not other)
    assert made.node in link
    assert made.kubernetes in made.services
    assert made.dns in made.services
    assert made.upstream_dns in made.outbound
    assert len(made.interface) <= 15


def test_a_claim_holds_until_its_socket_is_closed(routes: Path) -> None:
    routes.write_text(HEADER + route("100.64.0.0/10") + "".join(map(route, all_but("198.18.0.0/20"))))
    first, one = claim_addresses()
    second, other = claim_addresses()
    assert {str(first.network), str(second.network)} == {"198.18.0.0/21", "198.18.8.0/21"}
    with pytest.raises(ClusterError, match="no free address range"):
        claim_addresses()
    one.close()
    again, third = claim_addresses()
    assert again == first
    other.close()
    third.close()


def all_but(kept: str) -> list[str]:
    return [str(part) for part in IPv4Network("198.18.0.0/15").address_exclude(IPv4Network(kept))]


def test_routed_ranges_are_left_alone_and_the_default_route_is_none(routes: Path) -> None:
    routes.write_text(HEADER + route("0.0.0.0/0") + route("198.18.0.0/15"))
    claimed, holder = claim_addresses()
    holder.close()
    assert claimed.network.subnet_of(IPv4Network("100.64.0.0/10"))


def test_the_machines_own_addresses_are_read_from_the_trie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trie = tmp_path / "fib_trie"
    trie.write_text(
        "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
        "     +-- 203.0.113.0/24 2 0 2\n        |-- 203.0.113.0\n           /24 link UNICAST\n"
        "        |-- 203.0.113.7\n           /32 host LOCAL\n        |-- 203.0.113.255\n           /32 link BROADCAST\n"
    )
    monkeypatch.setattr(addresses, "_TRIE", trie)
    assert addresses.machine_addresses() == ["203.0.113.7"]
