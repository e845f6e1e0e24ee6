"""Where options, variables and the file meet."""

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from ephemeral.cli.options import load_spec, spec_options
from ephemeral.errors import EphemeralError, PolicyError, SpecError
from ephemeral.spec.model import Spec


@pytest.fixture
def spec(tmp_path, monkeypatch):
    """The spec that a command line leads to, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    @click.command()
    @spec_options
    @click.pass_context
    def command(context: click.Context, **options: object) -> None:
        context.obj.append(load_spec(**options))

    def spec(*arguments: str, **variables: str) -> Spec:
        found: list = []
        result = CliRunner().invoke(command, arguments, obj=found, env=variables)
        if isinstance(result.exception, EphemeralError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return found[0].spec

    spec.command = command
    return spec


SCALARS = {
    "name": ("a", "b", "c", "name: c"),
    "provider": ("vcluster", "local", "vcluster", "cluster: {provider: vcluster}"),
    "nodes": ("simulated", "real", "simulated", "cluster: {nodes: simulated}"),
    "kubernetes": ("1.34", "1.35", "1.36", "cluster: {kubernetes: 1.36}"),
    "ttl": ("1m", "2m", "3m", "ttl: 3m"),
    "timeout": ("1m", "2m", "3m", "ready: {timeout: 3m}"),
}


def value(spec: Spec, option: str) -> str:
    return getattr(spec if option in ("name", "ttl") else spec.ready if option == "timeout" else spec.cluster, option)


@pytest.mark.parametrize("option", SCALARS)
def test_option_wins_over_variable_over_file_over_default(option, spec):
    given, variable, in_file, text = SCALARS[option]
    environ = {f"EPHEMERAL_{option.upper()}": variable}
    default = value(spec(), option)
    Path("ephemeral.yaml").write_text(text)
    assert value(spec(f"--{option}", given, **environ), option) == given
    assert value(spec(**environ), option) == variable
    assert value(spec(), option) == in_file
    assert default != in_file


@pytest.mark.parametrize("option", SCALARS)
def test_help_shows_every_variable(option, spec):
    output = CliRunner().invoke(spec.command, ["--help"], terminal_width=200).output
    assert f"EPHEMERAL_{option.upper()}]" in output
    assert f"--{option} " in output


def test_an_empty_variable_is_none(spec):
    assert spec(EPHEMERAL_TTL="", EPHEMERAL_NAME="").ttl == "1h"


def test_set_reaches_any_key(spec):
    found = spec(
        *("--set", "isolation.quota.pods=5", "--set", "isolation.quota[requests.cpu]=2"),
        *("--set", "cluster.simulated={count: 2, cpu: 1.50}", "--set", "app={kustomize: /k8s}"),
        *("--set", "isolation.network.allow-egress=[10.0.0.0/8]", "--set", "cluster.kubernetes=1.30"),
        *("--set", "test=pytest -q"),
    )
    assert found.isolation.quota == {"pods": "5", "requests.cpu": "2"}
    assert (found.cluster.simulated.count, found.cluster.simulated.cpu) == (2, "1.50")
    assert found.app[0].kustomize == "/k8s"
    assert found.isolation.network.allow_egress == ("10.0.0.0/8",)
    assert found.cluster.kubernetes == "1.30"
    assert found.test == ("pytest", "-q")


def test_images(spec):
    Path("ephemeral.yaml").write_text("images: {web: a, db: b}")
    found = spec("--image", "web=shop/web:1@sha256:0=", "--image", "registry.test:5000/api=api:2")
    assert found.images == {"web": "shop/web:1@sha256:0=", "db": "b", "registry.test:5000/api": "api:2"}


def test_env_lets_a_variable_be_read(spec):
    Path("ephemeral.yaml").write_text("images: {web: 'web:${TAG}'}")
    assert spec("--env", "TAG", TAG="v1").images == {"web": "web:v1"}
    with pytest.raises(SpecError, match=r"\$\{TAG\} may not be read"):
        spec(TAG="v1")


def test_file(spec):
    Path("other.yaml").write_text("ttl: 7m")
    Path("ephemeral.yaml").write_text("ttl: 3m")
    assert spec("-f", "other.yaml").ttl == "7m"
    assert spec(EPHEMERAL_FILE="other.yaml").ttl == "7m"
    with pytest.raises(SpecError, match=r"^missing\.yaml can't be read: No such file or directory\.$"):
        spec("-f", "missing.yaml")


@pytest.mark.parametrize(
    ("arguments", "environ", "message"),
    [
        (["--ttl", "x"], {}, "--ttl: ttl: 'x' is no duration. Write it like 90s, 15m, 1h30m or 1d."),
        ([], {"EPHEMERAL_TTL": "x"}, "EPHEMERAL_TTL: ttl: 'x' is no duration. Write it like 90s, 15m, 1h30m or 1d."),
        (["--set", "ttl=x"], {}, "--set ttl: ttl: 'x' is no duration. Write it like 90s, 15m, 1h30m or 1d."),
        (["--name", "A"], {}, "--name: name: 'A' is no DNS-1123 label: a-z, 0-9 and -, with no - at the ends."),
        (["--set", "ttl=["], {}, "--set ttl:2:1: did not find expected node content (while parsing a flow node)."),
        (["--set", "a]=1"], {}, "--set a]: 'a]' is no path of keys."),
        (["--set", "a..b=1"], {}, "--set a..b: 'a..b' is no path of keys."),
        (["--set", "images[a=1"], {}, "--set images[a: 'images[a' is no path of keys."),
        (["--set", "[]=1"], {}, "--set []: '[]' is no path of keys."),
        (["--image", "a]=b"], {}, "--image: 'images[a]]' is no path of keys."),
    ],
)  # fmt: skip
def test_complaints_name_the_option_or_variable(arguments, environ, message, spec):
    with pytest.raises(SpecError) as raised:
        spec(*arguments, **environ)
    assert raised.value.message == message


@pytest.mark.parametrize(
    "arguments",
    [
        ["--set", "ttl"],
        ["--set", "=1"],
        ["--image", "web"],
        ["--image", "web="],
        ["--nodes", "fake"],
        ["--provider", "x"],
    ],
)
def test_usage_errors(arguments, spec):
    result = CliRunner().invoke(spec.command, arguments, obj=[])
    assert result.exit_code == 2
    assert (
        f"Invalid value for '{arguments[0]}'" in result.output or f"Invalid value for {arguments[0]}" in result.output
    )


def test_policy(spec):
    Path("policy.yaml").write_text("ttl: 30m")
    Path("loose.yaml").write_text("ttl: 9h")
    assert spec("--policy", "policy.yaml").ttl == "30m"
    assert spec(EPHEMERAL_POLICY="policy.yaml").ttl == "30m"
    with pytest.raises(PolicyError, match=r"^--ttl: ttl asks for 2h; policy\.yaml:1: ttl allows at most 30m\.$"):
        spec("--policy", "policy.yaml", "--ttl", "2h")
    with pytest.raises(PolicyError, match=r"^EPHEMERAL_TTL: ttl asks for 2h"):
        spec("--policy", "policy.yaml", EPHEMERAL_TTL="2h")


@pytest.mark.parametrize(
    "code",
    ["import ephemeral.cli.options", "from ephemeral.cli.up import up\nup(['--help'], standalone_mode=False)"],
)
def test_help_imports_nothing_heavy(code):
    heavy = "import sys; print({'pydantic', 'kubernetes', 'rich', 'yaml'} & set(sys.modules), file=sys.stderr)"
    finished = subprocess.run([sys.executable, "-c", f"{code}\n{heavy}"], capture_output=True, text=True, timeout=60)
    assert finished.stderr == "set()\n"
