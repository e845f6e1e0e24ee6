"""The bundle of a failure: whatever is broken, the rest is gathered and the failure itself stays visible."""

import json
import re
import threading
from pathlib import Path

import pytest
import yaml

from ephemeral.environment import Environment
from ephemeral.errors import ClusterError, StateError, WorkloadError
from ephemeral.kube.logs import Line
from ephemeral.progress import Silent
from ephemeral.reports import collectors
from ephemeral.reports.bundle import write_bundle
from ephemeral.reports.timeline import Timeline
from ephemeral.spec.model import Spec

POD = {
    "metadata": {"name": "web-1", "namespace": "default", "managedFields": [{"manager": "x"}]},
    "spec": {"containers": [{"name": "web", "image": "web:1"}], "nodeName": "node-0"},
    "status": {
        "phase": "Pending",
        "podIP": "10.0.0.7",
        "containerStatuses": [
            {"name": "web", "ready": False, "restartCount": 3, "state": {"waiting": {"reason": "CrashLoopBackOff"}}}
        ],
        "conditions": [{"type": "Ready", "status": "False", "message": "containers with unready status: [web]"}],
    },
}
EVENT = {
    "metadata": {"creationTimestamp": "2026-01-02T03:04:05Z"},
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web-1"},
    "type": "Warning", "reason": "Failed", "message": "no such image", "lastTimestamp": "2026-01-02T03:04:05Z",
}  # fmt: skip


