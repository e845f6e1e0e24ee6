"""What a failing test leaves to read, whatever else goes wrong."""

import os
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite
from tests.plugin.suites import start, wait_nothing_left

pytestmark = pytest.mark.cluster

DEPLOYMENT = """
    def deployment(name, **container):
        labels = {"app": name}
        containers = [{"name": "main", "image": "x/y:1", **container}]
        pod = {"metadata": {"labels": labels}, "spec": {"containers": containers}}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "default"},
                "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}}
"""


@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_bundle_a_short_tail_and_junit_properties(pytester: pytest.Pytester, suite: Suite, workers: str) -> None:
    module = (
        DEPLOYMENT
        + """
    import pytest

    @pytest.fixture
    def broken(kube):
        raise RuntimeError("no luck")

    def test_call(apply):
        apply(deployment("root", securityContext={"privileged": True}), timeout=30)

    def test_setup(broken): pass

    def test_passes(kube): pass

    def test_without():
        assert 0
    """
    )
    result = suite(module, workers, "--junitxml=junit.xml")
    result.assert_outcomes(passed=1, failed=2, errors=1)
    result.stdout.fnmatch_lines(
        [
            "*ephemeral: test-a-bundle-*",
            'Deployment default/root: 0/2 ready: pods "root-*violates PodSecurity "baseline:latest"*',
            "last warnings:",
            "report: *ephemeral-report/*test_call/*",
        ]
    )
    cases = {case.get("name"): case for case in ElementTree.parse(pytester.path / "junit.xml").iter("testcase")}
    for name in ("test_call", "test_setup"):
        properties = {each.get("name"): each.get("value") for each in cases[name].iter("property")}
        folder = Path(str(properties["ephemeral_report"]))
        assert folder.name == properties["ephemeral_environment"]
        found = {path.name for path in folder.iterdir()}
        assert found >= {"summary.txt", "timeline.json", "events.txt", "pods.txt", "objects.yaml", "components", "logs"}
        assert name in (folder / "summary.txt").read_text().splitlines()[0]
    for name in ("test_passes", "test_without"):
        assert not list(cases[name].iter("property"))
    assert len(list((pytester.path / "ephemeral-report").iterdir())) == 2


def test_an_environment_that_can_not_be_made_fails_once_and_says_where_to_read(
    pytester: pytest.Pytester, suite: Suite
) -> None:
    (pytester.path / "app.yaml").write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: root}\n"
        "spec: {containers: [{name: main, image: x, securityContext: {privileged: true}}]}\n"
    )
    (pytester.path / "ephemeral.yaml").write_text(
        "name: refused\ncluster: {nodes: simulated}\napp: [{manifests: app.yaml}]\n"
    )
    for workers in ("-n0", "-n2"):
        result = suite(
            """
            import pytest

            @pytest.mark.parametrize("number", range(4))
            def test_it(ephemeral_environment, number): pass
            """,
            workers,
        )
        result.assert_outcomes(errors=4)
        text = result.stdout.str()
        assert "violates PodSecurity" in text
        assert "Traceback" not in text
        reports = {line for line in result.outlines if line.startswith("report: ")}
        assert len(reports) == 1, text
        assert "violates PodSecurity" in (Path(reports.pop().removeprefix("report: ")) / "summary.txt").read_text()
        wait_nothing_left()


def test_a_cluster_that_hangs_fails_the_test_and_not_the_run(suite: Suite) -> None:
    result = suite(
        """
        import json, os, signal
        from pytest_ephemeral import expect

        def test_stop(ephemeral_environment):
            processes = json.loads(ephemeral_environment.kubeconfig.with_name("processes.json").read_text())
            os.kill(processes["kube-apiserver"]["pid"], signal.SIGSTOP)

        def test_fixture(cluster_namespace): pass

        def test_expect(kube):
            expect(kube).deployment("web").available(timeout=3)
        """
    )
    result.assert_outcomes(passed=1, errors=1, failed=1)
    result.stdout.fnmatch_lines(["*the API server at https://127.0.0.1:* does not answer*"])
    result.stdout.fnmatch_lines(["its API server has not answered for 5 s"])
    wait_nothing_left()


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    if os.getuid() != 0:
        pytest.skip("mounts")
    mount = tmp_path / "disk"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mount], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", mount], check=True)


def test_a_full_disk_in_the_report_directory_hides_no_failure(tmp_path: Path, tiny_disk: Path) -> None:
    (tmp_path / "test_it.py").write_text(
        "def test_bad(ephemeral_environment): assert 0, 'the failure'\ndef test_good(kube): pass\n"
    )
    output, _ = start(tmp_path, f"--ephemeral-report-dir={tiny_disk}").communicate(timeout=200)
    assert "1 failed, 1 passed" in output
    assert "AssertionError: the failure" in output
    assert f"no report: {tiny_disk}" in output
    assert "No space left on device" in output
    wait_nothing_left()
