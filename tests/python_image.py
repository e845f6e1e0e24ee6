"""An image with this machine's own Python, for the probes' pods: no registry can be reached by tests."""

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from ephemeral.process import run
from tests import images

PYTHON = "docker.io/library/python:3-tests"
_UNUSED = {"site-packages", "test", "idlelib", "tkinter", "ensurepip", "__pycache__", "lib2to3", "pydoc_data"}


def python_image() -> Path:
    """`python3` on PATH, its standard library beside it."""
    program = Path(os.path.realpath(sys.executable))
    version = f"python3.{sys.version_info.minor}"
    files: dict[str, images.Content] = {
        "usr/local/bin/python3": program,
        **{f"usr/local/lib/{version}/{name}": path for name, path in _library()},
        **shared_objects(program, *_modules()),
        "tmp/": b"",
        "etc/passwd": images.PASSWD.encode(),
    }
    env = {"LD_LIBRARY_PATH": "/usr/local/lib"}
    return images.write_once("python", PYTHON, files, command=["python3"], env=env)


def _library() -> Iterator[tuple[str, Path]]:
    root = Path(sysconfig.get_path("stdlib"))
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if name not in _UNUSED and not name.startswith("config-")]
        for name in files:
            path = Path(folder, name)
            yield str(path.relative_to(root)), path


def _modules() -> Iterator[Path]:
    """The modules that are libraries; nobody draws windows."""
    folder = Path(sysconfig.get_path("stdlib"), "lib-dynload")
    return (path for path in folder.glob("*.so") if not path.name.startswith("_tkinter"))


def shared_objects(*programs: Path) -> dict[str, images.Content]:
    """What they load, where they look for it: the loader by its path, all others in a folder of ours."""
    found: dict[str, images.Content] = {}
    for line in run(["ldd", *programs], timeout=30).stdout.splitlines():
        if line.endswith(":"):
            continue  # one of several, whose own come next
        path = next((word for word in line.split() if word.startswith("/")), "")
        if path.startswith("/lib") and "ld-" in path:
            found[path.lstrip("/")] = Path(os.path.realpath(path))
        elif path:
            found[f"usr/local/lib/{Path(path).name}"] = Path(os.path.realpath(path))
    return found
