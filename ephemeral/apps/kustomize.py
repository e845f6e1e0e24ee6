"""Manifests from a kustomization, built by kubectl."""

from pathlib import Path

from ephemeral.apps.documents import parse
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest
from ephemeral.process import run
from ephemeral.waiting import Deadline


def build(folder: str, *, base: Path, kubectl: Path, deadline: Deadline) -> list[Manifest]:
    """Build the kustomization in ``folder``, relative to ``base``.

    Raises SpecError when there is no such folder or nothing comes out, ProgramError with kustomize's own words.
    """
    # kustomize also takes the URL of a Git repository, which is left to it.
    where = folder if "://" in folder else str(base / folder)
    if "://" not in folder and not Path(where).is_dir():
        raise SpecError(f"kustomize folder {folder} does not exist")
    built = run([kubectl, "kustomize", where], timeout=deadline.remaining())
    found = parse(built.stdout, f"kustomize {folder}")
    if not found:
        raise SpecError(f"kustomization {folder} holds no Kubernetes object")
    return found
