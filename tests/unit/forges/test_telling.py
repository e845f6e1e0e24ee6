"""News of a run never fail its job."""

import pytest

from ephemeral.errors import PermissionMissingError
from ephemeral.forges.page import Page
from ephemeral.forges.telling import Audience, append_summary, needed
from tests.forges.faults import Fault

PAGE = Page(state="ready", name="shop-pr-7-aaaaaa")


@pytest.fixture
def audience(context, github):
    return Audience(context=context(), forge=github)


def test_comment_and_summary_have_the_same_text(audience, server, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    audience.tell(PAGE)
    (body,) = server.bodies(7)
    assert body.partition("\n")[2].strip() == (tmp_path / "summary.md").read_text().strip()


def test_building_is_no_result_for_the_summary(audience, server, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    audience.tell(Page(state="building", name="x"))
    assert len(server.bodies(7)) == 1
    assert not (tmp_path / "summary.md").exists()


@pytest.mark.parametrize("status", [403, 404])
def test_missing_permission_is_a_warning_that_names_it(audience, server, capsys, status):
    server.faults.append(Fault("POST", "comments", status))
    audience.tell(PAGE)
    shown = capsys.readouterr().err
    assert shown.startswith("::warning title=no comment::")
    assert f"{status} as laid out" in shown
    assert "pull-requests: write" in shown


def test_failure_is_an_annotation(audience, capsys):
    audience.tell(Page(state="failed", name="x", error="first\n::error::second"))
    assert "::error title=environment x failed::first%0A::error::second\n" in capsys.readouterr().err


def test_without_a_token_there_is_no_comment(context, capsys):
    audience = Audience(context=context())
    audience.tell(PAGE)
    with pytest.raises(PermissionMissingError, match="GITHUB_TOKEN is not set"):
        needed(None, audience.context)


def test_gitlab_reads_plain_lines(context, capsys):
    Audience(context=context(forge="gitlab")).warn("odd", title="so")
    assert capsys.readouterr().err == "warning: so: odd\n"


def test_summary_stays_below_what_github_keeps(tmp_path):
    path = tmp_path / "summary.md"
    path.write_text("x" * (1024 * 1024 - 50))
    append_summary(
        "one line that fits\nanother that does not fit any more, whatever it says\n", {"GITHUB_STEP_SUMMARY": str(path)}
    )
    assert path.read_text().endswith("one line that fits")
    assert path.stat().st_size < 1024 * 1024
    append_summary("more\n" * 100_000, {"GITHUB_STEP_SUMMARY": str(path)})
    assert path.stat().st_size < 1024 * 1024


def test_summary_that_can_not_be_written_is_no_failure(tmp_path, capsys):
    append_summary("x", {"GITHUB_STEP_SUMMARY": str(tmp_path / "no" / "summary.md")})
    assert "no job summary" in capsys.readouterr().err
