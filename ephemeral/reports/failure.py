"""A failure in plain words: what a reader sees first, wherever it is shown."""

import re
from dataclasses import dataclass
from typing import Self

from ephemeral.errors import EphemeralError

#: Colours and cursor movements of terminals, whole; then what neither HTML nor XML can hold, and marks that make text
#: run the other way, by which a log could pretend to say something else.
_TERMINAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """``words`` say what failed and why, ``hint`` (may be empty) what to do; ``slug`` names the kind of failure."""

    words: str
    hint: str = ""
    slug: str = "error"

    @classmethod
    def of(cls, error: BaseException) -> Self:
        """What an exception says; its name when it says nothing."""
        words = str(error) or type(error).__name__
        if isinstance(error, EphemeralError):
            return cls(words=words, hint=error.hint or "", slug=error.slug)
        return cls(words=words, slug=type(error).__name__)

    @property
    def headline(self) -> str:
        """The first line."""
        return self.words.strip().partition("\n")[0]

    @property
    def details(self) -> str:
        """All lines but the first."""
        return self.words.strip().partition("\n")[2]


def clean(text: str) -> str:
    """``text`` without terminal sequences; characters that no document may hold become U+FFFD."""
    return _UNPRINTABLE.sub("\ufffd", _TERMINAL.sub("", text))
