"""An environment as the probes see it."""

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

from ephemeral.clusters.provider import Vantage
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Object
from ephemeral.spec.presets import Policy

#: Begins the name of all that the probes make.
PREFIX = "ephemeral-verify"


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """A running environment: its API, what it promises, and from where it can be looked at (None: nothing runs)."""

    name: str
    kubeconfig: Path
    kube: Kube
    policy: Policy
    vantage: Vantage | None

    def namespaces(self) -> list[str]:
        """Every namespace but those on their way out and those of probes."""
        found = (each["metadata"] for each in self.kube.list("v1", "Namespace"))
        return sorted(
            each["name"] for each in found if "deletionTimestamp" not in each and not each["name"].startswith(PREFIX)
        )

    def app_namespaces(self) -> list[str]:
        """Those that the policy's quota and limits are for: `kube-` is Kubernetes' own prefix."""
        return [name for name in self.namespaces() if not name.startswith("kube-")]

    def try_out(self, item: Object, namespace: str = "") -> Object:
        """Create an object of the core API as far as admission goes; nothing is stored. Raises ApiError."""
        place = f"namespaces/{namespace}/" if namespace else ""
        path = f"/api/v1/{place}{item['kind'].lower()}s"
        return dict(self.kube.transport.request("POST", path, query={"dryRun": "All"}, body=item).json())

    def trying_out(self, item: Object, namespace: str = "") -> str:
        """The command that does the same."""
        place = f"-n {namespace} " if namespace else ""
        return self.kubectl(f"create --dry-run=server {place}-f - <<< {shlex.quote(json.dumps(item))}")

    def kubectl(self, words: str) -> str:
        """A command for this environment, as a person would give it."""
        return f"kubectl --kubeconfig {self.kubeconfig} {words}"
