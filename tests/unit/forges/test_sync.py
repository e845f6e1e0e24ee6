"""The life of a pull request's environment, on GitHub's API and with environments that are only remembered."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ephemeral.errors import ClusterError, ForgeError, PermissionMissingError, SpecError, WorkloadError
from ephemeral.forges.github.deployments import Deployments
from ephemeral.forges.rules import Rules
from ephemeral.forges.sync import Sync
from ephemeral.forges.telling import Audience
from ephemeral.forges.triage import triage
from ephemeral.progress import Silent
from ephemeral.spec.load import load
from tests.forges.faults import Fault
from tests.forges.github_server import HEAD
from tests.forges.repositories import make_repository

NEXT = "2" * 40
FILES = {"ephemeral.yaml": "cluster: {provider: vcluster}\nttl: 1h\n"}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    return make_repository(tmp_path_factory.mktemp("repository"), FILES, {"ephemeral.yaml": "ttl: 2h\n"})


@pytest.fixture
def run(context, github, server, environments, repository, tmp_path) -> Callable:
    server.pulls[7]["head"]["sha"] = repository.head
    server.files["main", "ephemeral.yaml"] = FILES["ephemeral.yaml"]

    def run(*, rules=Rules(), longest=None, deployments=False, forge=github, **changes):  # noqa: B008 - immutable
        given = context(**{"sha": repository.head, "base_sha": repository.base, **changes})
        audience = Audience(context=given, forge=forge)
        given, decision = triage(audience, rules)
        work = Sync(
            context=given,
            rules=rules,
            audience=replace(audience, context=given),
            load=lambda path, base: load(path, base=base),
            progress=Silent(),
            workspace=repository.folder,
            report=tmp_path / "report",
            longest=longest,
            deployments=Deployments(github, 7) if deployments else None,
        )
        return work.apply(decision)

    return run


def comment(text, **more):
    return {
        "trigger": "comment",
        "event": "issue_comment",
        "action": "created",
        "comment": text,
        "commented_at": datetime(2027, 1, 1, tzinfo=UTC),
        "sha": "",
        "head_repo": "",
        **more,
    }


def test_from_opened_to_closed(run, server, environments):
    opened = run()
    assert opened.state == "ready"
    (spec,) = environments.specs
    assert (spec.name, spec.cluster.provider, spec.ttl) == (opened.name, "vcluster", "2h")
    owner = environments.kept[opened.name].lease.owner
    assert (owner.repo, owner.pull_request, owner.user) == ("github.com/octo/shop", "7", "octocat")
    (body,) = server.bodies(7)
    for words in ("is ready", "https&#58;&#47;&#47;web", "1&#47;1 ready", "1&#46;36", "create"):
        assert words in body
    again = run(action="synchronize", run="101")
    assert (again.state, again.name) == ("ready", opened.name)
    closed = run(action="closed", run="102")
    assert (closed.state, environments.kept) == ("removed", {})
    (body,) = server.bodies(7)
    assert "is removed" in body
    assert "the pull request is closed" in body


def test_comment_says_that_it_is_being_made(run, server, environments):
    seen = []
    environments.during = lambda: seen.extend(server.bodies(7))
    run()
    assert "is being made" in seen[0]


def test_closed_while_it_waited_for_its_turn(run, server, environments):
    server.close(7)
    assert run().state == "skipped"
    assert environments.calls == []
    assert server.bodies(7) == []


def test_closed_right_before_creating(run, server, environments):
    """The look before anything is created comes after the comment."""
    server.faults.append(Fault("POST", "comments", then=lambda: server.close(7)))
    outcome = run()
    assert outcome.state == "removed"
    assert not any(each.startswith("up") for each in environments.calls)
    assert "is removed" in server.bodies(7)[0]


def test_closed_while_it_was_made(run, server, environments):
    environments.during = lambda: server.close(7)
    assert run().state == "removed"
    assert environments.kept == {}


def test_two_pushes_within_a_second(run, server, environments, capsys):
    """The first push's run finds that the branch has moved on, and leaves it to the second's."""
    server.push(7, NEXT)
    outcome = run()
    assert outcome.state == "skipped"
    assert "a newer run takes care of it" in outcome.reason
    assert environments.calls == []
    assert "::notice title=no environment::" in capsys.readouterr().err


def test_pushed_to_right_before_creating(run, server, environments):
    server.faults.append(Fault("POST", "comments", then=lambda: server.push(7, NEXT)))
    assert run().state == "skipped"
    assert environments.calls == []


def test_app_that_fails_is_told_in_plain_words(run, server, environments, capsys):
    environments.failure = WorkloadError("Deployment web: ImagePullBackOff", hint="Is it pushed?")
    with pytest.raises(WorkloadError):
        run()
    (body,) = server.bodies(7)
    for words in ("failed", "ImagePullBackOff", "Is it pushed", "runs/100", "| failed |"):
        assert words in body
    assert "::error title=environment shop-pr-7-" in capsys.readouterr().err


def test_host_that_can_not_be_reached(run, server, environments):
    environments.failure = ClusterError("host cluster: connection refused")
    with pytest.raises(ClusterError):
        run()
    assert "connection refused" in server.bodies(7)[0]
    assert environments.kept == {}


def test_provider_local_is_refused_before_anything_is_made(run, server, environments):
    server.files["main", "ephemeral.yaml"] = "cluster: {provider: local}\n"
    with pytest.raises(SpecError, match="provider local"):
        run()
    assert environments.calls == []
    assert "dies with the job" in server.bodies(7)[0]


def test_comment_that_can_not_be_made_does_not_matter(run, server, environments, capsys):
    server.faults.append(Fault("POST", "comments", 403, times=9))
    assert run().state == "ready"
    assert "pull-requests: write" in capsys.readouterr().err


def test_without_a_token(run, environments, server):
    assert run(forge=None).state == "ready"
    assert server.requests == []


def test_fork_is_left_out_with_a_notice(run, server, environments, capsys):
    assert run(head_repo="mallory/shop").state == "skipped"
    assert "::notice" in capsys.readouterr().err
    assert (environments.calls, server.requests) == ([], [])


@pytest.mark.parametrize(("pushed_again", "state"), [(False, "ready"), (True, "skipped")])
def test_fork_in_a_run_that_follows(run, server, environments, repository, pushed_again, state):
    server.open_pull(7, head=repository.head, fork=True)
    server.label(7, "preview")
    if pushed_again:
        server.push(7, repository.head)
    given = {"trigger": "follow-up", "event": "workflow_run", "number": 0, "head_repo": "mallory/shop"}
    outcome = run(rules=Rules(label="preview"), head_ref="feature", **given)
    assert outcome.state == state


def test_run_that_follows_one_of_no_open_pull_request(run, server):
    given = {"trigger": "follow-up", "event": "workflow_run", "number": 0, "head_repo": "mallory/shop"}
    assert run(head_ref="main", **given).state == "skipped"


def test_commands_of_who_may_write(run, environments):
    assert run(**comment("/ephemeral up")).state == "ready"
    extended = run(**comment("/ephemeral extend 4h"))
    assert extended.state == "extended"
    left = next(iter(environments.kept.values())).lease.expires_at - datetime.now(UTC)
    assert timedelta(hours=3, minutes=58) < left <= timedelta(hours=4)
    assert run(**comment("/ephemeral down")).state == "removed"
    assert environments.kept == {}


def test_commands_of_who_may_not_write(run, server, environments, capsys):
    outcome = run(**comment("/ephemeral down", sender="mallory"))
    assert outcome.state == "skipped"
    assert "@mallory may not write to octo/shop" in capsys.readouterr().err
    assert environments.calls == []


def test_commands_need_a_token(run):
    with pytest.raises(PermissionMissingError, match="GITHUB_TOKEN"):
        run(forge=None, **comment("/ephemeral up"))


def test_command_on_a_fork_without_a_maintainers_label(run, server, environments, repository):
    server.open_pull(7, head=repository.head, fork=True)
    assert "no --label" in run(**comment("/ephemeral up")).reason
    assert "no label preview" in run(rules=Rules(label="preview"), **comment("/ephemeral up")).reason
    assert environments.calls == []


def test_fork_that_was_pushed_to_after_the_comment(run, server, environments, repository):
    server.open_pull(7, head=repository.head, fork=True)
    server.label(7, "preview")
    early = comment("/ephemeral up", commented_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert "after the comment" in run(rules=Rules(label="preview"), **early).reason
    assert run(rules=Rules(label="preview"), **comment("/ephemeral up")).state == "ready"


def test_command_that_is_none(run, environments, capsys):
    assert run(**comment("/ephemeral $(id)")).state == "skipped"
    assert "/ephemeral up, down, extend 4h, promote or abort" in capsys.readouterr().err


def test_ordinary_comment(run, server):
    assert run(**comment("looks good")).state == "skipped"
    assert server.requests == []


def test_extending_beyond_the_host_policy(run, environments):
    run()
    assert "host policy allows 2h" in run(longest=timedelta(hours=2), **comment("/ephemeral extend 4h")).reason


def test_extending_what_is_not_there(run):
    assert run(**comment("/ephemeral extend 4h")).state == "skipped"


def test_deployments_come_and_go_with_the_environment(run, server):
    run(deployments=True)
    (first,) = server.deployments.values()
    assert (first["environment"], first["task"]) == ("preview", "ephemeral:pr-7")
    assert [each["state"] for each in first["statuses"]] == ["in_progress", "success"]
    assert first["statuses"][1]["environment_url"] == "https://web.example.com"
    assert first["statuses"][1]["auto_inactive"] is False
    run(deployments=True, action="synchronize")
    assert len(server.deployments) == 1
    run(deployments=True, action="closed")
    assert server.deployments == {}


def test_deployments_that_may_not_be_kept(run, server, capsys):
    server.faults.append(Fault("GET", "deployments", 403, times=9))
    assert run(deployments=True).state == "ready"
    assert "deployments: write" in capsys.readouterr().err


def test_failed_deployment(run, server, environments):
    environments.failure = WorkloadError("no")
    with pytest.raises(WorkloadError):
        run(deployments=True)
    (only,) = server.deployments.values()
    assert only["statuses"][-1]["state"] == "failure"


def test_forge_that_never_answers_ends_the_run_before_anything_is_made(run, server, environments):
    server.faults.append(Fault("GET", "pulls/7", 429, headers={"retry-after": "9999"}, times=9))
    with pytest.raises(ForgeError):
        run()
    assert environments.calls == []


def test_head_is_what_the_tests_think(repository):
    assert repository.head != HEAD
    assert Path(repository.folder / "ephemeral.yaml").read_text() == "ttl: 2h\n"


PREVIEW = """env: [EPHEMERAL_BASE_SHA, EPHEMERAL_HEAD_SHA]
preview:
  service: web
  steps: [{run: "true"}]
  baseline: {images: {web: "web:${EPHEMERAL_BASE_SHA}"}}
  candidate: {images: {web: "web:${EPHEMERAL_HEAD_SHA}"}}
