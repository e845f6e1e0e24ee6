"""Read a kubeconfig: where the API server is, and who we are to it.

The kubeconfigs that providers hand out (inline or file certificates, or a token) are read here, because importing the
official client takes longer than everything else that a command such as ``status`` does. Users whose credentials come
from a plugin are left to the official client.
"""

import base64
import os
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from ephemeral.errors import ClusterError


@dataclass(frozen=True, kw_only=True)
class Access:
    """How to reach an API server; ``authorization`` is asked before each request because tokens expire."""

    server: str
    tls: ssl.SSLContext | None
    authorization: Callable[[], str | None]
    tls_server_name: str = ""
    proxy: str = ""


def read_access(path: Path, context: str = "") -> Access:
    """Read a context of a kubeconfig, by default the current one.

    Raises ClusterError when the file can't be read or says too little.
    """
    config = _load(path)
    chosen = context or config.get("current-context", "")
    context_entry = _named(config, "contexts", chosen, path).get("context", {})
    cluster = _named(config, "clusters", context_entry.get("cluster", ""), path).get("cluster", {})
    user = _named(config, "users", context_entry.get("user", ""), path).get("user") or {}
    if "exec" in user or "auth-provider" in user:
        return _through_official_client(path, chosen)
    try:
        return _direct(cluster, user, path.parent)
    except KeyError as error:
        raise ClusterError(f"kubeconfig {path} does not say {error}") from error
    except (OSError, ValueError) as error:
        raise ClusterError(f"kubeconfig {path}: a certificate or key in it can't be used: {error}") from error


def _direct(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> Access:
    server = str(cluster["server"]).rstrip("/")
    return Access(
        server=server,
        tls=_tls(cluster, user, folder) if server.startswith("https:") else None,
        authorization=_bearer(user, folder),
        tls_server_name=cluster.get("tls-server-name", ""),
        proxy=cluster.get("proxy-url", ""),
    )


def _load(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        config = yaml.load(path.read_text(), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise ClusterError(f"kubeconfig {path} can't be read: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise ClusterError(f"kubeconfig {path} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise ClusterError(f"kubeconfig {path} is empty")
    return config


def _named(config: Mapping[str, Any], section: str, name: str, path: Path) -> Mapping[str, Any]:
    for entry in config.get(section) or ():
        if entry.get("name") == name:
            return dict(entry)
    known = ", ".join(str(entry.get("name")) for entry in config.get(section) or ())
    raise ClusterError(f"kubeconfig {path} has no {section} entry named {name!r}", hint=f"it has: {known or 'none'}")


def _bearer(user: Mapping[str, Any], folder: Path) -> Callable[[], str | None]:
    if token := user.get("token"):
        return lambda: f"Bearer {token}"
    if file := user.get("tokenFile"):
        return lambda: f"Bearer {(folder / file).read_text().strip()}"
    return lambda: None


def _tls(cluster: Mapping[str, Any], user: Mapping[str, Any], folder: Path) -> ssl.SSLContext:
    authority = _data(cluster, "certificate-authority", folder)
    context = _trust(authority, verify=not cluster.get("insecure-skip-tls-verify"))
    certificate, key = _data(user, "client-certificate", folder), _data(user, "client-key", folder)
    if certificate and key:
        with _as_file(certificate + b"\n" + key) as pem:
            context.load_cert_chain(pem)
    return context


def _trust(authority: bytes, *, verify: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.decode() if authority else None)
    # Python 3.13 refuses the authorities of many live clusters (no key identifier), which kubectl accepts.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _data(entry: Mapping[str, Any], key: str, folder: Path) -> bytes:
    if inline := entry.get(f"{key}-data"):
        return base64.b64decode(inline)
    return (folder / entry[key]).read_bytes() if entry.get(key) else b""


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Give ``content`` a path, in memory where the system can: a key on disk would survive a SIGKILL."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("client-key"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with NamedTemporaryFile() as named:
            named.write(content)
            named.flush()
            yield named.name


def _through_official_client(path: Path, context: str) -> Access:
    from kubernetes.client import Configuration
    from kubernetes.config import ConfigException, load_kube_config

    configuration = Configuration()
    try:
        load_kube_config(str(path), context=context, client_configuration=configuration)
    except ConfigException as error:
        raise ClusterError(f"kubeconfig {path}: {error}") from error
    authority = Path(configuration.ssl_ca_cert).read_bytes() if configuration.ssl_ca_cert else b""
    tls = _trust(authority, verify=configuration.verify_ssl)
    if configuration.cert_file:
        tls.load_cert_chain(configuration.cert_file, configuration.key_file)
    return Access(
        server=configuration.host.rstrip("/"),
        tls=tls,
        authorization=lambda: configuration.auth_settings().get("BearerToken", {}).get("value"),
        tls_server_name=configuration.tls_server_name or "",
        proxy=configuration.proxy or "",
    )
