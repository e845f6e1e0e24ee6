"""Environments that are only remembered: a stand-in for `ephemeral.environment`, which e2e tests use for real."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

import pytest

from ephemeral.errors import EphemeralError, NoEnvironmentError
from ephemeral.leases import Lease
from ephemeral.reports.timeline import Timeline


@dataclass
class Stub:
    """One environment."""

    name: str
    lease: Lease
    kubernetes: str = "1.36.0"
    timeline: Timeline | None = None

    def urls(self) -> dict[str, str]:
        return {"web": "https://web.example.com"}

    def workloads(self) -> dict[str, str]:
        return {"Deployment default/web": "1/1 ready"}

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "provider": "vcluster", **self.lease.to_dict()}

    def extend(self, ttl: timedelta) -> None:
        self.lease = Lease.lasting(ttl, self.lease.owner)


@dataclass
class Environments:
    """Has `up`, `attach` and `down`; ``calls`` are what was asked. ``during`` runs while an environment is made."""

    kept: dict[str, Stub] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    specs: list[Any] = field(default_factory=list)
    failure: EphemeralError | None = None
    refuse_down: set[str] = field(default_factory=set)
    during: Any = None

    @classmethod
    def installed(cls, monkeypatch: pytest.MonkeyPatch) -> Self:
        """In place of the real ones until the test ends."""
        stub = cls()
        for module in ("sync", "reconcile"):
            monkeypatch.setattr(f"ephemeral.forges.{module}.environments", stub)
        monkeypatch.setattr("ephemeral.forges.reconcile.list_environments", stub.list_environments)
        monkeypatch.setattr("ephemeral.environment.attach", stub.attach)
        return stub

    def up(self, spec: Any, *, owner: Any, detach: bool, report: Any, progress: Timeline) -> Stub:
        assert detach
        self.calls.append(f"up {spec.name}")
        self.specs.append(spec)
        with progress.phase("create"):
            if self.during:
                self.during()
            if self.failure:
                raise self.failure
        self.kept[spec.name] = Stub(spec.name, Lease.lasting(timedelta(hours=1), owner), timeline=progress)
        return self.kept[spec.name]

    def attach(self, name: str) -> Stub:
        if name not in self.kept:
            raise NoEnvironmentError(f"no environment {name}")
        return self.kept[name]

    def down(self, name: str) -> bool:
        self.calls.append(f"down {name}")
        if name in self.refuse_down:
            raise EphemeralError("it won't go")
        return self.kept.pop(name, None) is not None

    def list_environments(self, *, everywhere: bool = False) -> list[dict[str, Any]]:
        assert everywhere
        return [each.describe() for each in self.kept.values()]

    def put(self, name: str, owner: Any) -> None:
        self.kept[name] = Stub(name, Lease.lasting(timedelta(hours=1), owner))