class Kube:
    """An API that has one pod and one event, and counts what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def list(self, api_version, kind, **_selectors):
        self.asked.append(kind)
        found = {"Pod": POD, "Event": EVENT}.get(kind)
        return [{"apiVersion": api_version, "kind": kind, **json.loads(json.dumps(found))}] if found else []


class Subject:
    name = "shop"
    nodes = "real"
    sections = ()

    def __init__(self, logs: dict[str, Path] | None = None, *, diagnosis: str = "") -> None:
        self.kube = Kube()
        self.timeline = Timeline(Silent())
        self.logs, self.diagnosis = logs or {}, diagnosis

    def describe(self):
        return {"kubernetes": "1.36.3", "nodes": self.nodes, "owner": {"user": "ann", "pr": 7}, "memory-bytes": 2**20}

    def diagnose(self):
        return self.diagnosis

    def component_logs(self):
        return self.logs


def log_lines(_kube, pods, *, container, tail, previous):
    text = f"{container} {'before' if previous else 'now'}, at most {tail}"
    return [Line(namespace="default", pod=pods[0]["metadata"]["name"], container=container, text=text)]


@pytest.fixture(autouse=True)
def _only_what_the_fake_knows(monkeypatch):
    monkeypatch.setattr(collectors, "log_lines", log_lines)
    monkeypatch.setattr(collectors, "workload_states", lambda _: {"Deployment web": "0/1 ready"})


def content(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_all_of_it(tmp_path):
    log = tmp_path / "etcd.log"
    log.write_text("elected\n")
    subject = Subject({"etcd": log})
    with subject.timeline.phase("create"):
        pass
    error = WorkloadError("Deployment web can't become ready", hint="Look at the image.")
    folder = write_bundle(tmp_path / "report", subject, error)
    assert folder == tmp_path / "report" / "shop"
    files = content(folder)
    facts = "kubernetes: 1.36.3\nnodes: real\nowner: user ann, pr 7\nmemory-bytes: 1 MiB\n"
    assert files["summary.txt"].startswith(f"Deployment web can't become ready\nhint: Look at the image.\n\n{facts}\n ")
    assert re.search(r"^ +\d+\.\d{3} s  create: done in \d\.\d{3} s$", files["summary.txt"], re.MULTILINE)
    assert files["components/etcd.log"] == "elected\n"
    assert files["events.txt"] == "03:04:05 Warning Pod default/web-1: Failed: no such image\n"
    assert files["workloads.txt"] == "Deployment web: 0/1 ready\n"
    assert json.loads(files["timeline.json"])["phases"][0]["title"] == "create"
    assert files["logs/default/web-1/web.log"] == "web now, at most 2000\n"
    assert files["logs/default/web-1/web.previous.log"] == "web before, at most 2000\n"
    documents = list(yaml.safe_load_all(files["objects.yaml"]))
    assert [(each["kind"], each["metadata"]) for each in documents] == [
        ("Pod", {"name": "web-1", "namespace": "default"})
    ]


def test_table_of_pods(tmp_path):
    text = (write_bundle(tmp_path, Subject(), None) / "pods.txt").read_text()
    assert [line.split("   ") for line in re.sub(" {3,}", "   ", text).splitlines()] == [
        ["NAMESPACE", "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE", "WHY"],
        ["default", "web-1", "0/1", "Pending", "3", "-", "10.0.0.7", "node-0",
         "CrashLoopBackOff; containers with unready status: [web]"],
    ]  # fmt: skip


def test_a_container_that_never_ran_has_no_log(tmp_path, monkeypatch):
    waiting = {"name": "web", "ready": False, "restartCount": 0, "state": {"waiting": {"reason": "ErrImagePull"}}}
    monkeypatch.setitem(POD["status"], "containerStatuses", [waiting])
    files = content(write_bundle(tmp_path, Subject(), None))
    assert [name for name in files if name.startswith("logs/")] == ["logs/README.txt"]
    assert files["logs/README.txt"].startswith("0 logs ")


def test_a_log_that_cant_be_read_says_why_in_its_place(tmp_path, monkeypatch):
    def refuse(*_, previous, **__):
        if previous:
            raise ClusterError("previous terminated container not found")
        return []

    monkeypatch.setattr(collectors, "log_lines", refuse)
    files = content(write_bundle(tmp_path, Subject(), None))
    assert files["logs/default/web-1/web.previous.log"] == (
        "could not be gathered: ClusterError: previous terminated container not found\n"
    )
    assert files["logs/default/web-1/web.log"] == ""


def test_simulated_pods_have_no_logs_and_that_is_said_once(tmp_path):
    subject = Subject()
    subject.nodes = "simulated"
    files = content(write_bundle(tmp_path, subject, None))
    assert [name for name in files if name.startswith("logs/")] == ["logs/README.txt"]
    assert "simulated" in files["logs/README.txt"]


def test_what_was_gathered_in_time_is_kept(tmp_path, monkeypatch):
    """The first container's log is there although the second one's never comes."""
    release = threading.Event()

    def slow(_kube, pods, *, previous, **options):
        return release.wait(60) and [] if not previous else log_lines(_kube, pods, previous=True, **options)

    monkeypatch.setattr("ephemeral.reports.evidence._SECONDS", 0.2)
    monkeypatch.setattr(collectors, "log_lines", slow)
    try:
        files = content(write_bundle(tmp_path, Subject(), None))
        assert files["logs/default/web-1/web.previous.log"] == "web before, at most 2000\n"
        assert files["logs/README.txt"] == "could not be gathered: no answer within 0.2 s\n"
    finally:
        release.set()


def test_secrets_are_never_read(tmp_path):
    subject = Subject()
    write_bundle(tmp_path, subject, None)
    assert "ConfigMap" in subject.kube.asked
    assert "Secret" not in subject.kube.asked


def test_without_an_error_nothing_failed(tmp_path):
    assert (write_bundle(tmp_path, Subject(), None) / "summary.txt").read_text().startswith("nothing failed\n")


def test_writing_it_again_replaces_it(tmp_path):
    write_bundle(tmp_path, Subject(), WorkloadError("first"))
    folder = write_bundle(tmp_path, Subject(diagnosis="etcd was ended by SIGKILL"), WorkloadError("second"))
    files = content(folder)
    assert set(files) == {"summary.txt", "timeline.json", "report.html"}
    assert "first" not in files["summary.txt"]


def test_a_folder_that_is_no_bundle_keeps_what_it_has(tmp_path):
    """`--report .` and an environment with the name of a source folder."""
    (tmp_path / "shop" / "logs").mkdir(parents=True)
    (tmp_path / "shop" / "logs" / "precious").write_text("mine")
    write_bundle(tmp_path, Subject(), None)
    assert (tmp_path / "shop" / "logs" / "precious").read_text() == "mine"


def test_one_failing_collector_leaves_the_others(tmp_path, monkeypatch):
    def refuse(_):
        raise ClusterError("connection refused")

    monkeypatch.setattr(collectors, "workload_states", refuse)
    files = content(write_bundle(tmp_path, Subject(), None))
    assert files["workloads.txt"] == "could not be gathered: ClusterError: connection refused\n"
    assert "web-1" in files["pods.txt"]


def test_no_client_at_all(tmp_path):
    class NoClient(Subject):
        def __init__(self):
            self.timeline, self.logs, self.diagnosis = Timeline(Silent()), {}, ""

        @property
        def kube(self):
            raise ClusterError("the kubeconfig is gone")

    files = content(write_bundle(tmp_path, NoClient(), WorkloadError("boom")))
    assert files["events.txt"] == "could not be gathered: ClusterError: the kubeconfig is gone\n"
    assert files["summary.txt"].startswith("boom\n")


def test_an_api_that_never_answers_is_given_up(tmp_path, monkeypatch):
    """All collectors together have one deadline, and the process can end although they hang."""
    release = threading.Event()
    monkeypatch.setattr("ephemeral.reports.evidence._SECONDS", 0.2)
    monkeypatch.setattr(Kube, "list", lambda *_, **__: release.wait(60) and [])
    try:
        files = content(write_bundle(tmp_path, Subject(), None))
        assert files["pods.txt"] == "could not be gathered: no answer within 0.2 s\n"
        assert files["objects.yaml"] == "could not be gathered: no answer within 0.2 s\n"
        assert files["workloads.txt"] == "Deployment web: 0/1 ready\n"
        assert all(thread.daemon for thread in threading.enumerate() if thread is not threading.main_thread())
    finally:
        release.set()


def test_a_dead_cluster_is_not_asked(tmp_path):
    subject = Subject(diagnosis="kube-apiserver was ended by SIGKILL")
    files = content(write_bundle(tmp_path, subject, None))
    assert subject.kube.asked == []
    assert set(files) == {"summary.txt", "timeline.json", "report.html"}
    assert "kube-apiserver was ended by SIGKILL\n" in files["summary.txt"]


def test_an_environment_that_knows_nothing_of_itself(tmp_path):
    class Lost(Subject):
        def describe(self):
            raise StateError("the record is gone")

        diagnose = component_logs = describe

    files = content(write_bundle(tmp_path, Lost(), WorkloadError("boom")))
    assert files["summary.txt"].startswith("boom\n")
    assert files["summary.txt"].count("could not be gathered: StateError: the record is gone\n") == 2
    assert files["components/README.txt"] == "could not be gathered: StateError: the record is gone\n"
    assert "web-1" in files["pods.txt"]


def test_a_component_without_a_log(tmp_path):
    log = tmp_path / "etcd.log"
    log.write_text("elected\n")
    files = content(write_bundle(tmp_path / "r", Subject({"scheduler": tmp_path / "none.log", "etcd": log}), None))
    assert files["components/scheduler.log"].startswith("could not be gathered: FileNotFoundError: ")
    assert files["components/etcd.log"] == "elected\n"


def test_only_the_end_of_a_long_log(tmp_path, monkeypatch):
    monkeypatch.setattr("ephemeral.reports.bundle._LOG_BYTES", 5)
    log = tmp_path / "etcd.log"
    log.write_text("0123456789")
    assert (write_bundle(tmp_path, Subject({"etcd": log}), None) / "components/etcd.log").read_text() == "56789"


class Cluster(Subject):
    """As much of a cluster as `Environment` asks for."""


class Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text):
        self.notes.append(text)


@pytest.fixture
def notes() -> Notes:
    return Notes()


@pytest.fixture
def environment(notes) -> Environment:
    return Environment(Spec(name="shop"), Cluster(diagnosis="dead"), progress=Timeline(notes), found=True)


def test_a_failure_is_reported_and_goes_on(tmp_path, environment, notes):
    with pytest.raises(WorkloadError, match="boom"), environment.reporting(tmp_path):
        raise WorkloadError("boom")
    assert notes.notes == [f"report: {tmp_path / 'shop'}"]


def test_no_directory_no_report(environment, notes):
    with pytest.raises(WorkloadError, match="boom"), environment.reporting(None):
        raise WorkloadError("boom")
    assert notes.notes == []


def test_a_directory_that_cant_be_written_does_not_hide_the_failure(tmp_path, environment, notes):
    occupied = tmp_path / "report"
    occupied.write_text("a file")
    with pytest.raises(WorkloadError, match="boom"), environment.reporting(occupied):
        raise WorkloadError("boom")
    assert len(notes.notes) == 1
    assert notes.notes[0].startswith(f"no report: {occupied} can't be written: ")


def test_a_disk_that_fills_up_does_not_hide_the_failure(tmp_path, environment, notes, monkeypatch):
    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(WorkloadError, match="boom"), environment.reporting(tmp_path):
        raise WorkloadError("boom")
    assert notes.notes == [f"no report: {tmp_path} can't be written: No space left on device"]
