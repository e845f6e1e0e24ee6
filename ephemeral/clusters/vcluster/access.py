"""The administrator's kubeconfig of an environment, from the Secret that vcluster exports."""

import base64
import os
from pathlib import Path

from ephemeral.clusters.vcluster import naming
from ephemeral.clusters.vcluster.stamp import Stamp
from ephemeral.errors import StateError
from ephemeral.kube.objects import Object
from ephemeral.waiting import NotYet


def exported_secret(stamp: Stamp) -> Object:
    """The Secret with certificates for the environment's API. Raises NotYet while there is none."""
    secret = stamp.host.kube.get("v1", "Secret", naming.config_secret(stamp.name), stamp.namespace)
    if not secret or not secret.get("data", {}).get("client-key"):
        raise NotYet("vcluster has not exported a kubeconfig yet")
    return secret


def write_kubeconfig(path: Path, secret: Object, *, name: str, server: str) -> None:
    """Write a 0600 kubeconfig that is complete in itself. Raises StateError.

    ``server`` is a URL whose certificate names it or 127.0.0.1 (see `values`).
    """
    import json

    data = secret["data"]
    user = {"client-certificate-data": data["client-certificate"], "client-key-data": data["client-key"]}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": name,
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "clusters": [{"name": name, "cluster": {"server": server, "certificate-authority-data": _authority(secret)}}],
        "users": [{"name": name, "user": user}],
    }
    new = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        new.touch(mode=0o600)
        new.write_text(json.dumps(config, indent=2), encoding="utf-8")
        new.replace(path)
    except OSError as error:
        raise StateError(f"{path} can't be written: {error.strerror}") from error


def _authority(secret: Object) -> str:
    authority = str(secret["data"]["certificate-authority"])
    base64.b64decode(authority, validate=True)
    return authority
