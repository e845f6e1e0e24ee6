"""online-boutique's services, each played by one image: they answer probes as the originals do, and sell nothing.

Their own images can't be made here; manifests, ports, probes and limits are those of its authors.
"""

from pathlib import Path

from tests import images, programs

IMAGE = "example.com/boutique:v1"
CANDIDATE = "example.com/boutique:v2"
SERVICES = (
    *(f"{name}service" for name in ("ad", "cart", "checkout", "currency", "email", "payment", "productcatalog")),
    *("recommendationservice", "shippingservice", "frontend"),
)
#: The names that its manifests have for images.
IMAGES = (*SERVICES, "redis:alpine")

# Which one it is, its pod's name tells. Redis is probed for an open port only.
_START = """#!/bin/sh
case "$HOSTNAME" in
frontend*) exec httpd -f -p "$PORT" -h /www ;;
redis*) exec httpd -f -p 6379 -h /www ;;
*) exec /agnhost grpc-health-checking --port "${PORT:-7070}" --http-port 9191 ;;
esac
"""


def boutique_image(name: str = IMAGE) -> Path:
    """The image under this name; its front page is the name."""
    files: dict[str, images.Content] = {
        "agnhost": programs.agnhost() / "agnhost",
        **images.busybox_files(),
        "start": _START.encode(),
        "www/index.html": name.encode(),
        "www/_healthz": b"ok",
    }
    title = f"boutique-{name.rpartition(':')[2]}"
    return images.write_once(title, name, files, entrypoint=["/bin/sh", "/start"])
