"""Run specs of Kubernetes' own e2e suite against an environment, and read what came out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ephemeral
from ephemeral import Environment, tools
from ephemeral.process import run
from ephemeral.spec.model import Cluster, Isolation, Spec
from tests.conformance.images import archives
from tests.conformance.specs import EXCLUDED
from tests.programs import e2e_suite

#: The suite and the images are of this version.
KUBERNETES = "1.36"
_SECONDS = 2 * 3600.0
_NANOSECOND = 1e-9


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the specs that were chosen: seconds of those that passed, why others failed."""

    passed: Mapping[str, float]
    failed: Mapping[str, str]
    seconds: float

    def __str__(self) -> str:
        """The slowest last, since a terminal shows the end of what is printed."""
        lines = [f"{seconds:7.1f} s  {name}" for name, seconds in sorted(self.passed.items(), key=lambda item: item[1])]
        lines += [f"FAILED {name}\n{message}" for name, message in self.failed.items()]
        return "\n".join([*lines, f"{len(self.passed)} passed, {len(self.failed)} failed in {self.seconds:.0f} s"])


def run_specs(focus: str, report: Path) -> Outcome:
    """Run the conformance specs that ``focus`` finds in an environment made for them; the log stays in ``report``.

    Without Pod Security and quota: specs bring privileged pods, and test quota in namespaces of their own.
    """
    spec = Spec(
        name=ephemeral.unique_name("conformance"),
        cluster=Cluster(kubernetes=KUBERNETES),
        isolation=Isolation(preset="none"),
        ttl="3h",
    )
    with ephemeral.up(spec) as environment:
        load_images(environment)
        return ask(environment, focus, report)


def load_images(nodes: Environment) -> None:
    """Give the nodes what the specs' pods run."""
    for name, archive in archives().items():
        nodes.load_image(archive, name)


def ask(environment: Environment, focus: str, report: Path) -> Outcome:
    """Run the specs in an environment that has the images."""
    finished = run(
        _words(e2e_suite(), environment.kubeconfig, focus, report), timeout=_SECONDS, check=False, cwd=report
    )
    (report / "e2e.log").write_text(finished.stdout + finished.stderr)
    results = report / "report.json"
    assert results.exists(), f"the suite wrote no report: {finished.stdout[-3000:]}\n{finished.stderr[-3000:]}"
    return outcome(json.loads(results.read_text()))


def _words(suite: Path, kubeconfig: Path, focus: str, report: Path) -> list[str | Path]:
    return [
        suite,
        f"--kubeconfig={kubeconfig}",
        f"--kubectl-path={tools.require(['kubectl'], kubernetes=KUBERNETES)['kubectl']}",
        "--provider=skeleton",
        "--num-nodes=1",
        "--ginkgo.label-filter=Conformance",
        f"--ginkgo.focus={focus}",
        *(f"--ginkgo.skip={pattern}" for pattern in EXCLUDED),
        "--ginkgo.no-color",
        "--ginkgo.timeout=2h",
        f"--ginkgo.json-report={report / 'report.json'}",
    ]


def outcome(suites: list[dict[str, Any]]) -> Outcome:
    """Read ginkgo's report of one suite. What fails outside of a spec, in the suite's own set-up, counts as failed."""
    seen = [each for each in suites[0]["SpecReports"] if each["State"] not in ("skipped", "pending")]
    return Outcome(
        passed={
            _name(each): each["RunTime"] * _NANOSECOND
            for each in seen
            if each["State"] == "passed" and each["LeafNodeType"] == "It"
        },
        failed={_name(each): _failure(each) for each in seen if each["State"] != "passed"},
        seconds=suites[0]["RunTime"] * _NANOSECOND,
    )


def _name(spec: dict[str, Any]) -> str:
    return " ".join([*(spec["ContainerHierarchyTexts"] or ()), spec["LeafNodeText"]])


def _failure(spec: dict[str, Any]) -> str:
    failure = spec.get("Failure") or {}
    where = failure.get("Location") or {}
    message = failure.get("Message", spec["State"])
    return f"{message}\n  at {where.get('FileName')}:{where.get('LineNumber')}"
