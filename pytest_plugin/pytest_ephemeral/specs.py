"""From `ephemeral_spec`, the settings and a test's marker to the Spec of one environment."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

from pytest_ephemeral.options import Settings, nearest_file
from pytest_ephemeral.variants import Variant

if TYPE_CHECKING:
    from ephemeral.spec.model import Cluster, Spec

#: What a user's `ephemeral_spec` may return: a Spec, the path of an ephemeral.yaml, or its keys.
SpecLike = "Spec | Path | str | Mapping[str, Any]"


def default_spec(config: pytest.Config, settings: Settings) -> "Spec":
    """The ephemeral.yaml that is configured, or the nearest one; without any, an empty cluster."""
    from ephemeral.spec.load import load

    if settings.file:
        return load(config.invocation_params.dir / settings.file).spec
    found = nearest_file(config)
    return load(found, overrides=None if found else {"name": _name_of(config.rootpath)}).spec


def spec_of(said: Any, variant: Variant, settings: Settings, config: pytest.Config) -> "Spec":
    """The Spec that a test gets: its marker over the settings over what `ephemeral_spec` says.

    Raises SpecError, naming what is wrong.
    """
    spec = _load(config.rootpath / variant.file if variant.file else said, config.rootpath)
    cluster = replace(
        spec.cluster,
        **_given(
            provider=variant.provider or settings.provider,
            nodes=variant.nodes or settings.nodes,
            kubernetes=variant.kubernetes,
        ),
    )
    spec = replace(spec, cluster=_checked(cluster), images={**spec.images, **settings.images})
    return spec if variant.app in (None, True) else replace(spec, app=_sources(variant.app, config.rootpath))


def _load(said: Any, root: Path) -> "Spec":
    from ephemeral.errors import SpecError
    from ephemeral.spec.load import load
    from ephemeral.spec.model import Spec

    if isinstance(said, Spec):
        return said if said.name else replace(said, name=_name_of(root))
    if isinstance(said, str | Path):
        return load(root / said).spec
    if isinstance(said, Mapping):
        origins = {key: f"ephemeral_spec: {key}" for key in said}
        return load(None, overrides={"name": _name_of(root), **said}, origins=origins).spec
    raise SpecError(
        f"ephemeral_spec returned {said!r}.", hint="It returns a Spec, a path, or a dict of ephemeral.yaml's keys."
    )


def _checked(cluster: "Cluster") -> "Cluster":
    """Hold a version from an option or a marker to what is known, before anything is started."""
    if cluster.kubernetes and cluster.provider == "local":
        from ephemeral.tools import resolve_kubernetes

        resolve_kubernetes(cluster.kubernetes)
    return cluster


def _given(**values: str | None) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value}


def _sources(app: "Literal[False] | str | tuple[str, ...] | Any", root: Path) -> "tuple[Any, ...]":
    from ephemeral.spec.model import Source

    if not app:
        return ()
    paths = (app,) if isinstance(app, str) else app
    return (Source(manifests=tuple(str(root / path) for path in paths)),)


def _name_of(folder: Path) -> str:
    from ephemeral.spec.load import slug

    return slug(folder.name)
