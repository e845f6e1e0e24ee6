"""A preview from its start to its end: candidate, router, steps, verdict, promotion or abort."""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ephemeral.errors import EphemeralError, PreviewError, SpecError
from ephemeral.kube.client import Kube
from ephemeral.kube.objects import Manifest, Object
from ephemeral.previews.asking import wait_some
from ephemeral.previews.baseline import Baseline, find_baseline
from ephemeral.previews.copies import copies
from ephemeral.previews.finish import abort, promote
from ephemeral.previews.hold import AskedToStop, Hold, taken
from ephemeral.previews.records import Records
from ephemeral.previews.routers import Router, Stage, router_named
from ephemeral.previews.routers.classes import find_class
from ephemeral.previews.state import LateError, State, Store, changed, find_namespace
from ephemeral.previews.steps import Paused, Steps, Tools, resumed_at, steps_of
from ephemeral.previews.wanted import wanted
from ephemeral.progress import Progress
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.preview_model import Preview as Definition
from ephemeral.spec.preview_rules import router_of
from ephemeral.waiting import Deadline, NotYet, wait_until

_FOLLOW_SECONDS = 24 * 3600.0
_REACHED_SECONDS = 30.0
#: What an archive of the gateway's image is called once it is loaded.
_GATEWAY = "docker.io/library/traefik"


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """The environment as a preview needs it.

    ``put`` applies objects under the isolation policy and waits (seconds) until they are ready; ``load`` makes images
    (as `images` has them) known to its nodes and gives their names; ``url`` opens a Service to this machine.
    """

    name: str
    kubeconfig: Path
    runs_pods: bool
    kube: Kube
    put: Callable[[Sequence[Object], float], None]
    load: Callable[[Mapping[str, str]], Mapping[str, str]]
    url: Callable[[str, int | str, str], str]
    progress: Progress


