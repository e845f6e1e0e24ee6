"""What each event means."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ephemeral.errors import SpecError
from ephemeral.forges.commands import Command, parse_command
from ephemeral.forges.forge import PullRequest
from ephemeral.forges.rules import Rules, decide, object_to

HEAD = "1" * 40
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
OPEN = PullRequest(
    number=7, is_open=True, is_draft=False, is_fork=False, labels=(), head_sha=HEAD, base_ref="main", pushed_at=NOON
)
PREVIEW = Rules(label="preview")


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        ("opened", "up"),
        ("reopened", "up"),
        ("synchronize", "up"),
        ("ready_for_review", "up"),
        ("closed", "down"),
        ("labeled", "skip"),
        ("unlabeled", "skip"),
        ("converted_to_draft", "skip"),
        ("assigned", "skip"),
    ],
)
def test_actions_without_rules(context, action, verb):
    assert decide(context(action=action, label="bug"), Rules()).verb == verb


@pytest.mark.parametrize(
    ("action", "label", "verb"),
    [
        ("labeled", "preview", "up"),
        ("labeled", "bug", "skip"),
        ("unlabeled", "preview", "down"),
        ("unlabeled", "bug", "skip"),
    ],
)
def test_label_rule(context, action, label, verb):
    assert decide(context(action=action, label=label), PREVIEW).verb == verb


def test_draft_rule(context):
    assert decide(context(action="converted_to_draft"), Rules(drafts=False)).verb == "down"


@pytest.mark.parametrize("action", ["opened", "synchronize", "labeled", "closed"])
def test_own_run_of_a_fork_is_left_out(context, action):
    decision = decide(context(action=action, head_repo="mallory/shop", label="preview"), PREVIEW)
    assert decision.verb == "skip"
    assert "fork" in decision.reason


def test_closed_fork_is_cleaned_up_by_pull_request_target(context):
    given = context(action="closed", head_repo="mallory/shop", event="pull_request_target")
    assert decide(given, PREVIEW).verb == "down"


@pytest.mark.parametrize("trigger", ["schedule", "manual"])
def test_schedule_reconciles(context, trigger):
    assert decide(context(trigger=trigger), Rules()).verb == "reconcile"


@pytest.mark.parametrize("event", ["push", "merge_group", "release", ""])
def test_other_events_are_of_no_pull_request(context, event):
    assert decide(context(trigger="other", event=event, number=0), Rules()).verb == "skip"


@pytest.mark.parametrize(("number", "verb"), [(7, "up"), (0, "skip")])
def test_run_that_follows_another(context, number, verb):
    assert decide(context(trigger="follow-up", number=number), Rules()).verb == verb


@pytest.mark.parametrize(
    ("action", "number", "verb"), [("created", 7, "down"), ("edited", 7, "skip"), ("created", 0, "skip")]
)
def test_comments(context, action, number, verb):
    given = context(trigger="comment", action=action, number=number)
    assert decide(given, Rules(), Command("down")).verb == verb
    assert decide(given, Rules(), None).verb == "skip"


@pytest.mark.parametrize(
    ("found", "rules", "words"),
    [
        (replace(OPEN, is_open=False), Rules(), "closed"),
        (replace(OPEN, is_draft=True), Rules(drafts=False), "draft"),
        (OPEN, PREVIEW, "no label preview"),
        (replace(OPEN, head_sha="2" * 40), Rules(), "a newer run takes care"),
    ],
)
def test_objections(context, found, rules, words):
    assert words in object_to(found, context(), rules, None)


def test_no_objection(context):
    assert object_to(OPEN, context(), Rules(), None) == ""
    assert object_to(replace(OPEN, is_draft=True, labels=("preview",)), context(), PREVIEW, None) == ""


FORK = replace(OPEN, is_fork=True, labels=("preview",))


@pytest.mark.parametrize(
    ("found", "rules", "labelled", "commented", "words"),
    [
        (FORK, Rules(), None, None, "no --label"),
        (replace(FORK, labels=()), PREVIEW, None, None, "no label"),
        (FORK, PREVIEW, None, None, "after label preview"),
        (FORK, PREVIEW, NOON - timedelta(seconds=1), None, "after label preview"),
        (replace(FORK, pushed_at=None), PREVIEW, LATER, None, "after label preview"),
        (replace(FORK, pushed_at=LATER), PREVIEW, LATER, NOON, "after the comment"),
        (FORK, PREVIEW, LATER, None, ""),
        (FORK, PREVIEW, LATER, LATER, ""),
    ],
)
def test_forks(context, found, rules, labelled, commented, words):
    objection = object_to(found, context(commented_at=commented), rules, labelled)
    assert words in objection
    assert bool(objection) == bool(words)


@pytest.mark.parametrize(
    ("comment", "command"),
    [
        ("/ephemeral up", Command("up")),
        ("  /ephemeral   down \r\nthanks", Command("down")),
        ("/ephemeral extend 4h", Command("extend", timedelta(hours=4))),
        ("> /ephemeral up", None),
        ("please /ephemeral up", None),
        ("thanks\n/ephemeral up", None),
        ("/ephemeralx up", None),
        ("", None),
    ],
)
def test_commands(comment, command):
    assert parse_command(comment) == command


@pytest.mark.parametrize(
    "comment", ["/ephemeral", "/ephemeral up now", "/ephemeral extend", "/ephemeral extend 4", "/ephemeral $(id)"]
)
def test_commands_that_are_none(comment):
    with pytest.raises(SpecError):
        parse_command(comment)
