"""The action and its parts through whole workflows, with post steps, run by `act`."""

import json
from pathlib import Path
from typing import Any

import pytest

from ephemeral.fleet import list_environments
from tests.act import Act, make_project
from tests.e2e.objects import deployment

pytestmark = pytest.mark.cluster

WORKFLOWS = Path(__file__).parent / "workflows"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", {"app.json": json.dumps(deployment("web"))})


def recorded(path: Path) -> Any:
    return json.loads(path.read_text())


def test_a_job_that_fails_leaves_a_report_and_no_environment(act: Act, project: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    finished = act.run(project, WORKFLOWS / "job.yml", "push", env={"RECORD": str(record)}, check=False)
    log = finished.stdout
    assert finished.returncode != 0
    assert "Failure - Main exit 3" in log
    outputs = recorded(record)
    assert outputs["name"].startswith("fails-")
    assert {key: outputs[key] for key in ("status", "created", "url", "urls-json", "namespace", "report-path")} == {
        "status": "running",
        "created": "true",
        "url": "",
        "urls-json": "{}",
        "namespace": "",
        "report-path": "",
    }
    hard = recorded(tmp_path / "record.quota")["items"][0]["spec"]["hard"]
    assert (hard["pods"], hard["services"]) == ("7", "3")
    seen, removed = f"What is to be seen of {outputs['name']}", f"{outputs['name']}: removed"
    assert log.index("Failure - Main exit 3") < log.index(seen) < log.index("report.html") < log.index(removed)
    assert not Path(outputs["kubeconfig"]).exists()
    assert list_environments() == []


def test_every_part_on_its_own(act: Act, project: Path, tmp_path: Path) -> None:
    record = tmp_path / "record"
    log = act.run(project, WORKFLOWS / "parts.yml", "push", env={"RECORD": str(record)}).stdout
    first, second = recorded(record)
    assert (first["name"], first["created"], second["created"]) == ("parts", "true", "false")
    assert first["expires-at"] < second["expires-at"]
    assert "parts: removed" in log
    assert list_environments() == []
