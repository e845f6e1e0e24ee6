"""Configuration files of the programs that make a node, as plain values."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real.addresses import Addresses
from ephemeral.clusters.local.real.pause import IMAGE

NODE = "node-0"
DOMAIN = "cluster.local"
MAX_PODS = 250

#: Kubelet writes these on start, and no namespace holds them (kubelet's container manager, `setupKernelTunables`).
#: What it wants to see there is what it would write.
MASKED_SYSCTLS = {
    "/proc/sys/vm/overcommit_memory": "1\n",
    "/proc/sys/vm/panic_on_oom": "0\n",
    "/proc/sys/kernel/panic": "10\n",
    "/proc/sys/kernel/panic_on_oops": "1\n",
    "/proc/sys/kernel/keys/root_maxkeys": "1000000\n",
    "/proc/sys/kernel/keys/root_maxbytes": "25000000\n",
}


def containerd_config(paths: Paths, programs: Mapping[str, Path]) -> str:
    """containerd's config.toml, version 3 (containerd 2)."""
    plugins = [*CNI_PLUGINS, "cilium-cni"]
    cni = sorted({str(programs[name].parent) for name in plugins if name in programs})
    return f"""
version = 3
root = {json.dumps(str(paths.disk / "containerd"))}
state = {json.dumps(str(paths.volatile / "containerd"))}
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
address = {json.dumps(str(paths.containerd_socket))}

[plugins.'io.containerd.metadata.v1.bolt']
no_sync = true  # the data need not outlive the machine

[plugins.'io.containerd.cri.v1.images']
snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
sandbox = "{IMAGE}"
[plugins.'io.containerd.cri.v1.images'.registry]
config_path = "/etc/containerd/certs.d:/etc/docker/certs.d"

[plugins.'io.containerd.cri.v1.runtime']
restrict_oom_score_adj = true  # root in a container may lack CAP_SYS_RESOURCE
disable_apparmor = true  # loading a profile would change the machine's kernel for good
tolerate_missing_hugetlb_controller = true
[plugins.'io.containerd.cri.v1.runtime'.cni]
bin_dirs = {json.dumps(cni)}
conf_dir = {json.dumps(str(paths.cni))}
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
BinaryName = {json.dumps(str(programs["runc"]))}
SystemdCgroup = false

[plugins.'io.containerd.internal.v1.opt']
path = {json.dumps(str(paths.disk / "opt"))}
"""


CNI_PLUGINS = ("ptp", "host-local", "portmap", "loopback")


def cni_config(paths: Paths, addresses: Addresses) -> dict[str, Any]:
    """The pod network: a veth pair a pod, routed.

    Routed (ptp) and not bridged, because traffic within a bridge passes no netfilter, and so no Service, unless the
    machine has the module br_netfilter.
    """
    return {
        "cniVersion": "1.0.0",
        "name": "ephemeral",
        "plugins": [
            {
                "type": "ptp",
                "ipMasq": False,  # the edge does that
                "ipam": {
                    "type": "host-local",
                    "dataDir": str(paths.volatile / "ipam"),
                    "ranges": [[{"subnet": str(addresses.pods)}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True, "backend": "nftables"},
        ],
    }


def kubelet_config(paths: Paths, addresses: Addresses, cgroup: str) -> dict[str, Any]:
    """KubeletConfiguration, kubelet.config.k8s.io/v1beta1."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": str(addresses.node),
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": str(paths.pki / "ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup}",
        "clusterDNS": [str(addresses.dns)],
        "clusterDomain": DOMAIN,
        "containerRuntimeEndpoint": f"unix://{paths.containerd_socket}",
        # A full disk shows as such; on a shared machine, what is free is not this node's to judge.
        "evictionHard": {"memory.available": "50Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "healthzPort": 0,
        "imageGCHighThresholdPercent": 100,  # never: the environment ends before
        "kubeAPIBurst": 1000,
        "kubeAPIQPS": 1000,
        "makeIPTablesUtilChains": False,  # kube-proxy works with nftables
        "maxPods": MAX_PODS,
        "podLogsDir": str(paths.disk / "pod-logs"),
        "readOnlyPort": 0,
        "registryBurst": 100,
        "registryPullQPS": 50,
        "resolvConf": str(paths.settings / "resolv.conf"),
        "serializeImagePulls": False,
        "tlsCertFile": str(paths.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(paths.pki / "kubelet.key"),
        "volumePluginDir": str(paths.disk / "volume-plugins"),
    }


def kube_proxy_config(paths: Paths, addresses: Addresses) -> dict[str, Any]:
    """KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1.

    Without a `clusterCIDR` it leaves the sender's address as it is: the only way in from outside is the route over
    the link, by which answers find back.
    """
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "bindAddress": str(addresses.node),
        "clientConnection": {"kubeconfig": str(paths.kubeconfig), "qps": 1000, "burst": 1000},
        # The connection-tracking limits belong to the machine, not to this network namespace.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "healthzBindAddress": "127.0.0.1:10256",
        "hostnameOverride": NODE,
        "metricsBindAddress": "127.0.0.1:10249",
        "mode": "nftables",
        "nftables": {"minSyncPeriod": "100ms"},
    }


def corefile(paths: Paths, addresses: Addresses, *, outbound: bool) -> str:
    """CoreDNS's configuration: the cluster's names, and the machine's resolvers for the rest."""
    forward = f"forward . {addresses.upstream_dns}\n    cache 30" if outbound else ""
    return f""".:53 {{
    bind {addresses.node}
    errors
    kubernetes {DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {paths.kubeconfig}
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 5
    }}
    {forward}
}}
"""


def resolv_conf(addresses: Addresses, *, outbound: bool) -> str:
    """What the node itself, and pods with `dnsPolicy: Default`, resolve with."""
    return f"nameserver {addresses.upstream_dns}\n" if outbound else f"nameserver {addresses.node}\n"
