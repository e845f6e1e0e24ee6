"""Where a sentence begins: what is expected of a cluster, or of a URL."""

from typing import TYPE_CHECKING, Protocol, overload

from pytest_ephemeral.expectations.impatience import impatient
from pytest_ephemeral.expectations.objects import Expected, Workload
from pytest_ephemeral.expectations.pods import Pods
from pytest_ephemeral.expectations.urls import Answers

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube


class HasKube(Protocol):
    """An Environment, as far as it matters here."""

    @property
    def kube(self) -> "Kube":
        """A client of its API."""
        ...


@overload
def expect(subject: str) -> Answers: ...
@overload
def expect(subject: "Kube | HasKube") -> "ExpectedOfCluster": ...
def expect(subject: "str | Kube | HasKube") -> "Answers | ExpectedOfCluster":
    """Begin a sentence about a cluster (`kube`, an environment) or a URL.

    Every sentence ends with what is expected and waits for it, 60 seconds unless `timeout=` says otherwise; when it
    does not come, it fails as an assertion, with the last state that was seen and the warnings of the cluster. What
    can't come any more (a wrong image, a crash loop, a refusal) fails at once.
    """
    if isinstance(subject, str):
        return Answers(subject)
    return ExpectedOfCluster(impatient(getattr(subject, "kube", subject)))  # type: ignore[arg-type]


class ExpectedOfCluster:
    """What is expected of one cluster; each method names an object."""

    def __init__(self, kube: "Kube") -> None:
        self._kube = kube

    def deployment(self, name: str, namespace: str = "default") -> Workload:
        """A Deployment."""
        return Workload(self._kube, "apps/v1", "Deployment", name, namespace)

    def stateful_set(self, name: str, namespace: str = "default") -> Workload:
        """A StatefulSet."""
        return Workload(self._kube, "apps/v1", "StatefulSet", name, namespace)

    def daemon_set(self, name: str, namespace: str = "default") -> Workload:
        """A DaemonSet."""
        return Workload(self._kube, "apps/v1", "DaemonSet", name, namespace)

    def job(self, name: str, namespace: str = "default") -> Workload:
        """A Job."""
        return Workload(self._kube, "batch/v1", "Job", name, namespace)

    def pod(self, name: str, namespace: str = "default") -> Workload:
        """One pod."""
        return Workload(self._kube, "v1", "Pod", name, namespace)

    def pods(self, selector: str, namespace: str = "default") -> Pods:
        """All pods with these labels: `app=web,tier in (front)`."""
        return Pods(self._kube, selector, namespace)

    def crd(self, name: str) -> Expected:
        """A CustomResourceDefinition: `widgets.example.com`."""
        return Expected(self._kube, "apiextensions.k8s.io/v1", "CustomResourceDefinition", name, None)

    def object(self, api_version: str, kind: str, name: str, namespace: str | None = "default") -> Expected:
        """Any object; ``namespace`` None for a kind that is not in one."""
        return Expected(self._kube, api_version, kind, name, namespace)
