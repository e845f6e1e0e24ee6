"""Images for tests, made of static programs without any container engine."""

import hashlib
import io
import json
import platform
import shutil
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ephemeral.process import run
from ephemeral.tools.places import cache_dir
from tests import programs

#: What a file of an image is made of: a file of this machine, bytes, or (as text) the target of a symbolic link.
Content = Path | bytes | str

PODINFO = "ghcr.io/stefanprodan/podinfo:6.9.2"
AGNHOST = "registry.k8s.io/e2e-test-images/agnhost:2.63.0"  # what the e2e suite of Kubernetes 1.36 asks for
BUSYBOX = "docker.io/library/busybox:1.37"
TRAEFIK = f"docker.io/library/traefik:v{programs.pinned_version('traefik')}"

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar"


def build_image(
    destination: Path,
    name: str,
    files: Mapping[str, Content],
    entrypoint: Sequence[str] = (),
    *,
    command: Sequence[str] = (),
    arch: str = ARCHITECTURE,
    user: str = "",
    env: Mapping[str, str] | None = None,
    workdir: str = "",
    oci: bool = False,
) -> Path:
    """Write an image of one layer: a Docker archive, or with ``oci`` an OCI archive (a folder unless it ends in .tar).

    Keys of ``files`` are paths in the image, those that end in / are folders; ``name`` may be empty.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent) as scratch:
        layer = Path(scratch) / "layer.tar"
        _write_tar(layer, files)
        settings = {
            "Entrypoint": [*entrypoint],
            "Cmd": [*command],
            "User": user,
            "WorkingDir": workdir,
            "Env": [f"{key}={value}" for key, value in {"PATH": "/bin:/usr/bin:/usr/local/bin", **(env or {})}.items()],
        }
        diff = f"sha256:{_sha256(layer)}"
        rootfs = {"type": "layers", "diff_ids": [diff]}
        config = _json({"architecture": arch, "os": "linux", "config": settings, "rootfs": rootfs})
        contents = _oci(name, config, layer) if oci else _docker(name, config, layer)
        if oci and destination.suffix != ".tar":
            _write_folder(destination, contents)
        else:
            finished = Path(scratch) / "image.tar"
            _write_tar(finished, contents)
            finished.replace(destination)
    return destination


def podinfo_image() -> Path:
    """podinfo as its own Dockerfile makes it, without Alpine."""
    built = programs.podinfo()
    files: dict[str, Content] = {
        "tmp/": b"",
        "data/": b"",
        "etc/passwd": f"{PASSWD}app:x:100:101:app:/home/app:/bin/false\n".encode(),
        "etc/group": b"root:x:0:\napp:x:101:app\n",
        "home/app/podinfo": built / "podinfo",
        "usr/local/bin/podcli": built / "podcli",
        "home/app/ui/vue.html": built / "ui/vue.html",
    }
    return write_once("podinfo", PODINFO, files, command=["./podinfo"], user="app", workdir="/home/app")


def agnhost_image() -> Path:
    """agnhost with busybox beside it, for the tests that run a shell."""
    built = programs.agnhost()
    files: dict[str, Content] = {
        "agnhost": built / "agnhost",
        "agnhost-2": "agnhost",
        "localhost.crt": built / "porter/localhost.crt",
        "localhost.key": built / "porter/localhost.key",
        "uploads/": b"",
        **busybox_files(),
        "etc/passwd": f"{PASSWD}user-defined-in-image:x:1000:1000::/:/bin/sh\n".encode(),
        "etc/group": b"root:x:0:\ngroup-defined-in-image:x:50000:user-defined-in-image\n",
    }
    return write_once("agnhost", AGNHOST, files, entrypoint=["/agnhost"], command=["pause"])


def traefik_image() -> Path:
    """traefik as its own Dockerfile makes it, without Alpine."""
    files: dict[str, Content] = {"traefik": programs.traefik() / "traefik", "tmp/": b"", "etc/passwd": PASSWD.encode()}
    return write_once("traefik", TRAEFIK, files, entrypoint=["/traefik"])


def busybox_image() -> Path:
    """busybox of Debian's busybox-static."""
    return write_once("busybox", BUSYBOX, busybox_files(), command=["sh"])


def busybox_files() -> dict[str, Content]:
    """Debian's busybox and a link for each of its applets."""
    busybox = shutil.which("busybox")
    assert busybox, "busybox-static is not installed"
    applets = run([busybox, "--list"], timeout=10).stdout.split()
    return {
        "tmp/": b"",
        "etc/passwd": PASSWD.encode(),
        "etc/group": b"root:x:0:\n",
        "bin/busybox": Path(busybox),
        **{f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"},
    }


def write_once(title: str, name: str, files: Mapping[str, Content], **options) -> Path:
    """Written anew each time, which takes less than a second; what has the final name is whole."""
    return build_image(cache_dir() / "test-programs" / f"{title}.tar", name, files, **options)


def _docker(name: str, config: bytes, layer: Path) -> dict[str, Content]:
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": [name] if name else None, "Layers": ["layer.tar"]}]
    return {config_name: config, "layer.tar": layer, "manifest.json": _json(manifest)}


def _oci(name: str, config: bytes, layer: Path) -> dict[str, Content]:
    layers = [{"mediaType": _LAYER, "digest": f"sha256:{_sha256(layer)}", "size": layer.stat().st_size}]
    manifest = _json(
        {"schemaVersion": 2, "mediaType": _MANIFEST, "config": _descriptor(_CONFIG, config), "layers": layers}
    )
    entry = _descriptor(_MANIFEST, manifest)
    if name:
        entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    blobs: dict[str, Content] = {_blob(config): config, _blob(manifest): manifest}
    return {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        **blobs,
        f"blobs/sha256/{_sha256(layer)}": layer,
        "index.json": _json({"schemaVersion": 2, "manifests": [entry]}),
    }


def _descriptor(media_type: str, content: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def _blob(content: bytes) -> str:
    return f"blobs/sha256/{hashlib.sha256(content).hexdigest()}"


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _write_folder(folder: Path, files: Mapping[str, Content]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copyfile(content, folder / name)
        else:
            assert isinstance(content, bytes)
            (folder / name).write_bytes(content)


def _write_tar(destination: Path, files: Mapping[str, Content]) -> None:
    with tarfile.open(destination, "w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            entry.mode = 0o644
            if name.endswith("/"):
                entry.type, entry.mode = tarfile.DIRTYPE, 0o1777
                tar.addfile(entry)
            elif isinstance(content, str):
                entry.type, entry.linkname = tarfile.SYMTYPE, content
                tar.addfile(entry)
            elif isinstance(content, bytes):
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
            else:
                entry.size = content.stat().st_size
                entry.mode = 0o755 if content.stat().st_mode & 0o100 else 0o644
                with content.open("rb") as file:
                    tar.addfile(entry, file)
