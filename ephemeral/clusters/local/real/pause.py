"""The sandbox image: what holds a pod's namespaces, made here, so that no registry has to be asked for it.

The program ignores SIGCHLD (the kernel then reaps for it, which matters with `shareProcessNamespace`) and sleeps for
good. It is the work of `pause.c` in Kubernetes, without its signal handlers: containerd ends a sandbox by SIGKILL.
"""

import hashlib
import io
import json
import platform
import struct
import tarfile

IMAGE = "ephemeral.local/pause:1"
_BASE = 0x400000
_HEADERS = 64 + 56
#: sigaction's kernel layout: handler SIG_IGN, flags, restorer, mask.
_IGNORE = struct.pack("<QQQQ", 1, 0, 0, 0)


def pause_archive() -> bytes:
    """A Docker archive of the image, for this machine's architecture."""
    machine = platform.machine()
    layer = _tar({"pause": (_program(machine), 0o755)})
    config = json.dumps(
        {
            "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[machine],
            "os": "linux",
            "config": {"Entrypoint": ["/pause"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [IMAGE], "Layers": ["layer.tar"]}]).encode()
    return _tar({"manifest.json": (manifest, 0o644), "config.json": (config, 0o644), "layer.tar": (layer, 0o644)})


def pause_key() -> str:
    """Changes with the image."""
    return f"pause-{hashlib.sha256(pause_archive()).hexdigest()[:16]}"


def _program(machine: str) -> bytes:
    """A static ELF executable: rt_sigaction(SIGCHLD, SIG_IGN), then pause or ppoll for ever."""
    code = {"x86_64": _amd64, "aarch64": _arm64}[machine]()
    number = {"x86_64": 62, "aarch64": 183}[machine]
    size = _HEADERS + len(code) + len(_IGNORE)
    ident = b"\x7fELF\x02\x01\x01" + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", 2, number, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 64, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 5, 0, _BASE, _BASE, size, size, 0x1000)
    return header + segment + code + _IGNORE


def _amd64() -> bytes:
    code = (
        b"\xb8\x0d\x00\x00\x00"  # mov eax, 13           rt_sigaction
        b"\xbf\x11\x00\x00\x00"  # mov edi, 17           SIGCHLD
        b"\xbe%b"  # mov esi, _IGNORE
        b"\x31\xd2"  # xor edx, edx
        b"\x41\xba\x08\x00\x00\x00"  # mov r10d, 8        size of the mask
        b"\x0f\x05"  # syscall
        b"\xb8\x22\x00\x00\x00"  # mov eax, 34           pause
        b"\x0f\x05"  # syscall
        b"\xeb\xf7"  # jmp to the mov before
    )
    length = len(code % bytes(4))
    return code % struct.pack("<I", _BASE + _HEADERS + length)


def _arm64() -> bytes:
    words = [
        0xD28010C8,  # mov x8, #134     rt_sigaction
        0xD2800220,  # mov x0, #17      SIGCHLD
        0x100001A1,  # adr x1, _IGNORE  (13 words on)
        0xD2800002,  # mov x2, #0
        0xD2800103,  # mov x3, #8       size of the mask
        0xD4000001,  # svc #0
        0xD2800928,  # mov x8, #73      ppoll
        0xD2800000,  # mov x0, #0
        0xD2800001,  # mov x1, #0
        0xD2800002,  # mov x2, #0
        0xD2800003,  # mov x3, #0
        0xD2800004,  # mov x4, #0
        0xD4000001,  # svc #0
        0x17FFFFF9,  # b to `mov x8, #73`
        0xD503201F,  # nop
    ]
    return struct.pack(f"<{len(words)}I", *words)


def _tar(files: dict[str, tuple[bytes, int]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (content, mode) in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
