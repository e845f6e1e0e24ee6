"""The files of exactly one commit."""

import pytest

from ephemeral.errors import ForgeError, ProgramError, SpecError
from ephemeral.forges.checkout import base_file, files_at
from ephemeral.forges.forge import as_event_has_it
from tests.forges.faults import Fault
from tests.forges.repositories import commit, git, make_repository


@pytest.fixture
def repository(tmp_path):
    return make_repository(tmp_path, {"ephemeral.yaml": "ttl: 1h\n"}, {"ephemeral.yaml": "ttl: 9h\n"})


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_merge_that_is_checked_out_is_taken(repository, forge):
    with files_at(repository.head, 7, repository.folder, forge) as tree:
        assert tree == repository.folder


@pytest.mark.parametrize("forge", ["github", "gitlab"])
def test_other_checkout_is_left_alone(repository, forge):
    """A comment's run has the default branch."""
    repository.git("fetch", "--quiet", "--depth=1", "origin", "main")
    repository.git("checkout", "--quiet", "FETCH_HEAD")
    with files_at(repository.head, 7, repository.folder, forge) as tree:
        assert tree != repository.folder
        assert (tree / "ephemeral.yaml").read_text() == "ttl: 9h\n"
        assert not (tree / "other").exists()
    assert not tree.exists()
    assert (repository.folder / "ephemeral.yaml").read_text() == "ttl: 1h\n"
    assert repository.git("worktree", "list").count("\n") == 0


def test_push_after_the_decision_changes_nothing(repository):
    """The branch has moved on, and the pinned commit is still what is taken."""
    git(repository.origin, "checkout", "--quiet", "--detach", repository.head)
    newer = commit(repository.origin, {"ephemeral.yaml": "ttl: 99h\n"}, "sneaked in")
    git(repository.origin, "update-ref", "refs/pull/7/head", newer)
    repository.git("checkout", "--quiet", "--orphan", "empty")
    with files_at(repository.head, 7, repository.folder, "github") as tree:
        assert (tree / "ephemeral.yaml").read_text() == "ttl: 9h\n"


def test_commit_that_can_not_be_had(repository):
    with pytest.raises(ProgramError), files_at("0" * 40, 7, repository.folder, "github"):
        pytest.fail("there is no such commit")


def test_links_of_the_commit_lead_nowhere(tmp_path):
    repository = make_repository(tmp_path / "r", {"a": "x"}, {"b": "y"})
    git(repository.origin, "checkout", "--quiet", "--detach", repository.head)
    (repository.origin / "link").symlink_to("/etc/passwd")
    linked = commit(repository.origin, {}, "link")
    git(repository.origin, "update-ref", "refs/pull/7/head", linked)
    with files_at(linked, 7, repository.folder, "github") as tree:
        assert (tree / "link").read_text() == "/etc/passwd"


def test_base_branch_as_it_is_now(repository, context, server, github):
    server.files["main", "ephemeral.yaml"] = "ttl: 30m\n"
    found = github.pull_request(7)
    given = context(base_sha=repository.base)
    assert base_file(given, found, github, "ephemeral.yaml", repository.folder) == "ttl: 30m\n"
    assert base_file(given, found, github, "ephemeral.yml", repository.folder) is None


def test_forge_that_does_not_tell_is_replaced_by_git(repository, context, server, github):
    server.faults.append(Fault("GET", "contents", 403))
    given = context(base_sha=repository.base)
    assert base_file(given, github.pull_request(7), github, "ephemeral.yaml", repository.folder) == "ttl: 1h\n"


def test_forge_that_does_not_tell_and_no_base_commit(repository, context, server, github):
    server.faults.append(Fault("GET", "contents", 403))
    with pytest.raises(ForgeError, match="403"):
        base_file(context(), github.pull_request(7), github, "ephemeral.yaml", repository.folder)


def test_base_from_git_without_a_token(repository, context):
    given = context(base_sha=repository.base)
    found = as_event_has_it(given)
    assert base_file(given, found, None, "ephemeral.yaml", repository.folder) == "ttl: 1h\n"
    assert base_file(given, found, None, "no.yaml", repository.folder) is None
    with pytest.raises(SpecError, match="not known"):
        base_file(context(), found, None, "ephemeral.yaml", repository.folder)
