"""The environment's edge: an nft table in its own network namespace says what leaves it and what enters.

Inside it everything may talk to everything. It is written once, at the start; only the set `exposed` grows.
"""

from collections.abc import Sequence

from ephemeral.clusters.local.real.addresses import Addresses
from ephemeral.spec.presets import Policy

API_PORT = 6443
OUTSIDE = "outside"
OUTBOUND = "outbound"

#: What is not public: RFC 1918, RFC 6598, loopback, link-local (cloud metadata), other environments (RFC 2544).
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16")
_OTHERS = "198.18.0.0/15"
_WANTED = "0x1"
#: The API server's group, of no meaning elsewhere: it proxies to addresses that its users choose.
API_GROUP = 64810
#: Whoever may not is told so: a silent drop shows up as a timeout, long after and far away.
_REFUSE = "reject with icmpx type admin-prohibited"

#: What the supervisor runs to open a Service's port: ClusterIP, protocol and port are put in.
EXPOSE = ["nft", "add", "element", "inet", "ephemeral", "exposed", "{{ {0} . {1} . {2} }}"]


def edge_rules(addresses: Addresses, policy: Policy, machine: Sequence[str]) -> str:
    """The table as `nft -f` reads it. ``machine``: the machine's own addresses, public or not: no pod's business."""
    pods, node = addresses.pods, addresses.node
    return f"""
table inet ephemeral {{
    set exposed {{ type ipv4_addr . inet_proto . inet_service; }}
    {_set("private", (*PRIVATE, _OTHERS, *machine))}
    {_set("allowed_egress", policy.allow_egress)}
    {_set("allowed_ingress", policy.allow_ingress)}

    chain prerouting {{
        # Before kube-proxy puts a pod's address in: what was asked for is marked on the connection.
        type filter hook prerouting priority mangle; policy accept;
        iifname "{OUTSIDE}" ip daddr . meta l4proto . th dport @exposed ct mark set {_WANTED}
        iifname "{OUTSIDE}" ip daddr {node} meta l4proto {{ tcp, udp }} th dport 30000-32767 ct mark set {_WANTED}
    }}
    chain forward {{
        type filter hook forward priority filter; policy drop;
        ct state established,related accept
        ip saddr {pods} ip daddr {pods} accept
        {_leaving(policy, str(pods))}
        iifname "{OUTSIDE}" ct mark {_WANTED} accept
        iifname "{OUTSIDE}" ip saddr @allowed_ingress accept
        {_REFUSE}
    }}
    chain input {{
        type filter hook input priority filter; policy drop;
        iifname "lo" accept
        ct state established,related accept
        ip protocol icmp accept
        ip saddr {node} accept
        ip saddr != {pods} iifname != "{OUTSIDE}" drop
        tcp dport {{ 53, {API_PORT} }} accept
        udp dport 53 accept
        {_REFUSE}
    }}
    chain output {{
        type filter hook output priority filter; policy accept;
        oifname "{OUTSIDE}" ct state new drop
        {_proxied(policy, addresses)}
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        oifname "{OUTBOUND}" masquerade
    }}
}}
"""


def _set(name: str, ranges: tuple[str, ...]) -> str:
    elements = f" elements = {{ {', '.join(ranges)} }};" if ranges else ""
    return f"set {name} {{ type ipv4_addr; flags interval; auto-merge;{elements} }}"


def _leaving(policy: Policy, pods: str) -> str:
    """Pods may reach public addresses and what the policy names; without network rules, everything outbound."""
    if not policy.network:
        return f'ip saddr {pods} oifname "{OUTBOUND}" accept'
    lines = [f'ip saddr {pods} oifname "{OUTBOUND}" ip daddr @allowed_egress accept']
    if policy.public_egress:
        lines.append(f'ip saddr {pods} oifname "{OUTBOUND}" ip daddr != @private accept')
    return "\n        ".join(lines)


def _proxied(policy: Policy, addresses: Addresses) -> str:
    """The API server reaches by proxy and webhook what pods may reach: else it would lend them the machine's network.

    Other programs of the node go out as they like: images come from private registries too.
    """
    if not policy.network:
        return ""
    out = f'meta skgid {API_GROUP} oifname "{OUTBOUND}"'
    refused = "ip daddr @private " if policy.public_egress else ""
    return f"""{out} ip daddr {addresses.upstream_dns} meta l4proto {{ tcp, udp }} th dport 53 accept
        {out} ip daddr @allowed_egress accept
        {out} {refused}{_REFUSE}"""
