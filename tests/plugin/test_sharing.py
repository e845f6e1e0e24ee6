"""What is shared, what is kept, what is attached to, and what is left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import ephemeral
from ephemeral.environment import Environment
from ephemeral.fleet import list_environments
from ephemeral.spec.model import Cluster, Spec
from tests.plugin.conftest import Suite
from tests.plugin.suites import start, wait_nothing_left

pytestmark = pytest.mark.cluster

APP = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: example.com/web:1}]}
"""


def write_app(folder: Path) -> None:
    (folder / "app.yaml").write_text(APP)
    (folder / "ephemeral.yaml").write_text("name: shop\ncluster: {nodes: simulated}\napp: [{manifests: app.yaml}]\n")


def names() -> list[str]:
    return [entry["name"] for entry in list_environments()]


def test_one_environment_with_the_app_and_one_without(pytester: pytest.Pytester, suite: Suite) -> None:
    write_app(pytester.path)
    result = suite(
        """
        import pytest

        def test_app(ephemeral_environment, kube, kubeconfig):
            assert ephemeral_environment.workloads() == {"Deployment default/web": "2/2 ready"}
            assert kubeconfig == ephemeral_environment.kubeconfig
            assert kube.get("apps/v1", "Deployment", "web", "default")

        def test_no_app(ephemeral_cluster, kube, kubeconfig):
            assert ephemeral_cluster.workloads() == {}
            assert kubeconfig == ephemeral_cluster.kubeconfig
            assert kube.list("apps/v1", "Deployment") == []

        @pytest.mark.ephemeral(app=False)
        def test_marked(ephemeral_environment, ephemeral_cluster):
            assert ephemeral_environment is ephemeral_cluster

        def test_app_again(kube):
            assert kube.get("apps/v1", "Deployment", "web", "default")
        """
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(["ephemeral: 0.*; nodes simulated", "shop-*Kubernetes 1.*, simulated*of the run*"])
    assert names() == []


def test_a_namespace_and_objects_of_one_test(suite: Suite) -> None:
    result = suite(
        """
        import pytest

        CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}}
        used = []

        @pytest.mark.parametrize("number", [1, 2])
        def test_namespace(cluster_namespace, kube, number, apply):
            assert cluster_namespace.startswith("test-namespace-" + str(number))
            assert cluster_namespace not in used
            used.append(cluster_namespace)
            apply(CONFIG, namespace=cluster_namespace)
            pod = {"containers": [{"name": "main", "image": "x/y:1"}]}
            apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod},
                  namespace=cluster_namespace)

        def test_earlier_ones_are_on_their_way_out(kube):
            gone = [kube.get("v1", "Namespace", name) for name in used]
            assert all(each is None or each["metadata"].get("deletionTimestamp") for each in gone)

        def test_apply(apply, kube, tmp_path):
            apply(CONFIG)
            apply([CONFIG | {"metadata": {"name": "second"}}])
            apply("apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: third}\\n")
            (tmp_path / "fourth.yaml").write_text("{apiVersion: v1, kind: ConfigMap, metadata: {name: fourth}}")
            apply(tmp_path)
            kube.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "old", "namespace": "default"}})
            [item] = apply(CONFIG | {"metadata": {"name": "old"}, "data": {"new": "yes"}})
            assert item["data"] == {"new": "yes"}
            found = {each["metadata"]["name"] for each in kube.list("v1", "ConfigMap", namespace="default")}
            assert found >= {"mine", "second", "third", "fourth", "old"}

        def test_what_was_applied_is_gone_and_what_was_there_is_not(kube):
            found = {each["metadata"]["name"] for each in kube.list("v1", "ConfigMap", namespace="default")}
            assert not found & {"mine", "second", "third", "fourth"}
            assert "old" in found

        def test_refused(apply):
            apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Wrong Name"}})
        """
    )
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(["*ConfigMap*Wrong Name*", "*1 failed, 5 passed*"])


def test_the_narrower_scope_wins_and_a_test_may_have_its_own(suite: Suite) -> None:
    result = suite(
        """
        import pytest

        seen = []

        @pytest.fixture(scope="session")
        def database(ephemeral_environment):
            return ephemeral_environment.name

        @pytest.mark.parametrize("number", [1, 2])
        @pytest.mark.ephemeral(scope="test")
        def test_own(ephemeral_environment, number, database):
            assert ephemeral_environment.name not in seen
            assert database == ephemeral_environment.name
            seen.append(ephemeral_environment.name)

        @pytest.mark.parametrize("number", [1, 2])
        def test_shared(ephemeral_environment, number):
            assert ephemeral_environment.name not in seen

        class TestClass:
            @pytest.mark.parametrize("number", [1, 2])
            def test_shared_too(self, ephemeral_environment, number):
                assert ephemeral_environment.name not in seen
        """,
        "--ephemeral-pool=1",
    )
    result.assert_outcomes(passed=6)
    assert "claimed, of one test; claim" in result.stdout.str()
    assert names() == []


def test_more_clusters_than_one(suite: Suite) -> None:
    result = suite(
        """
        import pytest

        @pytest.fixture
        def ephemeral_spec():
            return {"cluster": {"simulated": {"count": 3}}}

        def test_two(cluster_factory, ephemeral_cluster):
            other = cluster_factory()
            third = cluster_factory(spec={"name": "third"}, app=False)
            assert len({other.name, third.name, ephemeral_cluster.name}) == 3
            assert len(other.kube.list("v1", "Node")) == 3
            assert third.name.startswith("third-")
            with pytest.raises(pytest.UsageError, match="did you mean kubernetes"):
                cluster_factory(kubernets="1.36")
        """.replace("@pytest.fixture\n", "@pytest.fixture(scope='session')\n")
    )
    result.assert_outcomes(passed=1)
    assert names() == []


@pytest.mark.parametrize("said", ['{"clutser": {}}', "'nowhere.yaml'", "3"])
def test_a_wrong_spec_is_told_in_plain_words(suite: Suite, said: str) -> None:
    conftest = f"""
        import pytest

        @pytest.fixture(scope="session")
        def ephemeral_spec():
            return {said}
    """
    result = suite("def test_it(ephemeral_environment): pass", conftest=conftest)
    result.assert_outcomes(errors=1)
    text = result.stdout.str()
    assert {"{": "clutser", "'": "nowhere.yaml", "3": "ephemeral_spec returned 3"}[said[0]] in text
    assert "Traceback" not in text


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
@pytest.mark.parametrize("keep", ["never", "on-failure", "always"])
def test_what_is_kept(suite: Suite, keep: str, workers: str) -> None:
    result = suite(
        """
        import pytest

        @pytest.mark.ephemeral(app=False)
        def test_fails(ephemeral_environment):
            assert 0, "name: " + ephemeral_environment.name

        @pytest.mark.ephemeral(scope="test")
        def test_passes(ephemeral_environment):
            print("name:", ephemeral_environment.name)
        """,
        f"--ephemeral-keep={keep}", "--ephemeral-keep-ttl=7m", "--ephemeral-pool=1", workers, "-rA",
    )  # fmt: skip
    result.assert_outcomes(passed=1, failed=1)
    said = [line.partition("name: ")[2] for line in result.outlines if line.startswith(("name: ", "E"))]
    failed, passed = (next(filter(None, said)), said[-1])
    expected = {"never": set(), "on-failure": {failed}, "always": {failed, passed}}[keep]
    assert set(names()) == expected, result.stdout.str()
    for entry in list_environments():
        result.stdout.fnmatch_lines([f"kept until * UTC: {entry['name']}", "  export KUBECONFIG=*/kubeconfig"])
        ephemeral.down(entry["name"])
    wait_nothing_left()


def test_reuse_makes_it_once_and_keeps_it(pytester: pytest.Pytester, suite: Suite) -> None:
    write_app(pytester.path)
    module = """
        import pytest

        @pytest.mark.parametrize("number", range(4))
        def test_it(ephemeral_environment, number):
            assert ephemeral_environment.name == "again"
            assert ephemeral_environment.workloads() == {"Deployment default/web": "2/2 ready"}
    """
    try:
        suite(module, "--ephemeral-reuse=again", "-n2").assert_outcomes(passed=4)
        made = list_environments()[0]["created-at"]
        result = suite(module, "--ephemeral-reuse=again", "--ephemeral-scope=test")
        result.assert_outcomes(passed=4)
        assert [entry["created-at"] for entry in list_environments()] == [made]
        assert "again  Kubernetes" in result.stdout.str()
    finally:
        ephemeral.down("again")


def test_inside_ephemeral_run_it_attaches(pytester: pytest.Pytester) -> None:
    write_app(pytester.path)
    pytester.makepyfile(
        """
        import os

        def test_it(ephemeral_environment):
            assert ephemeral_environment.name == os.environ["EPHEMERAL_CURRENT"]
            assert str(ephemeral_environment.kubeconfig) == os.environ["KUBECONFIG"]
        """
    )
    for workers in ("-n0", "-n2"):
        finished = pytester.run(
            sys.executable, "-m", "ephemeral", "run", "--name", "around", "--",
            sys.executable, "-m", "pytest", "-p", "no:cacheprovider", workers,
        )  # fmt: skip
        assert finished.ret == 0, finished.outlines
        finished.stdout.fnmatch_lines(["around*attached, of the run*"])


def test_a_strangers_cluster_is_not_touched(suite: Suite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECONFIG and ~/.kube/config may point at anything: nobody has named it."""
    with ephemeral.up(Spec(name="stranger", cluster=Cluster(nodes="simulated"))) as stranger:
        before = versions(stranger)
        monkeypatch.setenv("KUBECONFIG", str(stranger.kubeconfig))
        suite(
            """
            def test_it(kube, apply, cluster_namespace):
                apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}})
                assert kube.get("v1", "Namespace", cluster_namespace)
            """
        ).assert_outcomes(passed=1)
        assert versions(stranger) == before
        assert names() == ["stranger"]


def versions(environment: Environment) -> set[str]:
    found = [item["metadata"] for item in environment.kube.list("v1", "Namespace")]
    found += [item["metadata"] for item in environment.kube.list("v1", "ConfigMap", namespace="default")]
    return {f"{each.get('namespace')}/{each['name']}" for each in found} - {"default/kube-root-ca.crt"}


def test_two_sessions_at_once(tmp_path: Path) -> None:
    module = "def test_it(ephemeral_environment): print('name:', ephemeral_environment.name)"
    processes = []
    for name in ("first", "second"):
        folder = tmp_path / name / "same"
        folder.mkdir(parents=True)
        (folder / "test_it.py").write_text(module)
        processes.append(start(folder, "-n1", "-rP"))
    said = set()
    for process in processes:
        output, _ = process.communicate(timeout=200)
        assert process.returncode == 0, output
        said |= {line for line in output.splitlines() if line.startswith("name: same-")}
    assert len(said) == 2
    wait_nothing_left()


def test_a_cluster_that_a_test_kills(suite: Suite) -> None:
    result = suite(
        """
        import json, os, signal, pathlib

        def test_kill(ephemeral_environment, cluster_namespace, apply):
            apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mine"}})
            processes = json.loads(ephemeral_environment.kubeconfig.with_name("processes.json").read_text())
            os.kill(processes["kube-apiserver"]["pid"], signal.SIGKILL)

        def test_next(cluster_namespace): pass
        """
    )
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*kube-apiserver was ended by SIGKILL*"])
    wait_nothing_left()


@pytest.mark.skipif(os.getuid() != 0, reason="mounts")
def test_a_read_only_folder(tmp_path: Path) -> None:
    mount = tmp_path / "mount"
    mount.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], check=True)
    try:
        (mount / "test_it.py").write_text(
            "def test_ok(kube): pass\ndef test_bad(ephemeral_environment): assert 0, 'the failure'\n"
        )
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)
        process = start(mount, "--ephemeral-keep=never")
        output, _ = process.communicate(timeout=200)
        assert "1 failed, 1 passed" in output
        assert "the failure" in output
        assert f"no report: {mount}/ephemeral-report" in output
        assert "Read-only file system" in output
    finally:
        subprocess.run(["umount", mount], check=True)
    wait_nothing_left()
