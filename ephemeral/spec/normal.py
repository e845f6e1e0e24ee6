"""Short spellings and relative paths: what people may write, brought to the one form that the model has."""

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

from ephemeral.spec.model import HelmChart, Source, Spec


def normalize(value: dict[str, Any]) -> None:
    """Where a list is wanted, one item will do; `test` may be a command line. Changes ``value`` in place."""
    if isinstance(value.get("app"), dict):
        value["app"] = [value["app"]]
    if isinstance(value.get("test"), str):
        value["test"] = shlex.split(value["test"])
    if isinstance(value.get("env"), str):
        value["env"] = [value["env"]]
    for source in value.get("app") or []:
        if isinstance(source, dict):
            _listify(source, "manifests")
            _listify(source.get("helm"), "values")


def resolve_paths(spec: Spec, folder: Path) -> Spec:
    """Paths in the file are relative to its folder."""
    return replace(spec, app=tuple(_resolve(source, folder) for source in spec.app))


def _listify(value: Any, key: str) -> None:
    if isinstance(value, dict) and isinstance(value.get(key), str):
        value[key] = [value[key]]


def _resolve(source: Source, folder: Path) -> Source:
    return replace(
        source,
        manifests=tuple(path if path == "-" else str(folder / path) for path in source.manifests),
        kustomize=str(folder / source.kustomize) if source.kustomize else "",
        helm=_resolve_chart(source.helm, folder) if source.helm else None,
    )


def _resolve_chart(helm: HelmChart, folder: Path) -> HelmChart:
    is_local = not helm.repo and not helm.chart.startswith("oci://")
    return replace(
        helm,
        chart=str(folder / helm.chart) if is_local else helm.chart,
        values=tuple(str(folder / path) for path in helm.values),
    )
