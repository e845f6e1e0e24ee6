"""`ephemeral verify isolation`: probe a running environment from inside, and compare with what its policy promises."""

from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address
from urllib.parse import urlsplit

from ephemeral.errors import EphemeralError, SpecError
from ephemeral.kube.kubeconfig import read_access
from ephemeral.verify.admission import probe_node_files, probe_pod_security
from ephemeral.verify.amounts import probe_amounts
from ephemeral.verify.control_plane import probe_proxy
from ephemeral.verify.finding import Finding, judged, not_probed
from ephemeral.verify.litter import Litter
from ephemeral.verify.machine import MachineListener, listening
from ephemeral.verify.neighbours import probe_neighbours
from ephemeral.verify.network import BLOCKED, Attempt, across, entering, findings_of, from_a_pod
from ephemeral.verify.prober import attempt_all
from ephemeral.verify.stage import Stage, staged
from ephemeral.verify.subject import Subject
from ephemeral.verify.tokens import probe_tokens

__all__ = ["PUBLIC", "Finding", "Subject", "verify_isolation"]

#: Somebody public who answers by TCP.
PUBLIC = "1.1.1.1:443"


def verify_isolation(subject: Subject, against: Subject | None = None, *, public: str = PUBLIC) -> list[Finding]:
    """Make every probe and return what each found; what they make is gone when this returns.

    Raises SpecError for a ``public`` that is no ADDRESS:PORT, and ApiError where nothing can be probed at all.
    """
    internet = _address_and_port(public)
    findings = [*probe_pod_security(subject), *probe_amounts(subject)]
    if subject.vantage and not subject.vantage.host:  # a host's volumes are its own: vcluster syncs claims alone
        findings.append(probe_node_files(subject))
    findings += _probe_traffic(subject, against, internet)
    # Last: a CRD that comes or goes makes the quota controller pause for a moment.
    return [*findings, *probe_neighbours(subject, against)]


def _probe_traffic(subject: Subject, against: Subject | None, public: tuple[str, int]) -> list[Finding]:
    """Pods must run for this; when they can't, that is what was found."""
    try:
        with ExitStack() as stack:
            machine = stack.enter_context(listening())
            litter = Litter()
            stack.callback(litter.await_end)
            here = stack.enter_context(staged(subject, litter))
            there = stack.enter_context(staged(against, litter)) if against else None
            findings = list(_traffic(here, there, machine, public))
            return [*findings, *_enforcement(here, findings)]
    except EphemeralError as error:
        return [not_probed("traffic and tokens of pods", error.message)]


def _traffic(here: Stage, there: Stage | None, machine: MachineListener, public: tuple[str, int]) -> Iterator[Finding]:
    attempts = from_a_pod(here, machine, public)
    if there:
        attempts += across(here, there, api=_api_of(there))
    yield from _from_inside(here, attempts)
    from_the_machine = entering(here)
    answers = attempt_all([each.wanted() for each in from_the_machine])
    yield from findings_of(from_the_machine, answers, "on the machine")
    if here.vantage.machine:
        yield probe_proxy(here, machine)
    if there:
        yield from _from_inside(there, across(there, here, api=_api_of(here)))
    else:
        how = "give --against OTHER, the name of another running environment"
        yield not_probed("pods, Services and API servers of another environment", how, expected="blocked")
    if here.vantage.pod_files:
        yield probe_tokens(here, here.vantage.pod_files)


def _from_inside(stage: Stage, attempts: list[Attempt]) -> Iterator[Finding]:
    answers = stage.attempt([each.wanted() for each in attempts])
    yield from findings_of(attempts, answers, f"in a pod of {stage.subject.name}")


def _enforcement(here: Stage, findings: list[Finding]) -> Iterator[Finding]:
    """A host takes NetworkPolicies even where its pod network knows nothing of them."""
    if here.vantage.host is None or not here.subject.policy.network:
        return
    ignored = [each.probe for each in findings if each.expected == BLOCKED and each.result == "broken"]
    found = "not enforced" if ignored else "enforced"
    did = "the probes above that expect `blocked`"
    detail = f"the host's pod network ignores them: {'; '.join(ignored)}" if ignored else ""
    yield judged("NetworkPolicies of the host", did, expected="enforced", found=found, detail=detail)


def _api_of(stage: Stage) -> tuple[str, int]:
    if stage.vantage.host:
        return stage.vantage.host.api
    server = urlsplit(read_access(stage.subject.kubeconfig).server)
    return str(server.hostname), server.port or 443


def _address_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    try:
        return str(IPv4Address(host)), int(port)
    except ValueError as error:
        raise SpecError(f"{text!r} is no ADDRESS:PORT: {error}.", hint=f"Write it like {PUBLIC}.") from error
