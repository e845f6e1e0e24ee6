"""JUnit XML as a reader of it takes it: junitparser, which GitLab's and Jenkins' rules are written into."""

from xml.etree import ElementTree as Xml

import junitparser
import pytest

from ephemeral.errors import SpecError
from ephemeral.progress import Silent
from ephemeral.reports.failure import Failure
from ephemeral.reports.junit import junit
from ephemeral.reports.timeline import Phase, Timeline
from tests.pages import ERROR, HOSTILE, Subject

#: What Jenkins' schema allows, which is the strictest of those that read the format.
_ALLOWED = {
    "testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
    "testsuite": {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
    "testcase": {"classname", "name", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message"},
}


def read(text: str) -> junitparser.TestSuite:
    for element in Xml.fromstring(text).iter():
        assert set(element.attrib) <= _ALLOWED[element.tag]
    (suite,) = junitparser.JUnitXml.fromstring(text.encode())
    return suite


@pytest.fixture
def timeline(tmp_path) -> Timeline:
    return Subject(tmp_path).timeline


def results(suite: junitparser.TestSuite) -> dict[str, list[tuple[str, str]]]:
    return {case.name: [(type(each).__name__, each.type) for each in case.result] for case in suite}


def test_a_failure_stands_where_it_began(timeline):
    suite = read(junit("shop", timeline, Failure.of(ERROR)))
    assert (suite.name, suite.tests, suite.errors, suite.failures, suite.skipped) == ("shop", 10, 1, 1, 2)
    by_name = results(suite)
    assert by_name["create"] == by_name["ready"] == by_name["Deployment default/db"] == []
    assert by_name["wait"] == [("Error", "workload-failed")]
    assert by_name["Deployment default/web"] == [("Failure", "not-ready")]
    assert by_name["Job default/migrate"] == [("Skipped", None)]
    wait = next(case for case in suite if case.name == "wait")
    assert wait.classname == "shop.phase"
    assert wait.time == 8.6
    (error,) = wait.result
    assert error.message.startswith("Deployment default/web: container web crashes: exited with code 1")
    assert 'could not connect to "postgres://db:5432/shop"' in error.text
    assert error.text.endswith("has the rest.")


def test_what_xml_can_not_hold_is_replaced(timeline):
    text = junit(f"shop{HOSTILE}", timeline, Failure.of(ERROR))
    assert "\x00" not in text
    suite = read(text)
    assert suite.name == 'shop<script>alert(1)</script><img src=x onerror=alert(1)>"&red\ufffd\ufffdgnp'


def test_a_run_that_went_well():
    timeline = Timeline(Silent())
    timeline.phases.append(Phase(title="create", begin=0.0, seconds=0.5, failed=False))
    timeline.phases.append(Phase(title="run", begin=0.5, seconds=1.0, failed=False))
    timeline.state("Deployment default/web", "1/1 ready", readiness="ready")
    suite = read(junit("shop", timeline, None))
    assert [(case.classname, case.name, case.is_passed) for case in suite] == [
        ("shop.phase", "create", True), ("shop.phase", "run", True), ("shop.workload", "Deployment default/web", True),
    ]  # fmt: skip
    assert suite.time == 1.5


def test_a_failure_before_any_phase_has_a_case_of_its_own():
    suite = read(junit("ephemeral", Timeline(Silent()), Failure.of(SpecError("ephemeral.yaml: `nmae` is unknown."))))
    assert results(suite) == {"request": [("Error", "bad-spec")]}


def test_only_the_innermost_of_nested_phases_tells_the_failure():
    timeline = Timeline(Silent())
    timeline.phases.append(Phase(title="install programs", begin=0.1, seconds=0.5, failed=True))
    timeline.phases.append(Phase(title="create", begin=0.0, seconds=0.7, failed=True))
    cases = {case.name: case.result[0] for case in read(junit("shop", timeline, Failure.of(ERROR)))}
    assert cases["install programs"].type == "workload-failed"
    assert (cases["create"].type, cases["create"].message) == ("not-ready", "failed")
