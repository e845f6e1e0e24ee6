"""Images that are on the node from its first moment: containerd's storage, made once a machine for each set of images.

A *seed* is the root directory of a containerd that has imported a set of images and ended. An environment gets a copy
in which files are hard links: layers are never written to once they are there, only containerd's small databases are,
and those are copied. A new set starts from the seed that has most of it. Run by the keeper; standard library alone.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

_KEPT = 8
_CONTAINERD_SECONDS = 20.0
_IMPORT_SECONDS = 600
_COPY_SECONDS = 300

Unblock = Callable[[], None]


def provide(images: dict[str, Any], target: str, scratch: str, before_exec: Unblock) -> None:
    """Put the images of the plan into ``target``, which is to be containerd's root.

    ``images``: `cache` (the folder of seeds), `containerd` (its path), `environment`, and `wanted`: by a key that
    changes with their content, the commands that import them, in which `{socket}` is containerd's. ``scratch`` is for
    sockets. Raises OSError, subprocess.SubprocessError.
    """
    wanted: dict[str, list[list[str]]] = images["wanted"]
    os.makedirs(images["cache"], mode=0o700, exist_ok=True)
    with _locked(images["cache"]):
        seed = os.path.join(images["cache"], _digest(wanted))
        if not os.path.exists(seed):
            _build(images, seed, scratch, before_exec)
        os.utime(seed)
        copy(os.path.join(seed, "root"), target)
        _forget_old(images["cache"])


def copy(source: str, target: str) -> None:
    """Copy a containerd root: links where possible, and databases of its own."""
    try:
        _run(["cp", "-al", source, target])
    except subprocess.CalledProcessError:  # another file system: links can't be had there
        shutil.rmtree(target, ignore_errors=True)
        _run(["cp", "-a", "--reflink=auto", source, target])
        return
    for folder, _, names in os.walk(target):
        if "snapshots" in os.path.relpath(folder, target).split(os.sep):
            continue  # layers, whatever their files are called
        for name in names:
            if name.endswith(".db"):
                path = os.path.join(folder, name)
                shutil.copy2(path, f"{path}.new")
                os.replace(f"{path}.new", path)


def _build(images: dict[str, Any], seed: str, scratch: str, before_exec: Unblock) -> None:
    """Import what the nearest seed lacks, in a containerd that runs for that alone."""
    new = f"{seed}.new"
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new, mode=0o700)
    root = os.path.join(new, "root")
    nearest = _nearest(images)
    if nearest:
        copy(os.path.join(images["cache"], nearest, "root"), root)
    there = _contents(images["cache"], nearest) if nearest else set()
    with _containerd(images, root, scratch, before_exec) as address:
        for key, commands in images["wanted"].items():
            for command in commands if key not in there else ():
                _run([part.replace("{socket}", address) for part in command], before_exec, _IMPORT_SECONDS)
    with open(os.path.join(new, "contents.json"), "w", encoding="utf-8") as file:
        json.dump(sorted(images["wanted"]), file)
    os.rename(new, seed)


@contextlib.contextmanager
def _containerd(images: dict[str, Any], root: str, scratch: str, before_exec: Unblock) -> Iterator[str]:
    """A containerd without pods, in a mount namespace of its own: whatever it mounts goes with it."""
    os.makedirs(scratch, mode=0o700)
    address, config = os.path.join(scratch, "seed.sock"), os.path.join(scratch, "seed.toml")
    with open(config, "w", encoding="utf-8") as file:
        file.write(
            f"version = 3\nroot = {json.dumps(root)}\nstate = {json.dumps(os.path.join(scratch, 'state'))}\n"
            f'disabled_plugins = ["io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"]\n'
            f"[grpc]\naddress = {json.dumps(address)}\n"
            f"[plugins.'io.containerd.internal.v1.opt']\npath = {json.dumps(os.path.join(scratch, 'opt'))}\n"
        )
    with open(os.path.join(scratch, "seed.log"), "ab") as log:
        process = subprocess.Popen(
            ["unshare", "--mount", images["containerd"], f"--config={config}"],
            env=images["environment"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=before_exec,
        )
    try:
        _wait_listening(address, process)
        yield address
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_CONTAINERD_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_listening(address: str, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _CONTAINERD_SECONDS
    while process.poll() is None and time.monotonic() < end:
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(address) == 0:
                return
        time.sleep(0.005)
    raise OSError(0, "containerd did not start to import images")


def _nearest(images: dict[str, Any]) -> str:
    """The seed that has most of the wanted images and nothing else; empty when there is none."""
    wanted = set(images["wanted"])
    found = {name: _contents(images["cache"], name) for name in os.listdir(images["cache"])}
    subsets = {name: len(contents) for name, contents in found.items() if contents and contents < wanted}
    return max(subsets, key=lambda name: subsets[name], default="")


def _contents(cache: str, name: str) -> set[str]:
    with contextlib.suppress(OSError, ValueError), open(os.path.join(cache, name, "contents.json")) as file:
        return set(json.load(file))
    return set()


def _forget_old(cache: str) -> None:
    """Keep the seeds that were used last; whoever uses an older one holds links of its own."""
    seeds = [os.path.join(cache, name) for name in os.listdir(cache) if name != "lock"]
    for seed in sorted(seeds, key=os.path.getmtime, reverse=True)[_KEPT:]:
        shutil.rmtree(seed, ignore_errors=True)


@contextlib.contextmanager
def _locked(cache: str) -> Iterator[None]:
    with open(os.path.join(cache, "lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest(wanted: dict[str, Any]) -> str:
    return hashlib.sha256("\n".join(sorted(wanted)).encode()).hexdigest()[:32]


def _run(command: list[str], before_exec: Unblock | None = None, seconds: int = _COPY_SECONDS) -> None:
    subprocess.run(
        command,
        check=True,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=before_exec,
    )
