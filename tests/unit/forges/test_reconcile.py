"""Every environment of a repository against the state of its pull request."""

import pytest

from ephemeral.forges.reconcile import reconcile
from ephemeral.forges.rules import Rules
from ephemeral.leases import Owner
from tests.forges.faults import Fault

REPO = "github.com/octo/shop"


@pytest.fixture
def scheduled(context, github):
    given = context(trigger="schedule", event="schedule", number=0)
    return lambda **options: reconcile(given, github, options.pop("rules", Rules()), **options)


@pytest.fixture(autouse=True)
def _fleet(environments, server):
    """Open: 7, closed: 8; and what is none of this repository's business."""
    server.open_pull(8)
    server.close(8)
    for name, owner in {
        "open": Owner(repo=REPO, pull_request="7"),
        "closed": Owner(repo=REPO, pull_request="8"),
        "branch": Owner(repo=REPO, run="1"),
        "other-repo": Owner(repo="github.com/octo/docs", pull_request="8"),
        "other-forge": Owner(repo="gitlab.com/octo/shop", pull_request="8"),
        "person": Owner(user="alice"),
    }.items():
        environments.put(name, owner)


def names(environments):
    return set(environments.kept)


def test_only_what_belongs_to_a_closed_pull_request_goes(scheduled, environments, server, capsys):
    (entry,) = scheduled()
    assert (entry.name, entry.pull_request, entry.reason, entry.error) == (
        "closed",
        "8",
        "the pull request is closed",
        "",
    )
    assert names(environments) == {"open", "branch", "other-repo", "other-forge", "person"}
    assert "is removed" in server.bodies(8)[0]
    assert "::warning title=reclaimed::environment closed of pull request 8" in capsys.readouterr().err


def test_dry_run_only_says_so(scheduled, environments, server, capsys):
    assert [each.name for each in scheduled(dry_run=True)] == ["closed"]
    assert len(environments.kept) == 6
    assert server.bodies(8) == []
    assert "would be reclaimed" in capsys.readouterr().err


def test_one_failure_does_not_stop_the_rest(scheduled, environments, capsys):
    environments.put("another", Owner(repo=REPO, pull_request="8"))
    environments.refuse_down.add("another")
    assert {each.name: each.error for each in scheduled()} == {"another": "it won't go", "closed": ""}
    assert "closed" not in environments.kept
    assert "::error title=not reclaimed::environment another" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["9", "8"])
def test_pull_request_that_is_not_shown_is_left_alone(scheduled, environments, server, number):
    """Who may not see it gets the same answer: that is no reason to remove anything."""
    environments.kept.pop("closed")
    environments.put("hidden", Owner(repo=REPO, pull_request=number))
    server.faults.append(Fault("GET", f"pulls/{number}", 404))
    (entry,) = scheduled()
    assert "404" in entry.error
    assert "hidden" in environments.kept


def test_rules_hold_here_too(scheduled, environments, server):
    assert {each.reason for each in scheduled(rules=Rules(label="preview"), dry_run=True)} == {
        "the pull request has no label preview",
        "the pull request is closed",
    }
    server.pulls[7]["draft"] = True
    assert {each.name for each in scheduled(rules=Rules(drafts=False), dry_run=True)} == {"open", "closed"}


def test_comment_that_can_not_be_made_does_not_keep_the_environment(scheduled, environments, server):
    server.faults.append(Fault("GET", "issues/8", 403, times=9))
    assert [each.error for each in scheduled()] == [""]
    assert "closed" not in environments.kept


def test_wrong_token_removes_nothing(scheduled, environments, server):
    server.token = "another"
    assert all("401" in each.error for each in scheduled())
    assert len(environments.kept) == 6
