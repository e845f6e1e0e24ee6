"""An interrupt ends applying at once, whatever is still being tried."""

import threading
from types import SimpleNamespace

import pytest

from ephemeral.kube.apply import apply_all
from ephemeral.kube.discovery import Resource
from ephemeral.kube.objects import Manifest
from ephemeral.kube.transport import ApiError
from ephemeral.progress import Silent
from ephemeral.waiting import Deadline


class BusyKube:
    """An API server that never has time."""

    resource = Resource(api_version="v1", kind="ConfigMap", plural="configmaps", namespaced=True, names=frozenset())
    discovery = SimpleNamespace(find=lambda api_version, kind: BusyKube.resource)

    def apply(self, item):
        raise ApiError("slow down", status=429)


class Interrupted(Silent):
    def state(self, subject, text, *, readiness=None):
        if subject == "ConfigMap default/b":
            raise KeyboardInterrupt


def test_interrupt_ends_all_attempts():
    items = [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}} for name in "abc"]
    manifests = [Manifest(object=each, origin="a.yaml:1") for each in items]
    with pytest.raises(KeyboardInterrupt):
        apply_all(BusyKube(), manifests, deadline=Deadline(3600), progress=Interrupted())
    left = [each for each in threading.enumerate() if each.name.startswith("apply")]
    for thread in left:
        thread.join(10)
    assert not any(thread.is_alive() for thread in left)
