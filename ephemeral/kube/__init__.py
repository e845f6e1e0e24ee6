"""Speaking Kubernetes: client, server-side apply, waits, events, logs. Objects are plain dicts throughout."""

from ephemeral.kube.apply import apply_all
from ephemeral.kube.client import Kube, connect
from ephemeral.kube.objects import Manifest
from ephemeral.kube.readiness.waits import wait_ready

__all__ = ["Kube", "Manifest", "apply_all", "connect", "wait_ready"]
