"""`ephemeral init`: a first ephemeral.yaml, from what stands in the repository."""

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import click

from ephemeral.errors import SpecError

_DEFAULT = "ephemeral.yaml"
_SKIPPED = {"node_modules", "vendor", "venv", "dist", "build", "target", "testdata", "tests", "test"}
_MANIFEST_FOLDERS = {"k8s", "kubernetes", "deploy", "deployment", "deployments", "manifests", "kube"}
_DEPTH = 3
_PLAIN = re.compile(r"[A-Za-z_./][A-Za-z0-9_./-]*")
_NOT_TEXT = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}

TEMPLATE = """\
name: {name}

cluster:
  nodes: simulated   # pods turn Ready, nothing runs; `real` runs them

# Pod Security "baseline", a quota, default limits and network rules are in force. Tighten or widen them here:
# isolation:
#   pod-security: restricted
#   quota: {{pods: 30}}

{app}

# Run other images than the manifests name; `env` lists the only variables that ${{...}} may read:
# env: [TAG]
# images:
#   example.com/web: example.com/web:${{TAG:-latest}}

ready:
  timeout: 5m

ttl: 1h
{test}
"""

NO_APP = """\
# Nothing to deploy was found. One of:
# app:
#   - manifests: k8s
#   - kustomize: overlays/dev
#   - helm: {chart: charts/web}"""


@click.command()
@click.option("--force", is_flag=True, help="Overwrite an ephemeral.yaml that is there.")
@click.option("--output", default=_DEFAULT, show_default=True, help="File to write; - prints it.")
def init(*, force: bool, output: str) -> None:
    """Write a commented ephemeral.yaml by looking at the repository."""
    text = compose(Path.cwd())
    if output == "-":
        click.echo(text, nl=False)
        return
    _refuse_overwriting(Path(output), force=force)
    try:
        Path(output).write_text(text, encoding="utf-8")
    except OSError as error:
        raise SpecError(f"{output} can't be written: {error.strerror}.") from error
    click.echo(f"wrote {output}; next: ephemeral run" + ("" if "\ntest:" in text else " -- COMMAND"))


def compose(folder: Path) -> str:
    """The text of an ephemeral.yaml for a repository."""
    from ephemeral.spec.load import slug

    sources = list(_sources(folder))
    app = "\n".join(["app:", *(f"  {line}" for line in sources)]) if sources else NO_APP
    test = _test_command(folder)
    return TEMPLATE.format(
        name=_scalar(slug(folder.resolve().name)), app=app, test=f"{'' if test else '# '}test: {test or 'pytest -q'}"
    )


def _refuse_overwriting(output: Path, *, force: bool) -> None:
    from ephemeral.spec.load import find_spec

    there = output if output.exists() else find_spec(Path.cwd()) if str(output) == _DEFAULT else None
    if there and not force:
        raise SpecError(f"{there.name} is there already.", hint="--force overwrites it, `--output -` prints instead.")


def _sources(folder: Path) -> Iterator[str]:
    """Lines under `app:`: kustomizations, else charts, else folders of manifests; others as comments."""
    found = list(_folders(folder))
    kustomizations = _outermost(_with(found, r"kustomization\.ya?ml", _is_overlay))
    charts = _outermost(_with(found, r"Chart\.yaml", _is_application))
    manifests = _outermost(each for each in _with(found, r".+\.ya?ml", _has_objects) if each.name in _MANIFEST_FOLDERS)
    lines = [f"kustomize: {_scalar(_relative(each, folder))}" for each in kustomizations]
    lines += [f"helm: {{chart: {_scalar(_relative(each, folder))}}}" for each in charts]
    if not lines:
        yield from (f"- manifests: {_scalar(_relative(each, folder))}" for each in manifests)
        return
    # Variants of one app, more likely than not: only one of them is to be deployed.
    yield from (f"{'# ' if number else ''}- {line}" for number, line in enumerate(lines))


def _folders(folder: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders near the root with the names of their files, the shallowest first."""
    found = []
    for name, folders, files in os.walk(folder):
        depth = len(Path(name).relative_to(folder).parts)
        wanted = [each for each in folders if not each.startswith(".") and each not in _SKIPPED]
        folders[:] = sorted(wanted) if depth < _DEPTH else []
        found.append((depth, Path(name), sorted(files)))
    yield from ((path, files) for _, path, files in sorted(found))


def _with(found: Iterable[tuple[Path, list[str]]], name: str, accepts: Callable[[str], bool]) -> Iterator[Path]:
    """Folders that have a file of such a name and content."""
    for folder, files in found:
        texts = (_text(folder / each) for each in files if re.fullmatch(name, each))
        if any(accepts(text) for text in texts):
            yield folder


def _outermost(folders: Iterable[Path]) -> list[Path]:
    kept: list[Path] = []
    for folder in folders:
        if not any(folder.is_relative_to(other) for other in kept):
            kept.append(folder)
    return kept


def _is_overlay(text: str) -> bool:
    return not re.search(r"^kind:\s*Component\b", text, re.MULTILINE)


def _is_application(text: str) -> bool:
    return not re.search(r"^type:\s*library\b", text, re.MULTILINE)


def _has_objects(text: str) -> bool:
    return all(re.search(rf"^{key}:", text, re.MULTILINE) for key in ("kind", "apiVersion"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _relative(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix()


def _scalar(text: str) -> str:
    """The text as a YAML scalar; JSON's strings are YAML's."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT else json.dumps(text)


def _test_command(folder: Path) -> str:
    """How the repository's own tests are run, as far as its files tell; empty: unknown."""
    if (folder / "go.mod").exists():
        return "go test ./..."
    if '"test"' in _text(folder / "package.json"):
        return "npm test"
    if any((folder / name).exists() for name in ("pytest.ini", "pyproject.toml")) or any(
        folder.glob("tests/test_*.py")
    ):
        return "pytest -q"
    return ""
