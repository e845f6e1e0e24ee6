"""Where options, environment variables and the model of ephemeral.yaml meet."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ephemeral.spec.model import Cluster, Ready, Spec

if TYPE_CHECKING:
    from ephemeral.spec.load import Loaded

Function = TypeVar("Function", bound=Callable[..., Any])

#: Option -> the model's field that it sets, by dotted path; its help is the field's own sentence.
_FIELDS: dict[str, tuple[type, str]] = {
    "name": (Spec, "name"),
    "provider": (Cluster, "cluster.provider"),
    "nodes": (Cluster, "cluster.nodes"),
    "kubernetes": (Cluster, "cluster.kubernetes"),
    "ttl": (Spec, "ttl"),
    "timeout": (Ready, "ready.timeout"),
}


def spec_options(function: Function) -> Function:
    """Add every option that shapes an environment; `load_spec` takes them."""
    for option in reversed(list(_options())):
        function = option(function)
    return function


def load_spec(
    *,
    file: Path | None,
    settings: tuple[str, ...],
    images: tuple[str, ...],
    env: tuple[str, ...],
    policy: Path | None,
    **scalars: str | None,
) -> "Loaded":
    """Merge options over environment variables over the file over defaults, and keep to the host policy."""
    from ephemeral.spec.load import find_spec, load

    overrides: dict[str, Any] = {_FIELDS[name][1]: value for name, value in scalars.items() if value}
    overrides |= dict(_setting(text) for text in settings)
    overrides |= {f"images[{name}]": image for name, image in map(_image, images)}
    loaded = load(file or find_spec(Path.cwd()), overrides=overrides, allow_env=env)
    if policy:
        from ephemeral.spec.host_policy import load_host_policy, tighten

        loaded = replace(loaded, spec=tighten(loaded, load_host_policy(policy)))
    return loaded


def _options() -> Iterator[Callable[[Function], Function]]:
    path = click.Path(path_type=Path, dir_okay=False)
    yield click.option(
        "-f", "--file", type=path, envvar="EPHEMERAL_FILE", show_envvar=True, help="ephemeral.yaml to read, if not ./"
    )
    for name, (model, dotted) in _FIELDS.items():
        variable = f"EPHEMERAL_{name.upper()}"
        yield click.option(f"--{name}", envvar=variable, show_envvar=True, help=_sentence(model, dotted))
    yield click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help="Set any other key.")
    yield click.option("--image", "images", multiple=True, metavar="NAME=IMAGE", help="Run IMAGE where NAME is named.")
    yield click.option("--env", multiple=True, metavar="NAME", help="Let ${NAME} read this environment variable.")
    help_text = "The admin's host policy; ephemeral.yaml may only tighten it."
    yield click.option("--policy", type=path, envvar="EPHEMERAL_POLICY", show_envvar=True, help=help_text)


def _sentence(model: Any, dotted: str) -> str:
    name = dotted.rpartition(".")[2]
    return next(str(field.metadata["doc"]) for field in fields(model) if field.name == name)


def _setting(text: str) -> tuple[str, Any]:
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise click.BadParameter(f"{text!r} is not PATH=VALUE", param_hint="--set")
    import yaml

    try:
        return path, yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise click.BadParameter(f"{value!r} is not a YAML value", param_hint="--set") from error


def _image(text: str) -> tuple[str, str]:
    name, equals, image = text.partition("=")
    if not (name and equals and image):
        raise click.BadParameter(f"{text!r} is not NAME=IMAGE", param_hint="--image")
    return name, image
