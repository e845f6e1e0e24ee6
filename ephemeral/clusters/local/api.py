"""A few bytes of HTTPS, enough to ask a booting API server how it is.

The Kubernetes client takes a quarter of a second to import, longer than some of the waits here.
"""

import base64
import http.client
import json
import os
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ephemeral.errors import ClusterError

_ATTEMPT_SECONDS = 5.0


class Api:
    """The API server of a kubeconfig that we wrote ourselves (embedded data, one context)."""

    def __init__(self, kubeconfig: Path, *, trouble: Callable[[], str] = str) -> None:
        """``trouble`` says why nobody will answer any more; empty while somebody may."""
        self._trouble = trouble
        config = json.loads(kubeconfig.read_text(encoding="utf-8"))
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        address = urlsplit(cluster["server"])
        self._host, self._port = address.hostname or "", address.port or 443
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        self._tls = ssl.create_default_context(cadata=authority)
        _load_identity(self._tls, user)

    def request(self, method: str, path: str, body: Any = None, timeout: float = _ATTEMPT_SECONDS) -> tuple[int, str]:
        """Status and body of one request; status 0 and the reason when nobody answers.

        Raises ClusterError when nobody will any more.
        """
        connection = http.client.HTTPSConnection(self._host, self._port, context=self._tls, timeout=timeout)
        try:
            payload = None if body is None else json.dumps(body)
            connection.request(method, path, payload, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode(errors="replace")
        except (OSError, http.client.HTTPException) as error:
            if trouble := self._trouble():
                raise ClusterError(trouble) from error
            return 0, str(error) or type(error).__name__
        finally:
            connection.close()


def _load_identity(context: ssl.SSLContext, user: dict[str, str]) -> None:
    """OpenSSL reads client certificates from files only: a descriptor in memory leaves none behind."""
    pem = b"".join(base64.b64decode(user[key]) for key in ("client-certificate-data", "client-key-data"))
    try:
        descriptor = os.memfd_create("ephemeral-identity")
    except OSError:
        with tempfile.NamedTemporaryFile() as file:
            file.write(pem)
            file.flush()
            context.load_cert_chain(file.name)
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
