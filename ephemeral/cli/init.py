"""`ephemeral init`: a first ephemeral.yaml, from what stands in the repository."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from ephemeral.errors import SpecError

_SKIPPED = {".git", "node_modules", "vendor", ".venv", "venv", "dist", "build"}
_MANIFEST_FOLDERS = ("k8s", "kubernetes", "deploy", "manifests", "deployment", "kube")
_DEPTH = 3


@click.command()
@click.option("--force", is_flag=True, help="Overwrite an ephemeral.yaml that is there.")
@click.option("--output", default="ephemeral.yaml", show_default=True, help="File to write; `-` prints it.")
def init(*, force: bool, output: str) -> None:
    """Write a commented ephemeral.yaml by looking at the repository."""
    text = compose(Path.cwd())
    if output == "-":
        click.echo(text, nl=False)
        return
    if Path(output).exists() and not force:
        raise SpecError(f"{output} is there already.", hint="--force overwrites it, `--output -` prints instead.")
    Path(output).write_text(text, encoding="utf-8")
    click.echo(f"wrote {output}; now: ephemeral run -- COMMAND")


def compose(folder: Path) -> str:
    """The text of an ephemeral.yaml for a repository."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")[:40].rstrip("-") or "app"
    sources = [f"  - {line}" for line in _sources(folder)]
    app = (
        ["app:", *sources]
        if sources
        else ["# app:", "#   - manifests: k8s   # or kustomize: FOLDER, or helm: {chart: FOLDER}"]
    )
    test = _test_command(folder)
    lines = [
        f"name: {name}",
        "",
        "cluster:",
        "  nodes: simulated   # pods turn Ready, nothing runs",
        "",
        "# Pod Security baseline, quota, limits and network rules are on; docs/ephemeral-yaml.md has every key.",
        "# isolation: {pod-security: restricted}",
        "",
        *app,
        "",
        "# images: {example.com/web: example.com/web:${TAG:-latest}}",
        "# env: [TAG]   # the only variables that ${...} may read",
        "",
        "ttl: 1h",
        f"test: {test}" if test else "# test: pytest -q",
        "",
    ]
    return "\n".join(lines)


def _sources(folder: Path) -> Iterator[str]:
    """The app: kustomizations, else charts, else folders of manifests; the outermost of each."""
    kustomizations = _outermost(
        path.parent for path in _files(folder) if re.fullmatch(r"kustomization\.ya?ml", path.name)
    )
    charts = _outermost(path.parent for path in _files(folder) if path.name == "Chart.yaml")
    if kustomizations:
        yield from (f"kustomize: {_spell(path, folder)}" for path in kustomizations[:1])
        yield from (f"# kustomize: {_spell(path, folder)}" for path in kustomizations[1:])
    elif charts:
        yield from (f"helm: {{chart: {_spell(path, folder)}}}" for path in charts)
    else:
        folders = [folder / name for name in _MANIFEST_FOLDERS if _has_manifests(folder / name)]
        yield from (f"manifests: {_spell(path, folder)}" for path in folders)


def _files(folder: Path, depth: int = _DEPTH) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and depth and path.name not in _SKIPPED and not path.is_symlink():
            yield from _files(path, depth - 1)
        elif path.is_file():
            yield path


def _outermost(folders: Iterator[Path]) -> list[Path]:
    kept: list[Path] = []
    for folder in sorted(set(folders), key=lambda path: (len(path.parts), path)):
        if not any(folder.is_relative_to(other) for other in kept):
            kept.append(folder)
    return kept


def _has_manifests(folder: Path) -> bool:
    if not folder.is_dir():
        return False
    texts = (
        path.read_text(encoding="utf-8", errors="replace")
        for path in folder.iterdir()
        if path.suffix in (".yaml", ".yml")
    )
    return any(re.search(r"^kind:", text, re.MULTILINE) and re.search(r"^apiVersion:", text, re.MULTILINE) for text in texts)


def _spell(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path != folder else "."


def _test_command(folder: Path) -> str:
    if (folder / "go.mod").exists():
        return "go test ./..."
    if (folder / "package.json").exists():
        return "npm test"
    if any((folder / name).exists() for name in ("pyproject.toml", "pytest.ini", "tests")):
        return "pytest -q"
    return ""
