"""What probes made and is being removed: its end takes a while, which all of it may share."""

import json
from functools import partial

from ephemeral.verify.subject import Subject
from ephemeral.waiting import Deadline, NotYet, wait_until

_SECONDS = 60.0


class Litter:
    """Cluster-scoped objects on their way out: namespaces with what is in them, CRDs, roles."""

    def __init__(self) -> None:
        self._left: list[tuple[Subject, str, str, str]] = []

    def add(self, subject: Subject, version: str, kind: str, name: str) -> None:
        """Begin to remove it."""
        subject.kube.delete(version, kind, name)
        self._left.append((subject, version, kind, name))

    def await_end(self) -> None:
        """Return once all of them are gone. Raises WaitError."""
        deadline = Deadline(_SECONDS)
        for subject, version, kind, name in self._left:
            probe = partial(_expect_gone, subject, version, kind, name)
            wait_until(probe, deadline=deadline, what=f"end of {kind} {name} in {subject.name}")


def _expect_gone(subject: Subject, version: str, kind: str, name: str) -> None:
    if left := subject.kube.get(version, kind, name):
        raise NotYet(json.dumps(left.get("status")))
