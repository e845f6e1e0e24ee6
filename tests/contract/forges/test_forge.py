"""What every forge must do: ask, comment, wait when told to, and name what a token lacks."""

import pytest

from ephemeral.errors import ForgeError, PermissionMissingError
from tests.forges.faults import Fault

HEAD, NEXT = "1" * 40, "2" * 40
ANY = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def test_pull_request_as_it_is(pair):
    pair.server.open_pull(7, labels=("preview",))
    found = pair.forge.pull_request(7)
    assert (found.number, found.is_open, found.is_draft, found.is_fork) == (7, True, False, False)
    assert (found.labels, found.head_sha, found.base_ref) == (("preview",), HEAD, "main")
    pair.server.push(7, NEXT)
    pair.server.close(7)
    assert pair.forge.pull_request(7).head_sha == NEXT
    assert not pair.forge.pull_request(7).is_open


def test_fork(pair):
    pair.server.open_pull(7, fork=True)
    assert pair.forge.pull_request(7).is_fork


def test_label_covers_only_what_was_pushed_before(pair):
    pair.server.open_pull(7, fork=True)
    assert pair.forge.labelled_at(7, "preview") is None
    pair.server.label(7, "preview")
    labelled = pair.forge.labelled_at(7, "preview")
    assert labelled > pair.forge.pull_request(7).pushed_at
    pair.server.push(7, NEXT)
    assert labelled < pair.forge.pull_request(7).pushed_at
    assert pair.forge.labelled_at(7, "other") is None


def test_no_such_pull_request(pair):
    with pytest.raises(ForgeError, match="7"):
        pair.forge.pull_request(7)


def test_who_may_write(pair):
    assert pair.forge.may_write("octocat")
    assert not pair.forge.may_write("mallory")


def test_newest_deployment_of_a_branch_that_succeeded(pair):
    assert pair.forge.deployed("main") == ""
    for ref, sha, succeeded in [("main", HEAD, True), ("main", NEXT, False), ("other", "3" * 40, True)]:
        pair.server.deploy(ref, sha, succeeded=succeeded)
    assert pair.forge.deployed("main") == HEAD
    pair.server.deploy("main", NEXT)
    assert pair.forge.deployed("main") == NEXT


def test_file_of_a_branch(pair):
    pair.server.files["main", "ci/ephemeral.yaml"] = "name: shöp\n"
    assert pair.forge.file_at("ci/ephemeral.yaml", "main") == "name: shöp\n"
    assert pair.forge.file_at("ephemeral.yaml", "main") is None


def test_file_that_may_not_be_seen_is_not_absent(pair):
    hidden = [Fault("GET", each, status=404) for each in ("contents", "commits", "files", "tree")]
    pair.server.faults.extend(hidden)
    with pytest.raises(PermissionMissingError):
        pair.forge.file_at("ephemeral.yaml", "main")


def test_number_of_a_commit(pair):
    pair.server.open_pull(7, fork=pair.server.token.startswith("ghs"))
    owner = "mallory/shop" if pair.server.token.startswith("ghs") else "octo/shop"
    assert pair.forge.number_of(owner, "feature", HEAD) == 7
    assert pair.forge.number_of(owner, "feature", NEXT) == 0
    assert pair.forge.number_of(owner, "other", HEAD) == 0


def test_life_of_a_note(pair):
    pair.server.open_pull(7)
    assert list(pair.forge.notes(7)) == []
    note = pair.forge.add_note(7, "<!-- x -->\none")
    assert pair.forge.edit_note(7, note, "<!-- x -->\ntwo")
    (found,) = pair.forge.notes(7)
    assert (found.id, found.body, found.is_trusted) == (note.id, "<!-- x -->\ntwo", True)
    pair.forge.remove_note(7, note)
    assert not pair.forge.edit_note(7, note, "three")
    pair.forge.remove_note(7, note)
    assert list(pair.forge.notes(7)) == []


def test_marker_of_a_stranger_is_not_trusted(pair):
    pair.server.open_pull(7)
    pair.server.comment(7, "<!-- ephemeral:x run=1 -->", login="mallory", association="CONTRIBUTOR")
    assert [each.is_trusted for each in pair.forge.notes(7)] == [False]


def test_all_pages_of_notes_are_read(pair):
    pair.server.open_pull(7)
    for number in range(230):
        pair.server.comment(7, f"{number}")
    assert [each.body for each in pair.forge.notes(7)] == [f"{number}" for number in range(230)]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_that_stumbles_is_asked_again(pair, status):
    pair.server.open_pull(7)
    pair.server.faults.append(Fault("GET", "7", status=status, times=2))
    assert pair.forge.pull_request(7).is_open
    assert len(pair.slept) == 2


@pytest.mark.parametrize("status", [429, 403])
def test_retry_after_is_honoured(pair, status):
    pair.server.open_pull(7)
    pair.server.faults.append(Fault("GET", "7", status=status, headers={"retry-after": "31"}))
    assert pair.forge.pull_request(7).is_open
    assert pair.slept == [31.0]


def test_nobody_waits_longer_than_the_deadline(pair):
    pair.server.faults.append(Fault("GET", "7", status=429, headers={"retry-after": "3600"}))
    with pytest.raises(ForgeError, match="3600 s"):
        pair.forge.pull_request(7)
    assert pair.slept == []


@pytest.mark.parametrize("status", [401, 403, 404])
def test_missing_permission_is_named(pair, status):
    pair.server.open_pull(7)
    pair.server.faults.append(Fault("POST", "7", status=status))
    with pytest.raises(PermissionMissingError, match=f"{status} as laid out") as raised:
        pair.forge.add_note(7, "x")
    assert raised.value.permission in ("pull-requests: write", "api")
    assert raised.value.permission in raised.value.hint


def test_what_the_forge_refuses_is_in_its_own_words(pair):
    pair.server.open_pull(7)
    pair.server.faults.append(Fault("POST", "7", status=422, body={"message": "Body is too long"}))
    with pytest.raises(ForgeError, match="422 Body is too long") as raised:
        pair.forge.add_note(7, "x")
    assert not isinstance(raised.value, PermissionMissingError)


def test_wrong_token(pair):
    pair.server.open_pull(7)
    with pytest.raises(PermissionMissingError, match="401") as raised:
        pair.with_token("s3cret-token").pull_request(7)
    assert "s3cret" not in f"{raised.value.message} {raised.value.hint}"
