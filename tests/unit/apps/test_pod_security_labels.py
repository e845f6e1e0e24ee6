"""A manifest may ask for more Pod Security than the policy, never for less."""

from typing import Any

import pytest

from ephemeral.apps.isolation.labels import check_pod_security
from ephemeral.errors import PolicyError
from ephemeral.kube.objects import Manifest
from ephemeral.spec.model import Isolation, PodSecurity
from ephemeral.spec.presets import resolve


def labelled(level: str | None, kind: str = "Namespace") -> list[Manifest]:
    metadata: dict[str, Any] = {"name": "shop"}
    if level:
        metadata["labels"] = {"pod-security.kubernetes.io/enforce": level}
    return [Manifest(object={"apiVersion": "v1", "kind": kind, "metadata": metadata}, origin="k8s/shop.yaml:3")]


@pytest.mark.parametrize(
    ("policy", "asked"), [("baseline", "privileged"), ("restricted", "baseline"), ("restricted", "privileged")]
)
def test_less_is_refused_with_both_levels_and_the_place(policy: PodSecurity, asked: str) -> None:
    with pytest.raises(PolicyError, match=rf"k8s/shop.yaml:3: Namespace shop asks .* {asked}, .* says {policy}"):
        check_pod_security(labelled(asked), resolve(Isolation(pod_security=policy)))


@pytest.mark.parametrize("asked", [None, "baseline", "restricted"])
def test_as_much_or_more_is_taken(asked: str | None) -> None:
    check_pod_security(labelled(asked), resolve(Isolation()))


def test_without_a_standard_any_label_is_taken_and_others_labels_mean_nothing() -> None:
    check_pod_security(labelled("privileged"), resolve(Isolation(preset="none")))
    check_pod_security(labelled("privileged", kind="ConfigMap"), resolve(Isolation()))
