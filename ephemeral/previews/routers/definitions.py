"""The CRDs of Gateway API: fetched once a machine, and checked by their content, wherever they come from.

They are no program, but had in the same two ways: the publisher's release, else its Go module.
"""

import hashlib
import json
import shutil
from collections.abc import Iterable
from pathlib import Path

from ephemeral.apps.documents import parse
from ephemeral.errors import ChecksumError, ProgramError, ToolError
from ephemeral.kube.apply import apply_all
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object
from ephemeral.previews.routers.routes import API
from ephemeral.process import run
from ephemeral.tools import fetch
from ephemeral.tools.places import cache_dir, writing
from ephemeral.waiting import Deadline

VERSION = "1.4.0"
#: SHA-256 of the specs of the standard channel's CRDs: comments and order may differ between release and module.
CONTENT = "bc9ab6f6f4f802fb31b239e8305ac71906371b2597ed2847335fc1bb6660040f"

_RELEASE = "https://github.com/kubernetes-sigs/gateway-api/releases/download/v{version}/standard-install.yaml"
_MODULE = "sigs.k8s.io/gateway-api"
_GO_SECONDS = 120.0
_ESTABLISHED_SECONDS = 60.0


def install_definitions(kube: Kube) -> None:
    """Create the CRDs unless the cluster has some: those may be of another version, and are somebody's.

    Raises ToolError when they can't be had, ChecksumError when they are not what was released.
    """
    if kube.discovery.find(API, "HTTPRoute") is not None:
        return
    manifests = [Manifest(object=each, origin=f"Gateway API {VERSION}") for each in definitions()]
    apply_all(kube, manifests, deadline=Deadline(_ESTABLISHED_SECONDS))


def definitions() -> list[Object]:
    """The CRDs of the standard channel, from the cache after the first time."""
    kept = cache_dir() / "gateway-api" / f"{VERSION}.json"
    if kept.exists():
        found: list[Object] = json.loads(kept.read_text(encoding="utf-8"))
        if digest(found) == CONTENT:
            return found
    found = _fetched()
    with writing(kept.parent):
        kept.parent.mkdir(parents=True, exist_ok=True)
        part = kept.with_suffix(".part")
        part.write_text(json.dumps(found), encoding="utf-8")
        part.replace(kept)
    return found


def digest(found: Iterable[Object]) -> str:
    """SHA-256 over names and specs."""
    specs = sorted((each["metadata"]["name"], json.dumps(each["spec"], sort_keys=True)) for each in found)
    return hashlib.sha256(json.dumps(specs).encode()).hexdigest()


def _fetched() -> list[Object]:
    tried = []
    for origin, read in (("its release", _released), ("its Go module", _of_module)):
        try:
            text = read()
        except (fetch.FetchError, ToolError, ProgramError) as error:
            tried.append(f"{origin}: {error}")
            continue
        found = [each.object for each in parse(text, origin) if each.object["kind"] == "CustomResourceDefinition"]
        if (actual := digest(found)) != CONTENT:
            raise ChecksumError(f"Gateway API {VERSION} from {origin} is not what was released: {actual}.")
        return found
    raise ToolError(
        "\n".join([f"Gateway API {VERSION} can't be had:", *(f"  {line}" for line in tried)]),
        hint="install Go, or set EPHEMERAL_MIRROR to a mirror of the download hosts",
    )


def _released() -> str:
    return fetch.text(fetch.mirrored(_RELEASE.format(version=VERSION)))


def _of_module() -> str:
    go = shutil.which("go")
    if go is None:
        raise ToolError("go: not on PATH")
    said = run([go, "mod", "download", "-json", f"{_MODULE}@v{VERSION}"], timeout=_GO_SECONDS, cwd=Path("/"))
    folder = Path(json.loads(said.stdout)["Dir"]) / "config/crd/standard"
    return "\n---\n".join(each.read_text(encoding="utf-8") for each in sorted(folder.glob("*_*.yaml")))
