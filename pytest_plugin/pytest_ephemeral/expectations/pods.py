"""Sentences about several pods, and about what pods write into their logs."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ephemeral.waiting import NotYet
from pytest_ephemeral.expectations.waiting import TIMEOUT, asked, await_state

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.objects import Object

_LOG_LINES = 10


class Pods:
    """All pods that a label selector finds."""

    def __init__(self, kube: "Kube", selector: str, namespace: str) -> None:
        self._kube, self._selector, self._namespace = kube, selector, namespace
        self._title = f"pods {namespace}/{selector}"

    def count(self, number: int, *, timeout: float = TIMEOUT) -> "list[Object]":
        """There are so many, none of them on its way out."""
        __tracebackhide__ = True
        return self._until(f"to be {number}", number, lambda _: True, timeout)

    def ready(self, number: int | None = None, *, timeout: float = TIMEOUT) -> "list[Object]":
        """All of them (``number``: so many, else at least one) are ready."""
        __tracebackhide__ = True
        from ephemeral.kube.objects import condition

        return self._until("to be ready", number, lambda pod: condition(pod, "Ready").get("status") == "True", timeout)

    def logs_contain(self, text: str, *, timeout: float = TIMEOUT) -> str:
        """Some line of their logs contains ``text``; returns that line."""
        __tracebackhide__ = True
        return logs_contain(
            self._kube, self._living, text, title=self._title, namespace=self._namespace, timeout=timeout
        )

    def _living(self) -> "list[Object]":
        found = self._kube.list("v1", "Pod", namespace=self._namespace, labels=self._selector)
        return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]

    def _until(
        self, what: str, number: int | None, is_fine: "Callable[[Object], bool]", timeout: float
    ) -> "list[Object]":
        __tracebackhide__ = True

        def probe() -> "list[Object]":
            pods = asked(self._living)
            fine = sum(map(is_fine, pods))
            if not pods or fine < len(pods) or number not in (None, len(pods)):
                phases = ", ".join(f"{pod['metadata']['name']} {pod['status'].get('phase')}" for pod in pods)
                raise NotYet(f"{fine} of {len(pods)}" + (f": {phases}" if phases else ""))
            return pods

        return await_state(
            probe, what=f"{self._title} {what}", timeout=timeout, kube=self._kube, namespace=self._namespace
        )


def logs_contain(
    kube: "Kube",
    pods: "Callable[[], list[Object]]",
    text: str,
    *,
    title: str,
    namespace: str | None,
    timeout: float,
) -> str:
    """Wait for a line with ``text`` in the logs of these pods; fails with the last lines that were there."""
    __tracebackhide__ = True
    from ephemeral.kube.logs import log_lines

    def probe() -> str:
        lines = asked(lambda: [line.text for line in log_lines(kube, pods())])
        for line in lines:
            if text in line:
                return line
        raise NotYet("\n  ".join(["the last lines of the log:", *lines[-_LOG_LINES:]]) if lines else "an empty log")

    return await_state(
        probe, what=f"log of {title} to contain {text!r}", timeout=timeout, kube=kube, namespace=namespace
    )
