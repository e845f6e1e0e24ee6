"""What ``programs.toml`` pins of vcluster: its chart and the images that a host cluster pulls."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ephemeral.errors import SpecError


@dataclass(frozen=True, kw_only=True, slots=True)
class VclusterRelease:
    """The pinned vcluster; ``kubernetes`` are the versions that it can run, the default first."""

    version: str
    chart: str
    repo: str
    image: str
    kubernetes_image: str
    kubernetes: tuple[str, ...]

    def kubernetes_version(self, asked: str) -> str:
        """The version that ``""`` (the default), ``1.36`` or ``1.36.0`` means. Raises SpecError."""
        for version in self.kubernetes:
            if asked in ("", version) or version.startswith(f"{asked}."):
                return version
        raise SpecError(
            f"vcluster {self.version} can't run Kubernetes {asked}.",
            hint=f"One of {', '.join(self.kubernetes)} (the first is the default).",
        )


@cache
def vcluster_release() -> VclusterRelease:
    """The one that this version of ephemeral was tested with."""
    table = tomllib.loads((Path(__file__).parent / "programs.toml").read_text(encoding="utf-8"))["vcluster"]
    return VclusterRelease(
        version=table["versions"][0],
        chart=table["chart"],
        repo=table["repo"],
        image=table["image"],
        kubernetes_image=table["kubernetes-image"],
        kubernetes=tuple(table["kubernetes"]),
    )
