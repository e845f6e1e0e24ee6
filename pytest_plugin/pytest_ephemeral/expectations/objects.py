"""Sentences about one object: there, gone, with a condition or a value; available, ready, complete."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from ephemeral.errors import EphemeralError, WorkloadError
from ephemeral.waiting import Deadline, NotYet
from pytest_ephemeral.expectations.jsonpath import find, is_same
from pytest_ephemeral.expectations.pods import logs_contain
from pytest_ephemeral.expectations.waiting import TIMEOUT, as_assertion, asked, await_state

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.objects import Object


class Expected:
    """One object; every method waits, and returns the object as it then is."""

    def __init__(self, kube: "Kube", api_version: str, kind: str, name: str, namespace: str | None) -> None:
        self._kube = kube
        self._api_version, self._kind, self._name, self._namespace = api_version, kind, name, namespace
        self._title = f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"

    def exists(self, *, timeout: float = TIMEOUT) -> "Object":
        """It is there."""
        __tracebackhide__ = True
        return self._await("to exist", timeout, lambda item: item)

    def gone(self, *, timeout: float = TIMEOUT) -> None:
        """It is not there any more, or never was."""
        __tracebackhide__ = True

        def probe() -> None:
            if item := self._get():
                raise NotYet(_why_there(item))

        self._until(probe, "to be gone", timeout)

    def condition(self, kind: str, status: str = "True", *, timeout: float = TIMEOUT) -> "Object":
        """A condition in its status: `condition("Ready")`."""
        __tracebackhide__ = True
        from ephemeral.kube.objects import condition

        def judge(item: "Object") -> "Object":
            found = condition(item, kind)
            if found.get("status") == status:
                return item
            words = ": ".join(filter(None, (found.get("reason"), found.get("message"))))
            raise NotYet(f"{kind} is {found.get('status', 'not reported')}" + (f" ({words})" if words else ""))

        return self._await(f"to have condition {kind}={status}", timeout, judge)

    def value(self, path: str, value: Any, *, timeout: float = TIMEOUT) -> "Object":
        """A value at a JSONPath: `value("{.status.phase}", "Bound")`."""
        __tracebackhide__ = True

        def judge(item: "Object") -> "Object":
            found = find(path, item)
            if any(is_same(value, each) for each in found):
                return item
            raise NotYet(f"{path} is {', '.join(map(repr, found)) or 'not there'}")

        find(path, {})  # a path that can't be read is found out at once
        return self._await(f"to have {path}={value!r}", timeout, judge)

    def established(self, *, timeout: float = TIMEOUT) -> Self:
        """The API serves the kind that this CRD defines."""
        __tracebackhide__ = True
        self.condition("Established", timeout=timeout)
        return self

    def _get(self) -> "Object | None":
        return asked(lambda: self._kube.get(self._api_version, self._kind, self._name, self._namespace))

    def _await(self, what: str, timeout: float, judge: "Callable[[Object], Object]") -> "Object":
        __tracebackhide__ = True

        def probe() -> "Object":
            item = self._get()
            if item is None:
                raise NotYet("there is no such object")
            return judge(item)

        item: Object = self._until(probe, what, timeout)
        return item

    def _until(self, probe: Callable[[], Any], what: str, timeout: float) -> Any:
        __tracebackhide__ = True
        return await_state(
            probe, what=f"{self._title} {what}", timeout=timeout, kube=self._kube, namespace=self._namespace
        )


class Workload(Expected):
    """Something that runs: a Deployment, StatefulSet, DaemonSet, Job or pod."""

    def available(self, *, timeout: float = TIMEOUT) -> "Object":
        """All its pods are of the newest template and ready; fails at once when they can't become so."""
        __tracebackhide__ = True
        return self._ready(timeout)

    def ready(self, *, timeout: float = TIMEOUT) -> "Object":
        """The same; it reads better of a pod."""
        __tracebackhide__ = True
        return self._ready(timeout)

    def complete(self, *, timeout: float = TIMEOUT) -> "Object":
        """A Job or pod has come to a good end; fails at once when it has failed for good."""
        __tracebackhide__ = True
        if self._kind != "Pod":
            return self._ready(timeout)

        def judge(item: "Object") -> "Object":
            phase = (item.get("status") or {}).get("phase")
            if phase == "Failed":
                raise WorkloadError(f"{self._title} has failed", hint="`logs_contain` and the bundle show its log")
            if phase != "Succeeded":
                raise NotYet(f"it is {phase}")
            return item

        return self._await("to complete", timeout, judge)

    def logs_contain(self, text: str, *, timeout: float = TIMEOUT) -> str:
        """Some line of its pods' logs contains ``text``; returns that line."""
        __tracebackhide__ = True

        def pods() -> "list[Object]":
            from ephemeral.kube.logs import pods_of

            return pods_of(self._kube, f"{self._kind.lower()}/{self._name}", namespace=self._namespace or "default")

        return logs_contain(self._kube, pods, text, title=self._title, namespace=self._namespace, timeout=timeout)

    def _ready(self, timeout: float) -> "Object":
        __tracebackhide__ = True
        from ephemeral.kube.readiness.waits import wait_ready

        deadline = Deadline(timeout)
        item = self.exists(timeout=timeout)
        try:
            wait_ready(self._kube, [item], deadline=deadline)
        except EphemeralError as error:
            raise as_assertion(error, self._kube, self._namespace) from None
        return self._get() or item


def _why_there(item: "Object") -> str:
    metadata = item["metadata"]
    if metadata.get("deletionTimestamp"):
        return f"it is being deleted, held by {', '.join(metadata.get('finalizers') or ['what it owns'])}"
    return "it is there, and nobody deletes it"
