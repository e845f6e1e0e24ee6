"""What goes wrong at a forge: answers that a test has laid out, given before the server looks at the request."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """The next ``times`` requests that match get this answer. ``then`` runs first, such as somebody else's doing."""

    method: str
    path: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1
    then: Callable[[], None] | None = None


class Faults(list[Fault]):
    """The faults that are still to come."""

    def meet(self, method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        """The fault that this request meets, if any; with status 0 the request goes on after ``then``."""
        for fault in self:
            if fault.times and fault.method == method and re.search(fault.path, path):
                fault.times -= 1
                if fault.then:
                    fault.then()
                if fault.status:
                    return fault.status, fault.headers, json.dumps(fault.body or {"message": "as laid out"}).encode()
        return None
