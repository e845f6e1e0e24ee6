"""Short spellings and relative paths: what people may write, brought to the one form that the model has."""

import shlex
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ephemeral.spec.archives import is_archive
from ephemeral.spec.document import Document, KeyPath
from ephemeral.spec.model import Chart, Cluster, HelmChart, Source, Spec
from ephemeral.spec.preview_model import Preview

#: Keys whose values belong to the user: there an empty value means something.
_FREE = {"quota", "default-limits", "default-requests", "images", "set", "headers"}


def normalize(document: Document) -> None:
    """Where a list is wanted, one item will do; `test` may be a command line; an empty key is as good as none."""
    value = document.value
    _drop_empty(value)
    if isinstance(value.get("app"), dict):
        value["app"] = [value["app"]]
    _listify(value, "env")
    _listify(_inner(value, "cluster", "host", "chart"), "values")
    for source in value["app"] if isinstance(value.get("app"), list) else []:
        if isinstance(source, dict):
            _listify(source, "manifests")
            _listify(source.get("helm"), "values")
    preview = value.get("preview")
    if isinstance(preview, dict):
        _normalize_preview(document, preview)
    if isinstance(value.get("test"), str):
        _split_command(document, value, ("test",))


def resolve_paths(spec: Spec, folder: Path) -> Spec:
    """Paths in the file are relative to its folder."""
    return replace(
        spec,
        app=tuple(_resolve(source, folder) for source in spec.app),
        images=_resolve_images(spec.images, folder),
        cluster=_resolve_cluster(spec.cluster, folder),
        preview=_resolve_preview(spec.preview, folder) if spec.preview else None,
    )


def _resolve_images(images: Mapping[str, str], folder: Path) -> dict[str, str]:
    return {name: str(folder / value) if is_archive(value) else value for name, value in images.items()}


def _resolve_preview(preview: Preview, folder: Path) -> Preview:
    candidate, baseline = preview.candidate, preview.baseline
    return replace(
        preview,
        candidate=replace(
            candidate,
            images=_resolve_images(candidate.images, folder),
            patch=tuple(str(folder / path) for path in candidate.patch),
            manifests=tuple(str(folder / path) for path in candidate.manifests),
        ),
        baseline=replace(baseline, images=_resolve_images(baseline.images, folder)),
        gateway_image=_resolve_images({"": preview.gateway_image}, folder)[""],
    )


def _drop_empty(value: Any) -> None:
    if isinstance(value, list):
        for item in value:
            _drop_empty(item)
    elif isinstance(value, dict):
        for key, inner in list(value.items()):
            if inner is None:
                del value[key]
            elif key not in _FREE:
                _drop_empty(inner)


def _normalize_preview(document: Document, preview: dict[str, Any]) -> None:
    _listify(preview, "service")
    for key in ("patch", "manifests"):
        _listify(preview.get("candidate"), key)
    for name in ("steps", "checks"):
        items = preview.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict) and isinstance(item.get("run"), str):
                _split_command(document, item, ("preview", name, index, "run"))


def _split_command(document: Document, where: dict[str, Any], path: KeyPath) -> None:
    key = str(path[-1])
    try:
        where[key] = shlex.split(where[key])
    except ValueError as error:
        document.complaints.append((path, f"{str(error).lower()} in {where[key]!r}."))
        where[key] = []


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


def _inner(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _resolve_cluster(cluster: Cluster, folder: Path) -> Cluster:
    host = cluster.host
    kubeconfig = str(folder / Path(host.kubeconfig).expanduser()) if host.kubeconfig else ""
    return replace(cluster, host=replace(host, kubeconfig=kubeconfig, chart=_resolve_vcluster(host.chart, folder)))


def _resolve_vcluster(chart: Chart, folder: Path) -> Chart:
    is_local = bool(chart.source) and not chart.repo and "://" not in chart.source
    return replace(
        chart,
        source=str(folder / chart.source) if is_local else chart.source,
        values=tuple(str(folder / path) for path in chart.values),
    )


def _resolve_chart(helm: HelmChart, folder: Path) -> HelmChart:
    is_local = not helm.repo and "://" not in helm.chart
    return replace(
        helm,
        chart=str(folder / helm.chart) if is_local else helm.chart,
        values=tuple(str(folder / path) for path in helm.values),
    )
