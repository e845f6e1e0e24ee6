"""Every setting, once: the command line, the ini file and the environment variables are made from this table."""

import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Literal, get_args

import pytest

Scope = Literal["session", "worker", "test"]
Keep = Literal["never", "on-failure", "always"]
Missing = Literal["fail", "skip"]

#: From wide to narrow: of two that apply to a test, the narrower one wins.
SCOPES: tuple[str, ...] = get_args(Scope)


@dataclass(eq=False, repr=False)  # what is generated costs every pytest run time
class Option:
    """One setting: ``--ephemeral-keep-ttl``, ini ``ephemeral_keep_ttl``, variable ``EPHEMERAL_KEEP_TTL``."""

    name: str
    default: str
    help: str
    choices: tuple[str, ...] = ()
    metavar: str = ""

    @property
    def flag(self) -> str:
        """How the command line spells it."""
        return f"--ephemeral-{self.name}"

    @property
    def key(self) -> str:
        """How the ini file spells it."""
        return f"ephemeral_{self.name.replace('-', '_')}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return self.key.upper()


OPTIONS = (
    Option(
        "file",
        "",
        "What to create and deploy; empty: the ephemeral.yaml of the tests' folder or of one above, if any.",
        (),
        "PATH",
    ),
    Option("provider", "", "Where clusters come from.", ("local", "vcluster")),
    Option("nodes", "", "Whether nodes run pods or only pretend to.", ("real", "simulated")),
    Option("kubernetes", "", "Kubernetes version; several, with commas: every test runs on each.", (), "VERSION"),
    Option("image", "", "Images to run in place of others; several, with commas.", (), "NAME=IMAGE"),
    Option("host-context", "", "kubeconfig context of the host cluster (provider vcluster).", (), "CONTEXT"),
    Option("scope", "session", "What shares one environment: the run, an xdist worker, or nothing.", SCOPES),
    Option("keep", "never", "Which environments outlive the run.", get_args(Keep)),
    Option("keep-ttl", "1h", "How long a kept environment lives.", (), "DURATION"),
    Option("reuse", "", "Use the environment of this name, making it if need be; it is not removed.", (), "NAME"),
    Option("report-dir", "ephemeral-report", "Where the bundles of failed tests go.", (), "DIR"),
    Option("pool", "auto", "Ready clusters to hold for scope `test`: a number, or what memory allows.", (), "N"),
    Option("missing-tools", "fail", "What a test does where a program can't be found or built.", get_args(Missing)),
)


@dataclass(eq=False, repr=False)
class Settings:
    """What holds for this run; the fields are the options above."""

    file: str
    provider: str
    nodes: str
    kubernetes: str
    image: str
    host_context: str
    scope: str
    keep: str
    keep_ttl: str
    reuse: str
    report_dir: Path
    pool: str
    missing_tools: str

    @property
    def versions(self) -> tuple[str, ...]:
        """The Kubernetes versions that were asked for; empty: the default."""
        return tuple(_parts(self.kubernetes))

    @property
    def images(self) -> dict[str, str]:
        """Image overrides: name in the manifests -> image to run."""
        return dict(part.split("=", 1) for part in _parts(self.image))


SETTINGS = pytest.StashKey[Settings]()


def add_options(parser: pytest.Parser) -> None:
    """Declare every option on the command line and in the ini file."""
    group = parser.getgroup("ephemeral", "a Kubernetes cluster for tests (ephemeral)")
    for option in OPTIONS:
        shown = f"{option.help} [{option.default}]" if option.default else option.help
        group.addoption(
            option.flag,
            dest=option.key,
            metavar=option.metavar or "|".join(option.choices),
            help=f"{shown} (ini {option.key}, environment {option.variable})",
        )
        parser.addini(option.key, f"{option.help} See {option.flag}.", default=None)


def read_settings(config: pytest.Config) -> Settings:
    """Command line over environment over ini over default. Raises UsageError for a value that can't be."""
    values = {field.name: _value(config, option) for field, option in zip(fields(Settings), OPTIONS, strict=True)}
    values["report_dir"] = str(config.invocation_params.dir / values["report_dir"])
    if values["pool"] != "auto" and not values["pool"].isdecimal():
        raise pytest.UsageError(f"--ephemeral-pool: {values['pool']!r} is neither a number nor auto")
    if wrong := [part for part in _parts(values["image"]) if not all(part.partition("="))]:
        raise pytest.UsageError(f"--ephemeral-image: {wrong[0]!r} is not NAME=IMAGE")
    if values["keep_ttl"] != "1h":
        _check_duration(values["keep_ttl"])
    return Settings(**{**values, "report_dir": Path(values["report_dir"])})  # type: ignore[arg-type]


def nearest_file(config: pytest.Config) -> Path | None:
    """The ephemeral.yaml of the folder of the tests that are to run, or of one above it up to pytest's root."""
    places = [str(config.invocation_params.dir / argument.partition("::")[0]) for argument in config.args]
    folder = Path(os.path.commonpath(places or [str(config.rootpath)]))
    for place in (folder, *folder.parents):
        for name in ("ephemeral.yaml", "ephemeral.yml"):
            if (place / name).is_file():
                return place / name
        if place == config.rootpath:
            break
    return None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _check_duration(text: str) -> None:
    from ephemeral.errors import SpecError
    from ephemeral.spec.durations import parse_duration

    try:
        parse_duration(text)
    except SpecError as error:
        raise pytest.UsageError(f"--ephemeral-keep-ttl: {text!r}: {error}") from None


def header(config: pytest.Config) -> list[str]:
    """What was set, for the report's header; nothing where nobody has said anything about ephemeral."""
    given = {option.name: _given(config, option) for option in OPTIONS}
    words = [f"{name} {value[1]}" for name, value in given.items() if value]
    if not words and not nearest_file(config):
        return []
    from ephemeral import __version__

    return [f"ephemeral: {__version__}; {', '.join(words) or 'ephemeral.yaml'}"]


def _value(config: pytest.Config, option: Option) -> str:
    origin, value = _given(config, option) or ("", option.default)
    if option.choices and value and value not in option.choices:
        raise pytest.UsageError(f"{origin}: {value!r} is none of {', '.join(option.choices)}")
    return value


def _given(config: pytest.Config, option: Option) -> tuple[str, str] | None:
    """Where a setting was made, and its value."""
    sources = {
        option.flag: config.getoption(option.key),
        option.variable: os.environ.get(option.variable),
        f"{config.inipath}: {option.key}": config.getini(option.key),
    }
    return next(((origin, str(value)) for origin, value in sources.items() if value), None)
