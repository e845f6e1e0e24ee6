"""The images that conformance specs run, under the names that the suite of Kubernetes 1.36 asks for.

The published agnhost has curl, dig, netcat and bash beside the program, and specs of services and DNS run them; those
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
AGNHOST = images.AGNHOST
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
    return {AGNHOST: agnhost, GLIBC_DNS_TESTING: agnhost, BUSYBOX: images.busybox_image(), PAUSE: pause}


def missing_packages() -> list[str]:
    """Debian packages whose programs are not on this machine."""
    return sorted({package for program, package in _PROGRAMS.items() if not shutil.which(program)})


def _agnhost() -> Path:
    missing = missing_packages()
    assert not missing, f"agnhost's image needs programs of Debian: apt-get install {' '.join(missing)}"
    built = programs.agnhost()
    files: dict[str, images.Content] = {
        **images.agnhost_files(built),
        **_programs_of_debian(),
        "etc/nsswitch.conf": b"hosts: files dns\n",
    }
    return images.build_image(
        cache_dir() / "test-programs" / "agnhost-conformance.tar", AGNHOST, files, ["/agnhost"], command=["pause"]
    )


def _programs_of_debian() -> dict[str, images.Content]:
    found = [Path(path).resolve() for path in map(shutil.which, _PROGRAMS) if path]
    libraries = {library.lstrip("/"): Path(library).resolve() for library in _libraries(found)}
    return {**libraries, **{f"bin/{program}": path for program, path in zip(_PROGRAMS, found, strict=True)}}


def _libraries(found: Iterable[Path]) -> set[str]:
    """`libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)`, and the loader alone before its address."""
    words = run(["ldd", *map(str, found)], timeout=20).stdout.split()
    return {word for word in words if word.startswith("/") and not word.endswith(":")}
