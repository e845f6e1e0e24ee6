"""Environments that are only remembered: a stand-in for `ephemeral.environment`, which e2e tests use for real."""

from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Self

import pytest

from ephemeral.errors import EphemeralError, NoEnvironmentError, PreviewError
from ephemeral.leases import Lease
from ephemeral.reports.timeline import Timeline


@dataclass
class StubPreview:
    """One preview; ``verdict`` is what its start comes to."""

    verdict: str = "pass"
    phase: str = ""
    definition: Any = None

    def status(self) -> Any:
        if not self.phase:
            raise PreviewError("there is no preview here.")
        sentence = f"It is a {self.verdict}."
        over = self.phase in ("promoted", "aborted")
        return SimpleNamespace(phase=self.phase, verdict=self.verdict, sentence=sentence, over=over)

    def start(self, *, records: Any) -> Any:
        return self._turn({"pass": "promoted", "fail": "aborted"}.get(self.verdict, "held"))

    def promote(self) -> Any:
        return self._turn("promoted")

    def abort(self) -> Any:
        return self._turn("aborted")

    def _turn(self, phase: str) -> Any:
        self.phase = phase
        return self.status()


@dataclass
class Stub:
    """One environment."""

    name: str
    lease: Lease
    kubernetes: str = "1.36.0"
    timeline: Timeline | None = None
    previewed: "StubPreview | None" = None

    def urls(self) -> dict[str, str]:
        return {"web": "https://web.example.com"}

    def workloads(self) -> dict[str, str]:
        return {"Deployment default/web": "1/1 ready"}

    def describe(self) -> dict[str, Any]:
        return {"name": self.name, "provider": "vcluster", **self.lease.to_dict()}

    def preview(self, definition: Any = None) -> "StubPreview":
        self.previewed = self.previewed or StubPreview()
        self.previewed.definition = definition or self.previewed.definition
        return self.previewed

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
    verdict: str = "pass"

    @classmethod
    def installed(cls, monkeypatch: pytest.MonkeyPatch) -> Self:
        """In place of the real ones until the test ends."""
        stub = cls()
        for module in ("sync", "reconcile", "previewing"):
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
        before = self.kept.get(spec.name)
        previewed = before.previewed if before and before.previewed else StubPreview()
        previewed.verdict = self.verdict
        lease = Lease.lasting(timedelta(hours=1), owner)
        self.kept[spec.name] = Stub(spec.name, lease, timeline=progress, previewed=previewed)
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
