"""Write go.mod and go.sum for every program of the two ``programs.toml`` that builds from a Go module.

Run it after a version changed there: ``python bin/update_modules.py [MODULE ...]``. It needs ``go`` and the
network.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
#: A table of programs -> the folder for the modules that they build from.
TABLES = {
    ROOT / "ephemeral/tools/programs.toml": ROOT / "ephemeral/tools/modules",
    ROOT / "tests/modules/programs.toml": ROOT / "tests/modules",
}


def go(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOWORK": "off"}
    return subprocess.run(
        ["go", *arguments], cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def staging_modules(upstream: str) -> list[str]:
    """k8s.io/kubernetes replaces its staging modules by folders; a build of ours names their releases."""
    return [
        name
        for name in re.findall(r"^\t(k8s\.io/\S+) => \./staging/", upstream, re.MULTILINE)
        if "/sample-" not in name
    ]


def replacements(upstream: str) -> list[str]:
    """Forks that a module builds with, and what it excludes; folders of its own are nothing outside of it."""
    blocks = re.sub(
        r"^(replace|exclude) \(\n(.*?)^\)",
        lambda block: re.sub(r"^\t", f"{block[1]} ", block[2], flags=re.MULTILINE),
        upstream,
        flags=re.MULTILINE | re.DOTALL,
    )
    return re.findall(r"^(?:replace \S+ => (?!\.)\S+ v\S+|exclude \S+ v\S+)$", blocks, re.MULTILINE)


def package_of(row: dict[str, object], name: str) -> str:
    own = row.get(name, {})
    return str(own.get("package", row["package"])).format(name=name)  # type: ignore[attr-defined]


def write(folder: Path, row: dict[str, object], version: str) -> None:
    module = str(row["module"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module ephemeral.invalid/tools\n")
    unpacked = Path(json.loads(go(folder, "mod", "download", "-json", f"{module}@v{version}"))["Dir"])
    upstream = (unpacked / "go.mod").read_text()
    requires = [f"{module} v{version}"]
    requires += [f"{name} v0.{version.partition('.')[2]}" for name in staging_modules(upstream)]
    packages = sorted(package_of(row, name) for name in row.get("programs", [""]))  # type: ignore[attr-defined]
    lines = ["module ephemeral.invalid/tools", "", re.search(r"^go .*$", upstream, re.MULTILINE)[0], ""]  # type: ignore[index]
    lines += ["require (", *(f"\t{line}" for line in requires), ")", ""]
    lines += replacements(upstream)
    lines += ["tool (", *(f"\t{package}" for package in packages), ")", ""]
    (folder / "go.mod").write_text("\n".join(lines))
    # A dependency that the checksum database no longer knows is still in the module's own go.sum.
    if (unpacked / "go.sum").exists():
        shutil.copyfile(unpacked / "go.sum", folder / "go.sum")
        (folder / "go.sum").chmod(0o644)
    go(folder, "mod", "tidy")
    print(f"{folder.name}: {module} v{version}")


def main(wanted: list[str]) -> None:
    for table, modules in TABLES.items():
        for name, row in tomllib.loads(table.read_text()).items():
            for version in row["versions"] if "module" in row and (not wanted or name in wanted) else []:
                folder = f"{name}-{version.rpartition('.')[0]}" if len(row["versions"]) > 1 else name
                write(modules / folder, row, version)


if __name__ == "__main__":
    main(sys.argv[1:])
