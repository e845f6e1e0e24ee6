"""The lease: stamped before anything is created, so that nothing exists without an owner and a deadline."""

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Owner:
    """Whom an environment belongs to; empty strings where a part does not apply."""

    repo: str = ""
    pull_request: str = ""
    run: str = ""
    test: str = ""
    user: str = ""

    def __str__(self) -> str:
        parts = (self.repo, self.pull_request and f"#{self.pull_request}", self.run, self.test, self.user)
        return " ".join(part for part in parts if part) or "nobody"


@dataclass(frozen=True, kw_only=True, slots=True)
class Lease:
    """An owner and the moments (UTC) that bound an environment's life."""

    owner: Owner
    expires_at: datetime
    created_at: datetime = field(default_factory=_now)

    @classmethod
    def lasting(cls, ttl: timedelta, owner: Owner) -> Self:
        """A lease that starts now."""
        now = _now()
        return cls(owner=owner, created_at=now, expires_at=now + ttl)

    def shifted(self, by: timedelta) -> Self:
        """The same lease on a clock that is ``by`` ahead of this machine's."""
        return replace(self, created_at=self.created_at + by, expires_at=self.expires_at + by)

    @property
    def expired(self) -> bool:
        """Whether its deadline has passed, by this machine's clock."""
        return self.expired_at(datetime.now(UTC))

    def expired_at(self, moment: datetime) -> bool:
        """Whether its deadline has passed at a moment of the clock that it was made for."""
        return self.expires_at <= moment

    def to_dict(self) -> dict[str, Any]:
        """The JSON form; moments are RFC 3339."""
        return {
            "owner": {key: value for key, value in asdict(self.owner).items() if value},
            "created-at": self.created_at.isoformat(),
            "expires-at": self.expires_at.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """Read the JSON form. Raises KeyError or ValueError when it is not one."""
        return cls(
            owner=Owner(**data["owner"]),
            created_at=datetime.fromisoformat(data["created-at"]),
            expires_at=datetime.fromisoformat(data["expires-at"]),
        )