class Preview:
    """Baseline and candidate of an environment's app, side by side."""

    def __init__(self, host: Host, definition: Definition | None) -> None:
        self._host = host
        self._definition = definition
        self._namespace = definition.namespace if definition else find_namespace(host.kube)
        self._store = Store(host.kube, self._namespace)

    def start(self, *, records: Path | None = None) -> State:
        """Begin the preview, or go on with one that was left, and do its steps to the end or to an open pause.

        ``records`` is a directory for what the load saw. Raises SpecError, WorkloadError as soon as the candidate
        can't become ready (it is removed then), PreviewError when another process works on it.
        """
        definition = self._defined()
        if not self._host.runs_pods:
            raise PreviewError(
                "simulated nodes run nothing: nobody could serve the preview's traffic.",
                hint="`cluster: {nodes: real}` in ephemeral.yaml.",
            )
        self._begin(definition)
        with self._held() as hold:
            return self._run(hold, definition, records)

    def status(self) -> State:
        """The preview as it stands. Raises PreviewError when there never was one."""
        state = self._store.read()
        if state is None:
            raise PreviewError("there is no preview here.", hint="`ephemeral preview start` begins one.")
        return state

    def follow(self) -> State:
        """Tell what happens to it until it is over, or both arms are to stay. Raises PreviewError."""
        told = len(self.status().history)

        def attempt() -> State:
            nonlocal told
            state = self.status()
            for line in state.history[told:]:
                self._host.progress.note(line)
            told = len(state.history)
            if not (state.over or (state.phase == "held" and not state.holder)):
                raise NotYet(state.phase)
            return state

        return wait_until(attempt, deadline=Deadline(_FOLLOW_SECONDS), what="the end of the preview", interval=0.2)

    def promote(self, *, records: Path | None = None) -> State:
        """Go on after an open pause; where none is open, make the baseline what the candidate is.

        Done already is no error. Raises PreviewError for a preview that was aborted.
        """
        state = self.status()
        if state.phase == "aborted":
            raise PreviewError("this preview was aborted: there is no candidate to promote.")
        if state.phase == "promoted":
            return state
        with self._held(follow=True) as hold:
            state = self.status()
            if state.over:
                return state
            if state.phase == "paused":
                definition = self._defined()
                return self._run(hold, definition, records, going_on=True)
            return self._end(hold, promote)

    def abort(self) -> State:
        """Take the candidate away: weight 0 first, then its removal, then proof that the baseline answers all.

        Stops whoever works on the preview. Done already is no error. Raises PreviewError once it is promoted.
        """
        state = self._store.change(lambda state: None if state.over else changed(state, asked="abort"))
        if state.phase == "aborted":
            return state
        if state.phase == "promoted":
            raise PreviewError("this preview was promoted: there is no candidate to remove.")
        with taken(self._store, note=self._host.progress.note, heeding=False, while_held=_patiently) as hold:
            state = self.status()
            return state if state.phase == "aborted" else self._end(hold, abort)

    def url(self, service: str = "", port: int | str = "") -> str:
        """Where the candidate alone answers. Raises PreviewError when there never was a preview."""
        state = self.status()
        router = self._router(state, self._stage(find_baseline(self._host.kube, state.services, **self._anywhere)))
        return router.preview_url(service or state.services[0], port)

    @property
    def environment(self) -> str:
        """Name of its environment."""
        return self._host.name

    @property
    def _anywhere(self) -> dict[str, Any]:
        return {"namespace": self._namespace, "ready": False}

    def _defined(self) -> Definition:
        if self._definition is None:
            raise SpecError("there is no `preview:` in ephemeral.yaml.", hint="docs/previews.md shows one.")
        return self._definition

    def _begin(self, definition: Definition) -> None:
        """Write the first state, unless there is a preview of the same definition to go on with."""
        state = State(
            phase="running",
            services=definition.service,
            router=router_of({"router": definition.router, "strategy": definition.strategy}),
            definition=digest(definition),
            grace=parse_duration(definition.grace).total_seconds(),
            timeout=parse_duration(definition.timeout).total_seconds(),
        )
        there = self._store.read()
        if there is None or there.over:
            find_baseline(self._host.kube, definition.service, namespace=self._namespace)
            if state.router == "gateway-api":
                find_class(self._host.kube, definition.gateway_class)  # before anything is made
            try:
                self._store.begin(state)
            except LateError:
                there = self._store.read()
            else:
                return
        if there and there.definition != state.definition:
            raise PreviewError(
                "another preview is under way here, of another definition.",
                hint="`ephemeral preview abort` ends it, `ephemeral preview promote` too.",
            )
        if there and (there.phase in ("promoting", "aborting") or there.asked):
            raise PreviewError(
                f"the preview here is {there.phase}.", hint="`ephemeral preview promote` or `abort` ends it."
            )

    @contextmanager
    def _held(self, *, follow: bool = False) -> Iterator[Hold]:
        try:
            note = self._host.progress.note
            with taken(self._store, note=note, while_held=_patiently if follow else None) as hold:
                yield hold
        except AskedToStop as asked:
            raise PreviewError(f"the preview goes on elsewhere: {asked}.") from None

    def _run(self, hold: Hold, definition: Definition, records: Path | None, *, going_on: bool = False) -> State:
        state = self.status()
        baseline = find_baseline(self._host.kube, definition.service, namespace=self._namespace)
        gateway = self._host.load({_GATEWAY: definition.gateway_image})[_GATEWAY] if not going_on else ""
        stage = self._stage(baseline, gateway)
        router = self._router(state, stage)
        if not going_on:
            self._put_candidate(hold, definition, stage, router)
        with Records.kept(records, fresh=not going_on) as kept:
            tools = Tools(
                stage=stage,
                router=router,
                hold=hold,
                record=kept.add,
                variables=self._variables(router, definition),
            )
            steps = Steps(definition, tools, kept.earlier() if going_on else ())
            try:
                verdict = steps.run(state.step if going_on else resumed_at(steps_of(definition), state.step))
            except Paused:
                return self.status()
            if going_on and not any(each.load or each.run for each in steps_of(definition)[state.step :]):
                return self._end(hold, promote)  # nothing was asked since somebody said so
            kept.conclude(verdict)
        hold.update(f"{verdict.outcome}: {verdict.sentence}", verdict=verdict.outcome, sentence=verdict.sentence)
        if (verdict.outcome, definition.on_pass) == ("pass", "promote"):
            return self._end(hold, promote)
        if (verdict.outcome, definition.on_fail) == ("fail", "abort"):
            return self._end(hold, abort)
        return hold.update("both stay as they are", phase="held")

    def _put_candidate(self, hold: Hold, definition: Definition, stage: Stage, router: Router) -> None:
        candidate = definition.candidate
        found = wanted(
            stage.kube,
            stage.baseline,
            images=self._host.load(candidate.images),
            patches=_read(candidate.patch),
            manifests=_read(candidate.manifests),
        )
        for each in found.left_out:
            self._host.progress.note(f"{each} is no part of a preview and is left out")
        if found.identical:
            hold.update("the candidate is identical to the baseline: any difference will be chance")
        try:
            router.prepare()
            with self._host.progress.phase("candidate"):
                stage.put(copies(found, stage.baseline))
                if router.by_header:
                    _wait_reached(stage, router)
        except EphemeralError:
            if definition.on_fail == "abort":
                hold.update("the candidate did not become ready")
                self._end(hold, abort)
            raise
        hold.update("the candidate is ready")

    def _end(self, hold: Hold, end: Callable[[Hold, Stage, Router, State], None]) -> State:
        state = self.status()
        stage = self._stage(find_baseline(self._host.kube, state.services, **self._anywhere))
        with self._host.progress.phase(end.__name__):
            end(hold, stage, self._router(state, stage), state)
        return self.status()

    def _stage(self, baseline: Baseline, gateway_image: str = "") -> Stage:
        host, state = self._host, self._store.read()
        seconds = state.timeout if state else 120.0
        return Stage(
            kube=host.kube,
            baseline=baseline,
            put=lambda objects: host.put(objects, seconds),
            url=lambda service, port: host.url(service, port, self._namespace),
            progress=host.progress,
            gateway_class=self._definition.gateway_class if self._definition else "",
            gateway_image=gateway_image,
        )

    def _router(self, state: State, stage: Stage) -> Router:
        return router_named(state.router, stage)

    def _variables(self, router: Router, definition: Definition) -> dict[str, str]:
        service, port = definition.load.service or definition.service[0], definition.load.port
        return {
            "KUBECONFIG": str(self._host.kubeconfig),
            "EPHEMERAL_CURRENT": self._host.name,
            "EPHEMERAL_URL": self._host.url(service, port, self._namespace),
            "EPHEMERAL_PREVIEW_URL": router.preview_url(service, port),
        }


def digest(definition: Definition) -> str:
    """What tells definitions apart, without any value of theirs: headers of a load may be secrets."""
    return hashlib.sha256(json.dumps(asdict(definition), sort_keys=True).encode()).hexdigest()[:16]


def _read(paths: Sequence[str]) -> list[Manifest]:
    from ephemeral.apps.files import read_manifests

    return read_manifests(tuple(paths), base=Path.cwd())


def _wait_reached(stage: Stage, router: Router) -> None:
    """Return once a gateway has heard of the candidate's pods, a moment after they are ready. Raises WaitError."""
    for service in stage.baseline.services:
        url = router.preview_url(service["metadata"]["name"], service["spec"]["ports"][0]["port"])
        wait_some(url, "candidate", within=1, deadline=Deadline(_REACHED_SECONDS))


def _patiently(_: State) -> None:
    """Wait until whoever works on it is done."""
