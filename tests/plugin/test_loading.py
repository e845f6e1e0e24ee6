"""The plugin where nobody asks for a cluster: it costs next to nothing, and says what is wrong before anything runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.conftest import Suite

HEAVY = ("kubernetes", "pydantic", "urllib3", "yaml", "rich", "cryptography", "click", "tenacity", "multiprocessing")


def test_an_empty_suite_imports_nothing_heavy(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    pytester.makeconftest(
        f"""
        import sys

        def pytest_unconfigure(config):
            assert config.pluginmanager.has_plugin("ephemeral")
            print("heavy:", sorted(set({HEAVY!r}) & set(sys.modules)))
            print("ours:", sorted(name for name in sys.modules if name.startswith("ephemeral.")))
        """
    )
    off = [word for name in ("hypothesispytest", "xdist", "timeout") for word in ("-p", f"no:{name}")]
    result = pytester.runpytest_subprocess("-s", *off)
    result.stdout.fnmatch_lines(["heavy: []", "ours: []"])
    result.assert_outcomes(passed=1)
    assert "ephemeral:" not in result.stdout.str()


def test_an_xdist_run_that_never_asks_creates_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_nothing(): pass")
    pytester.makeconftest(
        """
        import sys

        def pytest_unconfigure(config):
            if not hasattr(config, "workerinput"):
                print("ours:", sorted(name for name in sys.modules if name.startswith("ephemeral.environment")))
        """
    )
    result = pytester.runpytest_subprocess("-s", "-n2")
    result.stdout.fnmatch_lines(["ours: []"])
    result.assert_outcomes(passed=1)


def test_the_plugin_can_be_switched_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_kube(kube): pass")
    result = pytester.runpytest_subprocess("-p", "no:ephemeral")
    result.stdout.fnmatch_lines(["*fixture 'kube' not found*"])


def test_fixtures_tell_what_they_are_for(pytester: pytest.Pytester) -> None:
    shown = pytester.runpytest_subprocess("--fixtures", "-q").stdout.str()
    for name in (
        "ephemeral_environment", "ephemeral_cluster", "ephemeral_spec", "cluster_factory", "cluster_namespace",
        "kubeconfig", "kube", "apply", "port_forward", "url",
    ):  # fmt: skip
        entry = shown.partition(f"\n{name} ")[2] or shown.partition(f"\n{name}\n")[2]
        assert "no docstring available" not in entry.partition("\n\n")[0], name
        assert "pytest_ephemeral/fixtures.py" in entry.splitlines()[0], name


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ("kubernets='1.36'", "there is no argument kubernets; did you mean kubernetes?"),
        ("scope='module'", "scope='module' is none of session, worker, test"),
        ("provider='kind'", "provider='kind' is none of local, vcluster"),
        ("kubernetes=1.36", "kubernetes=1.36 is no version such as '1.36', nor a list of them"),
        ("kubernetes=[]", "kubernetes=[] is no version"),
        ("keep=True", "keep=True is none of never, on-failure, always"),
        ("app=3", "app=3 is neither True, False, a path of manifests nor a list of them"),
        ("file=3", "file=3 is no path"),
        ("'1.36'", "it takes arguments by name only, not '1.36'"),
    ],
)
@pytest.mark.parametrize("workers", ["-n0", "-n1"])
def test_a_wrong_marker_is_a_usage_error_with_the_right_name(
    suite: Suite, arguments: str, complaint: str, workers: str
) -> None:
    result = suite(
        f"""
        import pytest

        @pytest.mark.ephemeral({arguments})
        def test_marked(ephemeral_environment):
            pass
        """,
        workers,
        "--strict-markers",
    )
    text = result.stdout.str() + result.stderr.str()
    assert complaint in text
    assert "::test_marked: @pytest.mark.ephemeral: " in text
    assert "Traceback" not in text
    if workers == "-n0":
        assert result.ret == pytest.ExitCode.USAGE_ERROR
    else:
        assert result.ret != pytest.ExitCode.OK


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--ephemeral-scope=module"], "--ephemeral-scope: 'module' is none of session, worker, test"),
        (["--ephemeral-pool=many"], "--ephemeral-pool: 'many' is neither a number nor auto"),
        (["--ephemeral-keep-ttl=soon"], "--ephemeral-keep-ttl: 'soon'"),
    ],
)
def test_a_wrong_option_is_a_usage_error(suite: Suite, arguments: list[str], complaint: str) -> None:
    result = suite("def test_nothing(): pass", *arguments)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert complaint in result.stderr.str()


def test_command_line_over_environment_over_ini(
    pytester: pytest.Pytester, suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = """
        def test_settings(pytestconfig):
            from pytest_ephemeral.options import SETTINGS
            settings = pytestconfig.stash[SETTINGS]
            print("settings:", settings.scope, settings.keep, settings.keep_ttl, settings.versions)
    """
    pytester.makeini(
        """
        [pytest]
        ephemeral_scope = test
        ephemeral_keep = always
        ephemeral_keep_ttl = 3h
        ephemeral_kubernetes = 1.34
        """
    )
    monkeypatch.setenv("EPHEMERAL_KEEP", "on-failure")
    monkeypatch.setenv("EPHEMERAL_SCOPE", "worker")
    result = suite(module, "-s", "--ephemeral-scope=session", "--ephemeral-kubernetes=1.35,1.36")
    result.stdout.fnmatch_lines(["*settings: session on-failure 3h ('1.35', '1.36')*"])
    monkeypatch.setenv("EPHEMERAL_SCOPE", "everything")
    result = suite(module)
    assert "EPHEMERAL_SCOPE: 'everything' is none of" in result.stderr.str()


def test_versions_are_parameters(suite: Suite) -> None:
    module = """
        import pytest

        def test_plain(kube): pass

        @pytest.mark.ephemeral(kubernetes=["1.34", "1.37"])
        def test_marked(ephemeral_variant, ephemeral_cluster): pass

        @pytest.mark.ephemeral(scope="test")
        def test_own(ephemeral_environment): pass

        def test_without(): pass
    """
    lines = suite(module, "--collect-only", "-q", "--ephemeral-kubernetes=1.35,1.36").outlines
    names = [line.partition("::")[2] for line in lines if "::" in line]
    assert sorted(names) == [
        "test_marked[k8s-1.34]", "test_marked[k8s-1.37]", "test_own[k8s-1.35]", "test_own[k8s-1.36]",
        "test_plain[k8s-1.35]", "test_plain[k8s-1.36]", "test_without",
    ]  # fmt: skip
    lines = suite(module, "--collect-only", "-q").outlines
    assert "test_own" in [line.partition("::")[2] for line in lines]


def test_a_wrong_version_fails_before_anything_starts(suite: Suite) -> None:
    result = suite("def test_it(ephemeral_environment): pass", "--ephemeral-kubernetes=1.99")
    result.assert_outcomes(errors=1)
    assert "1.99" in result.stdout.str()
    assert "Traceback" not in result.stdout.str()


def test_help_names_every_way_to_set_an_option() -> None:
    shown = subprocess.run([sys.executable, "-m", "pytest", "--help"], capture_output=True, text=True, check=True)
    text = " ".join(shown.stdout.split())
    assert "--ephemeral-keep-ttl=DURATION" in text
    assert "(ini ephemeral_keep_ttl, environment EPHEMERAL_KEEP_TTL)" in text


def test_missing_programs_fail_or_skip_with_the_way_to_get_them(suite: Suite, tmp_path: Path) -> None:
    conftest = """
        import ephemeral.tools
        from ephemeral.errors import ToolError

        def require(*_, **__):
            raise ToolError("etcd can't be found.", hint="`ephemeral tools install` gets it.")

        ephemeral.tools.require = require
    """
    module = "def test_it(kube): pass"
    failed = suite(module, conftest=conftest)
    failed.assert_outcomes(errors=1)
    failed.stdout.fnmatch_lines(["*etcd can't be found.", "*hint: `ephemeral tools install` gets it."])
    skipped = suite(module, "--ephemeral-missing-tools=skip", "-rs", conftest=conftest)
    skipped.assert_outcomes(skipped=1)
    skipped.stdout.fnmatch_lines(["*etcd can't be found.*"])
    for workers in ("-n1",):
        suite(module, workers, "--ephemeral-missing-tools=skip", conftest=conftest).assert_outcomes(skipped=1)
