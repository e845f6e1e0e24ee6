"""Where options, environment variables and the model of ephemeral.yaml meet."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import click

from ephemeral.spec.model import Cluster, Ready, Spec

if TYPE_CHECKING:
    from ephemeral.spec.document import Document
    from ephemeral.spec.load import Loaded

Function = TypeVar("Function", bound=Callable[..., Any])

#: Option -> the model and the path of the field that it sets; its help is the field's own sentence.
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
    base: "Document | None" = None,
    **scalars: str | None,
) -> "Loaded":
    """Merge options over environment variables over the file over defaults, and hold it to the host policy.

    With ``base`` (see `spec.load`) a file that is not named is not looked for.

    Raises SpecError for what is wrong, PolicyError for what the host policy does not allow.
    """
    from ephemeral.spec.load import find_spec, load

    given = [*_scalars(scalars), *map(_setting, settings), *map(_image, images)]
    overrides = {path: value for path, value, _ in given}
    origins = {path: origin for path, _, origin in given}
    path = file if file or base is not None else find_spec(Path.cwd())
    loaded = load(path, overrides=overrides, origins=origins, allow_env=env, base=base)
    if policy:
        from ephemeral.spec.host_policy import load_host_policy
        from ephemeral.spec.tighten import tighten

        loaded = replace(loaded, spec=tighten(loaded, load_host_policy(policy)))
    return loaded


def _options() -> Iterator[Callable[[Function], Function]]:
    path = click.Path(path_type=Path)
    file_help = "What to create and deploy.  [default: ./ephemeral.yaml, if there is one]"
    yield click.option("-f", "--file", type=path, envvar="EPHEMERAL_FILE", show_envvar=True, help=file_help)
    for name, (model, dotted) in _FIELDS.items():
        yield _scalar_option(name, model, dotted.rpartition(".")[2])
    setting_help = "Set any other key, such as cluster.simulated.count=3 or 'isolation.quota[limits.cpu]=4'."
    yield click.option("--set", "settings", multiple=True, metavar="PATH=VALUE", help=setting_help)
    yield click.option("--image", "images", multiple=True, metavar="NAME=IMAGE", help="Run IMAGE where NAME is named.")
    env_help = "Let ${NAME} in the file read this environment variable."
    yield click.option("--env", multiple=True, metavar="NAME", help=env_help)
    policy_help = "The admin's host policy, which the file may only tighten."
    yield click.option("--policy", type=path, envvar="EPHEMERAL_POLICY", show_envvar=True, help=policy_help)


def _scalar_option(name: str, model: Any, field_name: str) -> Callable[[Function], Function]:
    sentence = next(str(each.metadata["doc"]) for each in fields(model) if each.name == field_name)
    choices = get_args(get_type_hints(model)[field_name])
    return click.option(
        f"--{name}",
        type=click.Choice(choices) if choices else str,
        envvar=_variable(name),
        show_envvar=True,
        help=sentence.replace("`", ""),
    )


def _variable(name: str) -> str:
    return f"EPHEMERAL_{name.upper()}"


def _scalars(scalars: dict[str, str | None]) -> Iterator[tuple[str, Any, str]]:
    """Path, value and origin of each option or variable that is set."""
    context = click.get_current_context(silent=True)
    for name, value in scalars.items():
        source = context and context.get_parameter_source(name)
        from_variable = source is click.core.ParameterSource.ENVIRONMENT
        if value:
            yield _FIELDS[name][1], value, _variable(name) if from_variable else f"--{name}"


def _setting(text: str) -> tuple[str, Any, str]:
    path, equals, value = text.partition("=")
    if not equals or not path:
        raise click.BadParameter(f"{text!r} is not PATH=VALUE", param_hint="--set")
    from ephemeral.spec.read import read_value

    origin = f"--set {path}"
    return path, read_value(value, origin), origin


def _image(text: str) -> tuple[str, str, str]:
    name, equals, image = text.partition("=")
    if not (name and equals and image):
        raise click.BadParameter(f"{text!r} is not NAME=IMAGE", param_hint="--image")
    return f"images[{name}]", image, "--image"
