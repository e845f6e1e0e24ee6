"""Names of environments."""

import re

import pytest

from ephemeral.forges.names import environment_name


def test_pull_request_has_one_name_whatever_happens_to_it(context):
    names = {
        environment_name(context(action=action, sha=sha, run=run, event=event))
        for action, sha, run, event in [
            ("opened", "1" * 40, "1", "pull_request"),
            ("synchronize", "2" * 40, "2", "pull_request"),
            ("created", "", "3", "issue_comment"),
            ("closed", "2" * 40, "4", "pull_request_target"),
        ]
    }
    assert len(names) == 1
    assert re.fullmatch(r"shop-pr-7-[0-9a-f]{6}", names.pop())


@pytest.mark.parametrize(
    "other",
    [{"number": 8}, {"repo": "mallory/shop"}, {"server": "https://ghe.example.com"}],
    ids=["number", "repository", "server"],
)
def test_what_differs_has_another_name(context, other):
    assert environment_name(context(**other)) != environment_name(context())


def test_variants_are_told_apart(context):
    assert environment_name(context(), "docs").startswith("docs-pr-7-")
    assert environment_name(context(), "a.b") != environment_name(context(), "a-b")


@pytest.mark.parametrize("repo", ["octo/" + "x" * 100, "octo/----", "octo/Ünïcode", "", "octo/a..b"])
@pytest.mark.parametrize("number", [0, 7, 123456789])
@pytest.mark.parametrize("ref", ["", "main", "feature/" + "y" * 300, "$(rm -rf /)"])
def test_name_is_a_label_of_at_most_40(context, repo, number, ref):
    name = environment_name(context(repo=repo, number=number, ref=ref))
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)
    assert len(name) <= 40


def test_branches_that_look_alike(context):
    names = {environment_name(context(number=0, ref=ref)) for ref in ("feature/x", "feature-x", "Feature-X")}
    assert len(names) == 3
