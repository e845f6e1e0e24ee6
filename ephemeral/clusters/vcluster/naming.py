"""What objects on the host are called, and the marks by which they are known as ours."""

#: On everything that ephemeral itself creates on a host.
MANAGED = {"app.kubernetes.io/managed-by": "ephemeral"}
ENVIRONMENT = "ephemeral/environment"
#: One JSON object: owner, created-at, expires-at. In the call that creates the first object.
LEASE = "ephemeral/lease"
#: The same moment alone, for admins and other tools.
EXPIRES = "ephemeral/expires-at"
#: RFC 3339; only environments that end with their maker have it.
HEARTBEAT = "ephemeral/heartbeat-at"
POLICY = "ephemeral/isolation-policy"
KUBERNETES = "ephemeral/kubernetes"
#: `making` until the chart is installed, `removing` once `down` has begun; else absent.
PHASE = "ephemeral/phase"

#: vcluster's own: on what it syncs into its namespace; cluster-scoped objects carry NAMESPACE-x-NAME.
SYNCED = "vcluster.loft.sh/managed-by"
#: The object of the environment that a synced one stands for.
SOURCE_UID = "vcluster.loft.sh/object-uid"

SELECTOR = ",".join(f"{key}={value}" for key, value in MANAGED.items())


def namespace_of(name: str) -> str:
    """The namespace that an environment gets on the host."""
    return f"ephemeral-{name}"


def labels_of(name: str) -> dict[str, str]:
    """The labels of an environment's own objects."""
    return {**MANAGED, ENVIRONMENT: name}


def config_secret(name: str) -> str:
    """Secret with the kubeconfig that vcluster exports (`pkg/util/kubeconfig`, vcluster 0.36)."""
    return f"vc-{name}"


def certificates(name: str) -> str:
    """Secret in which vcluster keeps its keys and its own kubeconfigs (`pkg/certs`, vcluster 0.36)."""
    return f"{name}-certs"