"""


@pytest.fixture
def previewing(server):
    server.files["main", "ephemeral.yaml"] = FILES["ephemeral.yaml"] + PREVIEW
    server.deploy("main", NEXT)


def previewed(environments):
    (kept,) = environments.kept.values()
    return kept.previewed


@pytest.mark.parametrize("verdict", ["pass", "fail", "inconclusive"])
def test_a_preview_compares_with_what_the_base_has_deployed(run, server, environments, previewing, repository, verdict):
    environments.verdict = verdict
    outcome = run()
    assert (outcome.state, outcome.facts["verdict"]) == ("ready", verdict)
    definition = previewed(environments).definition
    assert definition.baseline.images == {"web": f"web:{NEXT}"}
    assert definition.candidate.images == {"web": f"web:{repository.head}"}
    (body,) = server.bodies(7)
    assert f"Preview: **{verdict}**" in body
    assert ("ephemeral promote" in body) == (verdict == "inconclusive")


@pytest.mark.parametrize(("verb", "phase"), [("promote", "promoted"), ("abort", "aborted")])
def test_a_comment_ends_a_preview(run, server, environments, previewing, verb, phase):
    environments.verdict = "inconclusive"
    run()
    assert run(**comment(f"/ephemeral {verb}")).state == previewed(environments).phase == phase
    assert phase in server.bodies(7)[0]


def test_another_push_aborts_the_preview_before_it_deploys(run, environments, previewing):
    environments.verdict = "inconclusive"
    run()
    seen = []
    environments.during = lambda: seen.append(previewed(environments).phase)
    run(action="synchronize")
    assert seen == ["aborted"]


def test_nothing_to_promote(run):
    assert run(**comment("/ephemeral promote")).state == "skipped"
