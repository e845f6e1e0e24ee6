"""What pods may reach and who may reach them, tried from both sides."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from itertools import groupby
from typing import Any

from ephemeral.spec.presets import Policy
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.machine import MachineListener
from ephemeral.verify.prober import TRY_SECONDS, attempt_all
from ephemeral.verify.stage import LISTENER, PORT, Stage

OPEN, BLOCKED = "open", "blocked"
METADATA = "169.254.169.254"
KUBELET_PORT, API_PORT = 10250, 443
#: kube-proxy learns of a new Service within this time.
_PATIENCE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """A connection to try; ``controlled``: it proves something only if the machine itself gets through."""

    probe: str
    host: str
    port: int
    expected: str | None
    kind: str = "tcp"
    controlled: bool = False

    def wanted(self) -> dict[str, Any]:
        """As the prober takes it."""
        patience = _PATIENCE_SECONDS if self.expected == OPEN else 0
        return {"kind": self.kind, "host": self.host, "port": self.port, "patience": patience}

    def by_hand(self) -> str:
        """The command that does the same."""
        if self.kind == "lookup":
            return f"getent hosts {self.host}"
        return f"nc -v {'-u ' if self.kind == 'udp' else ''}-w {TRY_SECONDS:g} {self.host} {self.port}"


def from_a_pod(here: Stage, machine: MachineListener, public: tuple[str, int]) -> list[Attempt]:
    """What a pod tries in its own environment, at the machine and beyond."""
    policy, vantage = here.subject.policy, here.vantage
    attempts = [
        Attempt(probe="cluster DNS from a pod", host=LISTENER, port=0, expected=OPEN, kind="lookup"),
        Attempt(probe="own pod from a pod", host=here.pod_address, port=PORT, expected=OPEN),
        Attempt(probe="own Service from a pod", host=here.service_address, port=PORT, expected=OPEN),
        Attempt(probe="own API server from a pod", host="kubernetes.default", port=API_PORT, expected=OPEN),
        Attempt(
            probe="kubelet from a pod",
            host=here.node_address,
            port=KUBELET_PORT,
            expected=BLOCKED if policy.network else None,
        ),
        Attempt(probe="metadata address from a pod", host=METADATA, port=80, expected=leaving(policy, METADATA)),
    ]
    attempts += [
        Attempt(
            probe=f"machine ({kind}) from a pod",
            host=address,
            port=machine.port,
            expected=leaving(policy, address),
            kind=kind,
        )
        for kind in ("tcp", "udp")
        for address in vantage.machine
    ]
    expected = leaving(policy, public[0], public=True) if vantage.outbound else BLOCKED
    attempts.append(
        Attempt(probe="public address from a pod", host=public[0], port=public[1], expected=expected, controlled=True)
    )
    return attempts


def across(here: Stage, there: Stage, *, api: tuple[str, int]) -> list[Attempt]:
    """What a pod of ``here`` tries at another environment, whose API server answers the machine at ``api``."""
    source, target = here.subject.policy, there.subject.policy
    # Node ports and the API server answer the machine, and so whoever may go out as the machine.
    reachable = BLOCKED if source.network else None
    hidden = BLOCKED if source.network or target.network else None
    name = there.subject.name
    by = f"from a pod of {here.subject.name}"
    hosted = there.vantage.host is not None  # then no machine has to get through
    attempts = [
        Attempt(
            probe=f"API server of {name} {by}", host=api[0], port=api[1], expected=reachable, controlled=not hosted,
        ),
    ]  # fmt: skip
    if there.node_port:
        attempts.append(
            Attempt(
                probe=f"node port of {name} {by}", host=there.node_address, port=there.node_port, expected=reachable,
                controlled=True,
            )
        )  # fmt: skip
    return [
        *attempts,
        Attempt(probe=f"kubelet of {name} {by}", host=there.node_address, port=KUBELET_PORT, expected=hidden),
        Attempt(probe=f"pod of {name} {by}", host=there.pod_address, port=PORT, expected=hidden),
        Attempt(probe=f"Service of {name} {by}", host=there.service_address, port=PORT, expected=hidden),
    ]  # fmt: skip


def entering(here: Stage) -> list[Attempt]:
    """What the machine itself tries: only what is exposed may answer."""
    allowed = here.subject.policy.allow_ingress or not here.subject.policy.network
    expected = None if allowed else BLOCKED
    attempts = [
        Attempt(probe="pod from the machine", host=here.pod_address, port=PORT, expected=expected),
        Attempt(
            probe="unexposed Service from the machine", host=here.service_address, port=PORT, expected=expected
        ),
    ]  # fmt: skip
    if here.vantage.host is None:  # a host's nodes are its own
        attempts.append(
            Attempt(probe="kubelet from the machine", host=here.node_address, port=KUBELET_PORT, expected=expected)
        )
    return attempts


def leaving(policy: Policy, address: str, *, public: bool = False) -> str | None:
    """What the policy promises of a connection to this address; None: nothing."""
    allowed = any(IPv4Address(address) in IPv4Network(each, strict=False) for each in policy.allow_egress)
    if not policy.network or allowed:
        return OPEN if public else None  # nobody may be there to answer
    return OPEN if public and policy.public_egress else BLOCKED


def findings_of(attempts: Sequence[Attempt], answers: Sequence[dict[str, str]], where: str) -> Iterator[Finding]:
    """Judge what was seen, one finding for the attempts of one probe; ``where`` it was tried."""
    controls = _controls(attempts)
    for probe, group in groupby(zip(attempts, answers, strict=True), key=lambda pair: pair[0].probe):
        pairs = list(group)
        first = pairs[0][0]
        did = f"{where}: {'; '.join(each.by_hand() for each, _ in pairs)}"
        if control := controls.get((first.host, first.port)):
            why = f"the machine does not get through to {first.host} either: {control}"
            yield not_probed(probe, why, did=did, expected=first.expected)
            continue
        yield worst_of(probe, did, first.expected, {each.host: _in_words(answer) for each, answer in pairs})


def worst_of(probe: str, did: str, expected: str | None, answers: Mapping[str, str]) -> Finding:
    """One finding for several addresses; each answer begins with OPEN, or says how it is blocked."""
    reached = {host: answer for host, answer in answers.items() if answer.startswith(OPEN)}
    if reached:
        words = [f"{host}{answer.removeprefix(OPEN)}" for host, answer in reached.items()]
        plain = len(answers) == 1 and OPEN in reached.values()
        return judged(probe, did, expected=expected, found=OPEN, detail="" if plain else f"at {', '.join(words)}")
    return judged(probe, did, expected=expected, found=BLOCKED, detail="; ".join(dict.fromkeys(answers.values())))


def _in_words(answer: dict[str, str]) -> str:
    """Who says `connection refused` was reached; ICMP messages and silence are what blocks look like."""
    if answer["state"] == "reset":
        return f"{OPEN} ({answer['detail']})"
    return OPEN if answer["state"] == "open" else answer["detail"]


def _controls(attempts: Sequence[Attempt]) -> dict[tuple[str, int], str]:
    """Why the machine itself does not get through to targets that prove something only if they answer at all."""
    controlled = [each for each in attempts if each.controlled]
    answers = attempt_all([{**each.wanted(), "patience": 0} for each in controlled])
    pairs = zip(controlled, answers, strict=True)
    return {(each.host, each.port): answer["detail"] for each, answer in pairs if answer["state"] != "open"}
