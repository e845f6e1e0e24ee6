"""What a probe found, and whether that is what the policy promises."""

from dataclasses import dataclass
from typing import Literal

Result = Literal["holds", "broken", "no promise", "not probed"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One probe: what it did, so that it can be repeated by hand, what the policy promises, and what was seen."""

    probe: str
    expected: str
    found: str
    result: Result
    did: str

    @property
    def passed(self) -> bool:
        """A probe that could not be made has not passed."""
        return self.result in ("holds", "no promise")


def judged(probe: str, did: str, *, expected: str | None, found: str, detail: str = "") -> Finding:
    """Compare; ``expected`` is None where the policy promises nothing, ``detail`` says more about what was found."""
    result: Result = "no promise" if expected is None else "holds" if expected == found else "broken"
    seen = f"{found}: {detail}" if detail else found
    return Finding(probe=probe, did=did, expected=expected or "-", found=seen, result=result)


def not_probed(probe: str, why: str, *, did: str = "", expected: str | None = None) -> Finding:
    """A probe that could not be made."""
    return Finding(probe=probe, did=did or "nothing", expected=expected or "-", found=why, result="not probed")
