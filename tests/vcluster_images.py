"""The images that vcluster's chart runs, made of programs of this machine, under the names that it asks for."""

from pathlib import Path

from ephemeral.tools import require
from ephemeral.tools.vcluster import vcluster_release
from tests import images, programs

_RELEASE = vcluster_release()
VCLUSTER = f"ghcr.io/{_RELEASE.image}:{_RELEASE.version}"
KUBERNETES = f"ghcr.io/{_RELEASE.kubernetes_image}:v{_RELEASE.kubernetes[0]}"
#: Set in the chart of vcluster 0.36.
COREDNS = "docker.io/coredns/coredns:1.14.2"


def archives() -> dict[str, Path]:
    """Name of an image -> archive."""
    return {VCLUSTER: _vcluster(), KUBERNETES: _kubernetes(), COREDNS: _coredns()}


def _vcluster() -> Path:
    files: dict[str, images.Content] = {
        **images.busybox_files(),
        "vcluster": programs.vcluster() / "vcluster",
    }
    return images.write_once("vcluster", VCLUSTER, files, entrypoint=["/vcluster", "start"], workdir="/")


def _kubernetes() -> Path:
    """An init container copies the programs from it to where the control plane starts them."""
    found = require(["kube-apiserver", "kube-controller-manager"])
    files: dict[str, images.Content] = {
        **images.busybox_files(),
        **{f"kubernetes/{name}": path for name, path in found.items()},
        "kubernetes/kine": programs.kine() / "kine",
    }
    return images.write_once("vcluster-kubernetes", KUBERNETES, files)


def _coredns() -> Path:
    files: dict[str, images.Content] = {"coredns": require(["coredns"])["coredns"]}
    return images.write_once("vcluster-coredns", COREDNS, files, entrypoint=["/coredns"])
