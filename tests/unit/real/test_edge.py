"""The edge: rules that nft itself accepts, and that say what the policy says."""

import shutil
import subprocess
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from ephemeral.clusters.local.real.addresses import Addresses
from ephemeral.clusters.local.real.edge import edge_rules
from ephemeral.spec.model import Isolation, Network
from ephemeral.spec.presets import resolve

ADDRESSES = Addresses(IPv4Network("198.18.8.0/21"))
POLICIES = {
    "isolated": Isolation(),
    "none": Isolation(preset="none"),
    "closed": Isolation(network=Network(public_egress=False)),
    "opened": Isolation(network=Network(allow_egress=("10.1.0.0/16", "10.0.0.0/8"), allow_ingress=("192.168.0.0/24",))),
}


@pytest.mark.parametrize("name", POLICIES)
def test_nft_takes_the_rules(name: str, tmp_path: Path) -> None:
    rules = tmp_path / "edge.nft"
    rules.write_text(edge_rules(ADDRESSES, resolve(POLICIES[name]), ["203.0.113.7", "127.0.0.1"]))
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    assert nft, "nftables is not installed"
    finished = subprocess.run([nft, "--check", "-f", rules], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr


def test_what_is_allowed_follows_from_the_policy() -> None:
    rules = {name: edge_rules(ADDRESSES, resolve(policy), ["203.0.113.7"]) for name, policy in POLICIES.items()}
    public, anything = "ip daddr != @private accept", f'ip saddr {ADDRESSES.pods} oifname "outbound" accept'
    assert public in rules["isolated"]
    assert public not in rules["closed"]
    assert anything in rules["none"]
    assert anything not in rules["isolated"]
    assert "203.0.113.7" in rules["isolated"].partition("set private")[2].splitlines()[0]
    assert "10.1.0.0/16" in rules["opened"].partition("set allowed_egress")[2].splitlines()[0]
    assert "192.168.0.0/24" in rules["opened"].partition("set allowed_ingress")[2].splitlines()[0]
