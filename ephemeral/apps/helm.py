"""Manifests from a Helm chart, rendered by the helm program.

The objects are applied like any others: there is no release to roll back, the whole environment goes. Objects that are
install hooks are applied with the rest, in the order of their kinds; hooks of upgrade, rollback, deletion and test are
left out.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ephemeral.apps.documents import parse
from ephemeral.errors import SpecError
from ephemeral.kube.objects import Manifest
from ephemeral.process import run
from ephemeral.spec.model import HelmChart
from ephemeral.waiting import Deadline

_HOOK = "helm.sh/hook"
_INSTALL_HOOKS = {"crd-install", "pre-install", "post-install"}
_SOURCE = re.compile(r"^# Source: (.+)$", re.MULTILINE)
_ARCHIVE = re.compile(r"(-v?\d[\w.+-]*)?\.tgz$")
_KEY = re.compile(r"(?:[^.\\]|\\.)+")


def template(chart: HelmChart, *, base: Path, helm: Path, deadline: Deadline, kubernetes: str = "") -> list[Manifest]:
    """Render a chart; files are relative to ``base``, ``kubernetes`` is the version that the chart is told.

    Single values reach helm through its stdin: they may be secrets, which neither argv nor a file should hold.

    Raises SpecError for files that do not exist, ProgramError with helm's own words.
    """
    argv: list[str | Path] = [helm, "template", _release(chart, base), _chart(chart, base), "--include-crds"]
    argv += ["--namespace", chart.namespace]
    for option, value in (("--repo", chart.repo), ("--version", chart.version), ("--kube-version", kubernetes)):
        argv += [option, value] if value else []
    for file in chart.values:
        argv += ["--values", _existing(base / file, file)]
    rendered = run([*argv, "--values", "-"], stdin=json.dumps(_nested(chart.set)), timeout=deadline.remaining())
    found = [each for each in _manifests(rendered.stdout, chart) if _is_applied(each)]
    if not found:
        raise SpecError(f"chart {chart.chart} renders no Kubernetes object")
    return found


def _release(chart: HelmChart, base: Path) -> str:
    """The release's name: the chart's own, unless one is given."""
    if chart.release:
        return chart.release
    description = base / chart.chart / "Chart.yaml"
    if description.is_file():
        return str(_yaml(description).get("name", description.parent.name))
    return _ARCHIVE.sub("", chart.chart.rstrip("/").rpartition("/")[2])


def _yaml(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        return yaml.load(path.read_text(), Loader=yaml.CSafeLoader) or {}
    except yaml.YAMLError as error:
        raise SpecError(f"{path} is not YAML: {error}") from error


def _chart(chart: HelmChart, base: Path) -> str:
    """Where helm finds the chart: a path below ``base`` when there is one, else what the user wrote."""
    if (base / chart.chart).exists():
        return str(base / chart.chart)
    if chart.repo or "://" in chart.chart or not chart.chart.startswith((".", "/")):
        return chart.chart
    raise SpecError(f"Helm chart {chart.chart} does not exist")


def _existing(path: Path, shown: str) -> Path:
    if not path.is_file():
        raise SpecError(f"Helm values file {shown} does not exist")
    return path


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Spell ``image.tag: x`` as values files do; ``\\.`` is a dot within a key."""
    nested: dict[str, Any] = {}
    for path, value in values.items():
        if "[" in path:
            raise SpecError(f"Helm value {path}: single values can't reach into lists", hint="use a values file")
        *parents, last = (key.replace("\\.", ".") for key in _KEY.findall(path))
        place = nested
        for key in parents:
            place = place.setdefault(key, {})
            if not isinstance(place, dict):
                raise SpecError(f"Helm value {path}: {key} is set to a single value already")
        place[last] = value
    return nested


def _manifests(text: str, chart: HelmChart) -> Iterator[Manifest]:
    """Every object with the template it comes from, which helm writes above it."""
    for document in re.split(r"^---\s*$", text, flags=re.MULTILINE):
        source = _SOURCE.search(document)
        origin = source.group(1) if source else f"chart {chart.chart}"
        for manifest in parse(document, origin, namespace=chart.namespace):
            yield replace(manifest, origin=origin)


def _is_applied(manifest: Manifest) -> bool:
    hooks = (manifest.object["metadata"].get("annotations") or {}).get(_HOOK)
    return hooks is None or bool(_INSTALL_HOOKS & {each.strip() for each in hooks.split(",")})
