"""Volumes: a default StorageClass whose volumes are directories of the environment, made on demand.

Rancher's local-path-provisioner runs as a process beside kubelet. Its helper pods need `sh`, `mkdir` and `rm`: they
mount the machine's own, so that no image has to be pulled for them.
"""

import json
from pathlib import Path
from typing import Any

from ephemeral.clusters.local.paths import Paths
from ephemeral.clusters.local.real.pause import IMAGE

PROGRAM = "local-path-provisioner"
PROVISIONER = "rancher.io/local-path"
_NAMESPACE = "kube-system"
_CONFIG_MAP = "local-path-config"
_MACHINE_FOLDERS = ("/bin", "/lib", "/lib64", "/usr")


def storage_objects() -> list[tuple[str, dict[str, Any]]]:
    """The StorageClass and the provisioner's scripts, each with the API path to POST it to."""
    storage_class = {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {
            "name": "standard",
            "annotations": {
                "storageclass.kubernetes.io/is-default-class": "true",
                "defaultVolumeType": "local",  # unlike hostPath, it honours fsGroup
            },
        },
        "provisioner": PROVISIONER,
        "reclaimPolicy": "Delete",
        "volumeBindingMode": "WaitForFirstConsumer",
    }
    scripts = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": _CONFIG_MAP},
        "data": {"setup": 'mkdir -m 0777 -p "$VOL_DIR"\n', "teardown": 'rm -rf "$VOL_DIR"\n'},
    }
    return [
        ("/apis/storage.k8s.io/v1/storageclasses", storage_class),
        (f"/api/v1/namespaces/{_NAMESPACE}/configmaps", scripts),
    ]


def has_volumes(paths: Paths) -> bool:
    """Whether the environment was planned with the provisioner."""
    return (paths.settings / "storage.json").exists()


def arguments(paths: Paths) -> list[str]:
    """The provisioner's command line."""
    return [
        "start",
        f"--config={paths.settings / 'storage.json'}",
        f"--helper-pod-file={paths.settings / 'helper-pod.json'}",
        f"--helper-image={IMAGE}",
        f"--kubeconfig={paths.settings / 'storage.kubeconfig'}",
        f"--namespace={_NAMESPACE}",
        f"--configmap-name={_CONFIG_MAP}",
        "--service-account-name=default",
        f"--provisioner-name={PROVISIONER}",
    ]


def settings_files(paths: Paths) -> dict[str, str]:
    """The provisioner's configuration files."""
    places = [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [str(paths.disk / "volumes")]}]
    return {"storage.json": json.dumps({"nodePathMap": places}), "helper-pod.json": json.dumps(_helper_pod())}


def _helper_pod() -> dict[str, Any]:
    folders = [folder for folder in _MACHINE_FOLDERS if Path(folder).exists()]
    container = {
        "name": "helper-pod",
        "image": IMAGE,
        "imagePullPolicy": "Never",
        "env": [{"name": "PATH", "value": "/usr/sbin:/usr/bin:/sbin:/bin"}],
        "volumeMounts": [{"name": folder.strip("/"), "mountPath": folder, "readOnly": True} for folder in folders],
    }
    volumes = [{"name": folder.strip("/"), "hostPath": {"path": folder}} for folder in folders]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"containers": [container], "volumes": volumes, "terminationGracePeriodSeconds": 0},
    }
