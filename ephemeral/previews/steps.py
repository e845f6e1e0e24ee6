"""The steps of a preview, one after the other, until one of them decides."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from ephemeral.previews.asking import wait_some
from ephemeral.previews.hold import Hold
from ephemeral.previews.judge import Row, Verdict
from ephemeral.previews.load import LoadPlan, LoadSummary, Target, generate
from ephemeral.previews.names import REQUEST_HEADER, candidate_name
from ephemeral.previews.observations import Request
from ephemeral.previews.questions import command_row, command_rows, judge_of, lateness_row, with_rows
from ephemeral.previews.routers import Router, Stage
from ephemeral.previews.scale import scale
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.preview_model import Preview, Step
from ephemeral.spec.preview_rules import DEFAULT_LOAD, PROMOTE, router_of
from ephemeral.waiting import Deadline

_HEADER_SECONDS = 30.0
_COMMAND_SECONDS = 3600.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What steps work with besides the definition: ``record`` keeps each request, ``variables`` are for commands."""

    stage: Stage
    router: Router
    hold: Hold
    record: Callable[[Request], None]
    variables: Mapping[str, str]


class Paused(Exception):  # noqa: N818 - it is no error
    """The next step is for somebody to take."""


def steps_of(preview: Preview) -> Sequence[Step]:
    """The steps that are written, or those of the strategy."""
    if preview.steps:
        return preview.steps
    both = (Step(load=DEFAULT_LOAD), Step(check=True))
    splits = router_of({"router": preview.router, "strategy": preview.strategy}) != "service"
    return (Step(weight=50), *both) if splits and preview.strategy == "canary" else both


def resumed_at(steps: Sequence[Step], step: int) -> int:
    """Where to go on after whoever did the steps is gone, and what it saw with it: at the load before."""
    loads = [index for index, each in enumerate(steps[:step]) if each.load]
    return loads[-1] if loads else step


def weight_at(steps: Sequence[Step], step: int) -> int:
    """The weight that is in effect when a step begins."""
    weights = [each.weight for each in steps[:step] if each.weight is not None]
    return weights[-1] if weights else 0


class Steps:
    """Does the steps of one preview and remembers what the judge knows."""

    def __init__(self, preview: Preview, tools: Tools, earlier: Iterable[Request] = ()) -> None:
        self._preview, self._tools = preview, tools
        self._judge = judge_of(preview)
        for request in earlier:
            self._judge.add(request)
        self._rows: list[Row] = []
        self._loads: list[LoadSummary] = []
        self._weight = 0
        self._asked = False

    def run(self, first: int) -> Verdict:
        """Do the steps from ``first`` on, and return the verdict. Raises Paused, AskedToStop."""
        steps = steps_of(self._preview)
        if weight := weight_at(steps, first):
            self._shift(weight)
        for index, step in list(enumerate(steps))[first:]:
            self._tools.hold.check()
            self._tools.hold.update(phase="running", step=index)
            if step.pause == PROMOTE:
                self._pause(index + 1)
            if not self._do(step):
                break
        return self._verdict()

    def _do(self, step: Step) -> bool:
        """Do one step; False when it has decided."""
        hold = self._tools.hold
        if step.weight is not None:
            self._shift(step.weight)
        elif step.header:
            self._try_header()
        elif step.pause:
            hold.update(f"pause of {step.pause}")
            hold.wait(parse_duration(step.pause).total_seconds())
        elif step.load:
            self._load(step.load)
        elif step.check:
            return self._check()
        elif step.run:
            return self._command(step.run)
        elif step.scale:
            self._scale(step.scale)
        return True

    def _pause(self, following: int) -> NoReturn:
        known: dict[str, str] = {}
        if self._asked:
            verdict = self._verdict()
            known = {"verdict": verdict.outcome, "sentence": verdict.sentence}
        self._tools.hold.update("paused until promote", phase="paused", step=following, **known)
        raise Paused

    def _shift(self, weight: int) -> None:
        effect = self._tools.router.shift(weight)
        self._weight = weight
        self._tools.hold.update(f"the candidate has {effect}", weight=weight)

    def _try_header(self) -> None:
        """Only the header leads to the candidate from now on, and it does."""
        self._shift(0)
        stage = self._tools.stage
        for service in stage.baseline.services:
            url = stage.url(service["metadata"]["name"], service["spec"]["ports"][0]["port"])
            header = {REQUEST_HEADER: "candidate"}
            wait_some(url, "candidate", within=1, headers=header, deadline=Deadline(_HEADER_SECONDS))
        self._tools.hold.update(f"the header {REQUEST_HEADER} leads to the candidate")

    def _load(self, duration: str) -> None:
        load, hold, stop = self._preview.load, self._tools.hold, threading.Event()
        text = load.duration if duration == DEFAULT_LOAD else duration
        service = load.service or self._preview.service[0]
        plan = LoadPlan(
            routing=self._tools.router.routing(service, load.port, lambda: self._weight / 100),
            rate=load.rate,
            seconds=parse_duration(text).total_seconds(),
            requests=load.requests or None,
            targets=_targets(self._preview),
            timeout=parse_duration(load.timeout).total_seconds(),
            # A gateway splits the requests of one connection as well, and new connections cost more than requests.
            keep_alive=load.keep_alive or self._tools.router.by_header,
        )

        def heard(request: Request) -> None:
            self._tools.record(request)
            self._judge.add(request)
            if hold.stop.is_set() or self._judge.decided:
                stop.set()

        hold.update(f"load of {load.rate} requests a second for {text}")
        summary = generate(plan, heard, stop)
        self._loads.append(summary)
        hold.check()
        hold.update(summary.sentence())

    def _check(self) -> bool:
        self._asked = True
        if self._verdict().outcome == "fail":
            return False
        self._rows += command_rows(self._preview, self._tools.variables)
        return self._verdict().outcome != "fail"

    def _command(self, command: Sequence[str]) -> bool:
        row = command_row(" ".join(command), command, seconds=_COMMAND_SECONDS, env=self._tools.variables)
        self._rows.append(row)
        self._tools.hold.update(row.sentence)
        return row.outcome == "pass"

    def _scale(self, replicas: int) -> None:
        stage = self._tools.stage
        for deployment in stage.baseline.deployments:
            scale(stage.kube, candidate_name(deployment["metadata"]["name"]), stage.namespace, replicas)
        self._tools.hold.update(f"the candidate has {replicas} pods")

    def _verdict(self) -> Verdict:
        verdict = with_rows(self._judge.verdict(), self._rows)
        late = lateness_row(self._preview, self._loads)
        return with_rows(verdict, [late]) if late and verdict.outcome == "pass" else verdict


def _targets(preview: Preview) -> tuple[Target, ...]:
    return tuple(
        Target(
            path=each.path,
            method=each.method,
            headers=each.headers,
            body=each.body.encode() or None,
            weight=each.weight,
        )
        for each in preview.load.paths
    ) or (Target(),)
