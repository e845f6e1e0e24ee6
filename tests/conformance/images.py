"""The images that conformance specs run, under the names that the suite of Kubernetes 1.36 asks for.

The published agnhost has bash, curl, dig and netcat beside the program, and specs of services and DNS run them; those
of Debian take their place here, with the libraries that they load.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from ephemeral.clusters.local.real.pause import pause_archive
from ephemeral.process import run
from ephemeral.tools.places import cache_dir
from tests import images, programs

_REGISTRY = "registry.k8s.io"
#: One spec names an older agnhost than the suite's list does ("lifecycle of Pods and PodStatus").
OLDER_AGNHOST = f"{_REGISTRY}/e2e-test-images/agnhost:2.55"
BUSYBOX = f"{_REGISTRY}/e2e-test-images/busybox:1.37.0-1"
PAUSE = f"{_REGISTRY}/pause:3.10.2"
#: Published as Debian with its dnsutils, which the image made here is, too.
GLIBC_DNS_TESTING = f"{_REGISTRY}/e2e-test-images/glibc-dns-testing:2.0.0"

#: Program -> Debian package.
_PROGRAMS = {
    "bash": "bash",
    "curl": "curl",
    "dig": "bind9-dnsutils",
    "getent": "libc-bin",
    "ip": "iproute2",
    "nc": "netcat-openbsd",
    "nslookup": "bind9-dnsutils",
}


def archives() -> dict[str, Path]:
    """Name of an image -> archive."""
    agnhost = _agnhost()
    pause = cache_dir() / "test-programs" / "pause.tar"
    pause.write_bytes(pause_archive())
    return {
        images.AGNHOST: agnhost,
        OLDER_AGNHOST: agnhost,
        GLIBC_DNS_TESTING: agnhost,
        BUSYBOX: _busybox(),
        PAUSE: pause,
    }


def _agnhost() -> Path:
    built = programs.agnhost()
    files: dict[str, images.Content] = {
        "agnhost": built / "agnhost",
        "agnhost-2": "agnhost",
        "localhost.crt": built / "porter/localhost.crt",
        "localhost.key": built / "porter/localhost.key",
        "uploads/": b"",
        **images.busybox_files(),
        **_of_debian(_PROGRAMS),
        "bin/sh": "bash",  # Debian's busybox, as a shell, prefers its own netcat
        "etc/passwd": f"{images.PASSWD}user-defined-in-image:x:1000:1000::/:/bin/sh\n".encode(),
        "etc/group": b"root:x:0:\ngroup-defined-in-image:x:50000:user-defined-in-image\n",
        "etc/nsswitch.conf": b"hosts: files dns\n",
    }
    return _written("agnhost", images.AGNHOST, files, entrypoint=["/agnhost"], command=["pause"])


def _busybox() -> Path:
    files: dict[str, images.Content] = {
        **images.busybox_files(),
        **_of_debian(["bash"]),
        "bin/sh": "bash",  # Debian's busybox 1.35, as a shell, drops variables whose names have a hyphen; 1.37 does not
    }
    return _written("busybox", BUSYBOX, files, command=["sh"])


def _written(title: str, name: str, files: dict[str, images.Content], **options: list[str]) -> Path:
    return images.build_image(cache_dir() / "test-programs" / f"{title}-conformance.tar", name, files, **options)


def _of_debian(names: Iterable[str]) -> dict[str, images.Content]:
    paths = {name: shutil.which(name) for name in names}
    missing = sorted({_PROGRAMS[name] for name, path in paths.items() if not path})
    assert not missing, f"the images need programs of Debian: apt-get install {' '.join(missing)}"
    found = {name: Path(path).resolve() for name, path in paths.items() if path}
    libraries = {library.lstrip("/"): Path(library).resolve() for library in _libraries(found.values())}
    return {**libraries, **{f"bin/{name}": path for name, path in found.items()}}


def _libraries(found: Iterable[Path]) -> set[str]:
    """`libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, and the loader alone before its address."""
    words = run(["ldd", *found], timeout=20).stdout.split()
    return {word for word in words if word.startswith("/") and not word.endswith(":")}
