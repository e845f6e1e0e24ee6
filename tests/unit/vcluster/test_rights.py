"""The roles that ephemeral ships, and what of one a person lacks."""

from typing import Any

import yaml

from ephemeral.clusters.vcluster.rights import Right, role_for, role_of, spell


def resources(role: dict[str, Any], verb: str) -> set[str]:
    return {name for rule in role["rules"] if verb in rule["verbs"] for name in rule["resources"]}


def test_one_namespace_takes_a_role_that_knows_nothing_beyond_it() -> None:
    role = role_for("team")
    assert (role["kind"], role["metadata"]["namespace"]) == ("Role", "team")
    named = {name for rule in role["rules"] for name in rule["resources"]}
    assert named.isdisjoint({"namespaces", "namespaces/finalize", "clusterroles", "nodes", "*"})


def test_a_namespace_per_environment_takes_a_cluster_role() -> None:
    role = role_for("")
    assert role["kind"] == "ClusterRole"
    assert "namespace" not in role["metadata"]
    assert "namespaces" in resources(role, "create")
    assert "*" in resources(role, "list")
    assert "clusterroles" not in resources(role, "create")


def test_nobody_may_take_rights_that_he_has_not() -> None:
    for role in (role_for("team"), role_for("", gateway=True)):
        verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
        assert verbs.isdisjoint({"*", "bind", "escalate", "impersonate"})


def test_a_gateway_takes_roles_of_the_whole_cluster() -> None:
    assert "clusterroles" in resources(role_for("", gateway=True), "create")


def test_what_is_missing_becomes_a_role_of_just_that() -> None:
    missing = [Right("", "pods/exec", "create"), Right("", "secrets", "create"), Right("apps", "deployments", "get")]
    role = yaml.safe_load(spell(role_of("team", missing)))
    assert role["rules"] == [
        {"apiGroups": [""], "resources": ["pods/exec", "secrets"], "verbs": ["create"]},
        {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]},
    ]
    assert str(missing[0]) == "create pods/exec"
    assert str(missing[2]) == "get deployments.apps"
