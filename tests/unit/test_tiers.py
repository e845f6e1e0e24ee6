"""The rules that tests/conftest.py sets for a run, in one process and in several."""

import pytest

SKIPS = {
    "nothing": "def test_passes(): pass",
    "a test": "import pytest\ndef test_skips(): pytest.skip('no reason')\ndef test_passes(): pass",
    "a module": "import pytest\npytest.skip('no reason', allow_module_level=True)",
}


@pytest.fixture(params=["-n0", "-n2"])
def run(request, pytester, repository, monkeypatch):
    """Write a module beside one whose test passes; run both by the rules of tests/conftest.py."""
    monkeypatch.setenv("PYTHONPATH", str(repository))
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(module, *arguments):
        pytester.makepyfile(test_other="def test_other(): pass", test_it=module)
        return pytester.runpytest_subprocess(
            "-p", "tests.conftest", "-p", "no:cacheprovider", request.param, *arguments
        )

    return run


@pytest.mark.parametrize("what", SKIPS)
def test_whatever_is_skipped_fails_the_core_tier(run, what):
    code = pytest.ExitCode.OK if what == "nothing" else pytest.ExitCode.TESTS_FAILED
    assert run(SKIPS[what], "--fail-on-skip").ret == code


def test_elsewhere_a_skip_is_no_failure(run):
    assert run(SKIPS["a test"]).ret == pytest.ExitCode.OK


def test_what_would_start_too_late_is_named_and_fails_the_core_tier(run):
    result = run(SKIPS["nothing"], "--fail-on-skip", "--until=1", "-rs")
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["SKIPPED*not run: the time for this tier is over"])
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_why_a_test_failed_is_said_at_once(run):
    lines = run("def test_fails(): assert 'this' == 'that'").outlines
    said = next(number for number, line in enumerate(lines) if line.startswith("--- call of test_it.py::test_fails"))
    assert said < next(number for number, line in enumerate(lines) if "= FAILURES =" in line)
