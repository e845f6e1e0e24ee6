"""The machine's side, and what the command makes of findings."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from ephemeral.cli.verify import verify
from ephemeral.clusters.local.real import vantage
from ephemeral.errors import SpecError
from ephemeral.verify import tokens, verify_isolation
from ephemeral.verify.finding import Finding, judged, not_probed

POD = {"metadata": {"uid": "1-2"}, "spec": {"volumes": [{"name": "kube-api-access-x", "projected": {}}]}}


def stage(pod: dict[str, Any] = POD) -> Any:
    return SimpleNamespace(pod=pod)


def test_a_token_that_the_machine_sees_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tokens.probe_tokens(stage(), tmp_path).result == "holds"
    volume = tmp_path / "1-2/volumes/kubernetes.io~projected/kube-api-access-x"
    volume.mkdir(parents=True)
    assert tokens.probe_tokens(stage(), tmp_path).result == "holds"
    (volume / "token").write_text("x")
    found = tokens.probe_tokens(stage(), tmp_path)
    assert (found.result, str(volume) in found.found) == ("broken", True)
    (volume / "token").unlink()
    monkeypatch.setattr(tokens, "_MOUNTS", tmp_path / "mountinfo")
    (tmp_path / "mountinfo").write_text(f"1 2 0:3 / {volume} rw - tmpfs tmpfs rw\n")
    assert tokens.probe_tokens(stage(), tmp_path).result == "broken"


def test_a_pod_without_token_proves_nothing(tmp_path: Path) -> None:
    pod = {"metadata": {"uid": "1"}, "spec": {"volumes": []}}
    assert not tokens.probe_tokens(stage(pod), tmp_path).passed


def test_folders_are_mounted_once() -> None:
    assert vantage._outermost(["/bin", "/usr", "/usr/local", "/opt/python", "/usr"]) == ["/bin", "/usr", "/opt/python"]


@pytest.mark.parametrize("text", ["1.1.1.1", "name:443", "1.1.1.1:https", ""])
def test_who_stands_for_the_internet_is_an_address_and_a_port(text: str) -> None:
    subject: Any = None
    with pytest.raises(SpecError, match="is no ADDRESS:PORT"):
        verify_isolation(subject, public=text)


HOLDS = judged("kubelet", "nc 10.0.0.1", expected="blocked", found="blocked")
FREE = judged("metadata", "nc 10.0.0.1", expected=None, found="open")
BROKEN = judged("machine", "nc 10.0.0.2 80", expected="blocked", found="open")
MISSING = not_probed("credentials", "give --against OTHER")


@pytest.mark.parametrize(
    ("findings", "code"),
    [([HOLDS, FREE], 0), ([HOLDS, BROKEN], 1), ([HOLDS, MISSING], 1)],
    ids=["all", "broken", "not"],
)
def test_the_exit_code_says_whether_all_holds(
    findings: list[Finding], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = SimpleNamespace(name="a", verify_isolation=lambda against, public, image: findings)
    monkeypatch.setattr("ephemeral.cli.verify.find_environment", lambda name: environment)
    result = CliRunner().invoke(verify, ["isolation", "a", "-o", "json"])
    assert result.exit_code == code
    assert [each["result"] for each in json.loads(result.stdout)] == [each.result for each in findings]
    text = CliRunner().invoke(verify, ["isolation", "a"]).stdout
    assert ("$ nc 10.0.0.2 80" in text) == (BROKEN in findings)
    assert CliRunner().invoke(verify, ["isolation", "a", "--against", "a"]).exit_code == 2
