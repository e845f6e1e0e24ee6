"""An environment to make pages of, without a cluster: everything on it that a page can show, and hostile text."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ephemeral.errors import WorkloadError
from ephemeral.kube.events import Event
from ephemeral.previews.judge import ErrorRateCheck, Judge, LatencyCheck, Verdict
from ephemeral.previews.observations import Arm, Request
from ephemeral.progress import Silent
from ephemeral.reports.collectors import PodRow
from ephemeral.reports.evidence import Answers, Known, look
from ephemeral.reports.timeline import Phase, Timeline, Workload

#: What a pod or a pull request may say to whoever reads a page.
HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>"&\x1b[31mred\x1b[0m\x00\u202egnp'
LONG = "a-name-without-any-gap-" * 12

ERROR = WorkloadError(
    f"Deployment default/web: container web crashes: exited with code 1 {HOSTILE}\n"
    "  last condition: Available=False (MinimumReplicasUnavailable: Deployment does not have minimum availability.)\n"
    "  last log lines of Pod default/web-5d7c:\n"
    "    Traceback (most recent call last):\n"
    '    RuntimeError: could not connect to "postgres://db:5432/shop"',
    hint="The container starts and ends: its last lines say why. `ephemeral logs --previous` has the rest.",
)


class Subject:
    name = "shop-pr-7-1a2b3c"
    sections = ()

    def __init__(self, logs: Path) -> None:
        self.kube = None
        self.logs = logs
        self.timeline = Timeline(Silent())
        for title, begin, seconds, failed in (
            ("create", 0.0, 0.21, False), ("render", 0.3, 0.4, False), ("ready", 0.21, 3.9, False),
            ("images", 4.1, 1.2, False), ("apply", 5.3, 0.03, False), ("wait", 5.4, 8.6, True),
        ):  # fmt: skip
            self.timeline.phases.append(Phase(title=title, begin=begin, seconds=seconds, failed=failed))
        for title, text, readiness, seconds in (
            ("Deployment default/db", "1/1 ready", "ready", 2.2),
            ("Deployment default/web", "CrashLoopBackOff: exited with code 1", "failed", 8.5),
            ("Job default/migrate", "waits for web", "pending", 0.1),
            (f"StatefulSet {LONG}/{LONG}", HOSTILE, "pending", 0.1),
        ):
            workload = Workload(title=title, text=text, readiness=readiness, begin=5.4, seconds=seconds)
            self.timeline.workloads[title] = workload

    def describe(self):
        return {
            "name": self.name, "provider": "local", "nodes": "real", "kubernetes": "1.36.3", "state": "running",
            "owner": {"repo": "forge.example/team/shop", "pull_request": "7", "user": HOSTILE},
            "created-at": "2026-01-02T03:04:05+00:00", "expires-at": "2026-01-02T04:04:05+00:00",
            "memory-bytes": 700 * 2**20,
        }  # fmt: skip

    def diagnose(self):
        return ""

    def component_logs(self):
        return {"etcd": self.logs / "etcd.log", "kubelet": self.logs / "none.log"}


def sample(folder: Path, *, failing: bool) -> tuple[Known, Answers]:
    """What is known of an environment whose app failed, or did not."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "etcd.log").write_text("".join(f"line {number}\n" for number in range(1000)) + f"{LONG}\n")
    subject = Subject(folder)
    if not failing:
        subject.timeline.phases[-1] = Phase(title="wait", begin=5.4, seconds=2.3, failed=False)
        subject.timeline.phases.append(Phase(title="run", begin=7.7, seconds=4.4, failed=False))
        subject.timeline.workloads = {
            "Deployment default/db": subject.timeline.workloads["Deployment default/db"],
        }
    known = look(subject, ERROR if failing else None, "" if failing else "pass")
    states = {title: workload.text for title, workload in subject.timeline.workloads.items()}
    return known, Answers(
        events=_events() if failing else _events()[:1],
        pods=[
            PodRow("default", "web-5d7c", "0/1", "Running", "3", "12s", "10.42.0.9", "node-0", f"Error; {HOSTILE}"),
            PodRow("default", LONG, "1/1", "Running", "0", "12s", "-", "-", ""),
        ],
        workloads=states,
        objects="",
        logs={
            "default/web-5d7c/web.log": f"starting\n{HOSTILE}\n",
            "default/web-5d7c/web.previous.log": "x" * 2_000 + "\nlast words\n",
            f"default/{LONG}/empty.log": "",
        },
        about_logs="3 logs of containers that ran, the last 2000 lines of each.",
    )


def preview() -> tuple[list[Request], Verdict]:
    """A candidate of which every tenth request fails, at weights of 20 and then 50 %."""
    chance, judge, requests = random.Random(6), Judge([ErrorRateCheck(name=HOSTILE), LatencyCheck()]), []
    for number in range(600):
        share = 0.2 if number < 300 else 0.5
        arm: Arm = "candidate" if chance.random() < share else "baseline"
        failed = arm == "candidate" and chance.random() < 0.1
        latency = chance.lognormvariate(0, 0.3) * 0.04
        request = Request(
            arm=arm, started=1e9 + number / 50, latency=latency, status=503 if failed else 200, share=share
        )
        requests.append(request)
        judge.add(request)
    return requests, judge.verdict()


def _events() -> list[Event]:
    begin = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    return [
        Event(about="Pod default/web-5d7c", uid="", namespace="default", warning=False, reason="Pulled",
              message="Container image is present", count=1, last=begin),
        Event(about="Pod default/web-5d7c", uid="", namespace="default", warning=True, reason="BackOff",
              message=f"Back-off restarting failed container {HOSTILE} {LONG}", count=3,
              last=begin + timedelta(seconds=8)),
    ]  # fmt: skip
