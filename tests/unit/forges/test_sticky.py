"""The life of the one comment, on GitHub's API."""

import threading

import pytest

from ephemeral.errors import ForgeError, PermissionMissingError
from ephemeral.forges.sticky import stick
from tests.forges.faults import Fault

NAME = "shop-pr-7-aaaaaa"


def body(text, run):
    return f"<!-- ephemeral:{NAME} run={run} -->\n{text}"


def test_one_comment_is_made_and_edited_in_place(server, github):
    for number, text in enumerate(["building", "ready", "removed"]):
        stick(github, 7, NAME, text, run=f"{number + 100}")
    assert server.bodies(7) == [body("removed", 102)]
    assert sum(each.startswith("POST") for each in server.requests) == 1


def test_each_environment_has_its_own(server, github):
    stick(github, 7, NAME, "one", run="1")
    stick(github, 7, "docs-pr-7-bbbbbb", "two", run="1")
    assert len(server.bodies(7)) == 2


def test_other_comments_are_left_alone(server, github):
    server.comment(7, f"I saw `<!-- ephemeral:{NAME} run=1 -->`", login="octocat", association="OWNER")
    stick(github, 7, NAME, "ready", run="1")
    assert len(server.bodies(7)) == 2


def test_marker_planted_by_a_stranger_is_not_taken_for_ours(server, github):
    planted = body("harmless", 99999)
    server.comment(7, planted, login="mallory", association="CONTRIBUTOR")
    stick(github, 7, NAME, "ready", run="1")
    assert server.bodies(7) == [planted, body("ready", 1)]


def test_deleted_by_hand_it_is_made_anew(server, github):
    stick(github, 7, NAME, "one", run="1")
    server.comments.clear()
    stick(github, 7, NAME, "two", run="2")
    assert server.bodies(7) == [body("two", 2)]


def test_deleted_between_finding_and_editing(server, github):
    stick(github, 7, NAME, "one", run="1")
    server.faults.append(Fault("PATCH", "comments", then=server.comments.clear))
    stick(github, 7, NAME, "two", run="2")
    assert server.bodies(7) == [body("two", 2)]


def test_another_run_comments_at_the_same_moment(server, github):
    """Both found none; the later comment gives way to the earlier."""
    server.faults.append(Fault("POST", "comments", then=lambda: server.comment(7, body("theirs", 1))))
    stick(github, 7, NAME, "ours", run="2")
    assert server.bodies(7) == [body("ours", 2)]


def test_runs_that_comment_all_at_once_leave_one(server, github):
    threads = [threading.Thread(target=stick, args=(github, 7, NAME, "x"), kwargs={"run": f"{n}"}) for n in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stick(github, 7, NAME, "last", run="9")
    assert server.bodies(7) == [body("last", 9)]


def test_older_run_does_not_undo_what_a_newer_one_said(server, github):
    stick(github, 7, NAME, "ready", run="200")
    stick(github, 7, NAME, "building", run="100")
    assert server.bodies(7) == [body("ready", 200)]


def test_removal_is_said_whichever_run_did_it(server, github):
    stick(github, 7, NAME, "ready", run="200")
    stick(github, 7, NAME, "removed", run="100", final=True)
    assert server.bodies(7) == [body("removed", 100)]


def test_answer_that_is_lost_leaves_no_second_comment(server, github):
    """The server made the comment and stumbled over the answer: the request is sent again."""
    server.faults.append(Fault("POST", "comments", 502, then=lambda: server.comment(7, body("ready", 1))))
    stick(github, 7, NAME, "ready", run="1")
    assert server.bodies(7) == [body("ready", 1)]


@pytest.mark.parametrize("status", [429, 502])
def test_server_that_has_no_time(server, github, status):
    stick(github, 7, NAME, "one", run="1")
    server.faults.append(Fault("PATCH", "comments", status))
    stick(github, 7, NAME, "two", run="2")
    assert server.bodies(7) == [body("two", 2)]


def test_forbidden_edit_names_the_permission(server, github):
    stick(github, 7, NAME, "one", run="1")
    needed = {"x-accepted-github-permissions": "pull_requests=write"}
    server.faults.append(Fault("PATCH", "comments", 403, headers=needed))
    with pytest.raises(PermissionMissingError) as raised:
        stick(github, 7, NAME, "two", run="2")
    assert raised.value.permission == "pull-requests: write"


def test_refused_body(server, github):
    server.faults.append(Fault("POST", "comments", 422, body={"message": "Validation Failed"}))
    with pytest.raises(ForgeError, match="422 Validation Failed"):
        stick(github, 7, NAME, "one", run="1")


def test_body_that_is_too_long_for_github_is_cut(server, github):
    stick(github, 7, NAME, "x" * 100_000, run="1")
    assert len(server.bodies(7)[0]) == 65_000
