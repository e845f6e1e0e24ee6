"""The one story: up -> ready -> deploy -> (preview) -> down.

An environment is one throw-away Kubernetes API, one isolation policy and one deadline. Everything else in this
package is a step of what is told here, from top to bottom.
"""

import getpass
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from ephemeral.clusters import provider_for, provider_of_name
from ephemeral.clusters.provider import Cluster
from ephemeral.errors import ClusterError, EphemeralError, NoEnvironmentError, SpecError
from ephemeral.leases import Lease, Owner
from ephemeral.progress import Progress, Silent
from ephemeral.reports.timeline import Timeline
from ephemeral.spec.agreement import check_answers, check_preview, check_same_kind
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.model import Expose, Spec
from ephemeral.spec.presets import Policy, resolve
from ephemeral.waiting import Deadline

if TYPE_CHECKING:
    from ephemeral.kube.client import Kube
    from ephemeral.kube.events import Event
    from ephemeral.kube.objects import Manifest, Object
    from ephemeral.previews.preview import Preview
    from ephemeral.reports.html import Section
    from ephemeral.spec.preview_model import Preview as PreviewDefinition
    from ephemeral.verify import Finding, Subject

#: A control plane on an overloaded two-core machine needs some ten seconds; nobody should wait longer than this.
START_SECONDS = 120.0

#: Pods are ready and kube-proxy needs a fraction of a second by the time somebody asks for a URL.
REACH_SECONDS = 15.0


def up(
    spec: Spec | Path | str | None = None,
    *,
    owner: Owner | None = None,
    detach: bool = False,
    report: Path | None = None,
    progress: Progress | None = None,
) -> "Environment":
    """Create the environment that ``spec`` asks for, deploy its app and return it ready.

    ``spec`` is a Spec, the path of an ephemeral.yaml, or None for ./ephemeral.yaml (an empty cluster when there is
    none). An environment of that name which already runs is updated in place and its lease renewed.

    It ends with this process, even by ``kill -9``, unless ``detach``: then its lease alone bounds its life. Use it as
    a context manager to end it earlier (one that ran already stays). When anything fails, ``report`` (a directory)
    receives a bundle of what was seen, and an environment that was created here is removed, unless it is detached and
    only its app failed.

    Raises the classes of ephemeral.errors.
    """
    if not isinstance(spec, Spec):
        from ephemeral.spec.load import find_spec, load

        spec = load(Path(spec) if spec else find_spec(Path.cwd())).spec
    check_answers(spec)
    spec = provider_for(spec.cluster).admit(spec)
    progress = Timeline.of(progress or Silent())
    environment = _update(spec, owner, progress) or _create(spec, owner, progress)
    with environment.ending_on_failure(), environment.reporting(report):
        manifests = environment.render()  # while the control plane boots; a mistake in them ends it at once
        environment.become_ready()
        if not detach:
            environment.deploy(manifests)
            return environment
    environment.detach()
    with environment.reporting(report):
        environment.deploy(manifests)
    return environment


def attach(name: str, *, spec: Spec | None = None, progress: Progress | None = None) -> "Environment":
    """An environment that runs already, by its name; ``spec`` says what `deploy` is to put there.

    Raises NoEnvironmentError.
    """
    cluster = provider_of_name(name).get(name)
    if cluster.describe()["state"] == "dead":
        raise NoEnvironmentError(
            f"environment {name} is dead: {cluster.diagnose()}.", hint=f"`ephemeral down {name}` removes the rest."
        )
    environment = Environment(spec or Spec(name=name), cluster, progress=Timeline.of(progress or Silent()), found=True)
    if spec is None:
        environment.policy = cluster.policy  # a deployment that states none keeps the one in force
    return environment


def down(name: str) -> bool:
    """Remove an environment by its name alone; False when there was none."""
    return provider_of_name(name).delete(name)


def unique_name(name: str) -> str:
    """``name`` with a random ending, for environments that must not meet: one per run, one per test."""
    return f"{name[:34].rstrip('-')}-{secrets.token_hex(3)[:5]}"


class Environment:
    """A virtual cluster, the app in it, and its lease. Made by `up`, found by `attach`."""

    def __init__(self, spec: Spec, cluster: Cluster, *, progress: Timeline, found: bool) -> None:
        self.spec = spec
        self.timeline = progress
        self.progress: Progress = progress
        #: What its report shows besides what every environment has.
        self.sections: list[Section] = []
        self._cluster = cluster
        self._was_found = found

    @property
    def name(self) -> str:
        """Its name: enough to find or remove it."""
        return self._cluster.name

    @property
    def kubeconfig(self) -> Path:
        """Path of an administrator's kubeconfig (0600), complete in itself."""
        return self._cluster.kubeconfig

    @property
    def is_new(self) -> bool:
        """Whether it was made here; one that ran already was updated in place."""
        return not self._was_found

    @property
    def lease(self) -> Lease:
        """Owner and deadline."""
        return self._cluster.lease

    @property
    def kubernetes(self) -> str:
        """Version of Kubernetes that it runs, such as 1.36.3."""
        return str(self.describe()["kubernetes"])

    @cached_property
    def kube(self) -> "Kube":
        """A client of its API: get, list, apply and delete plain dicts."""
        from ephemeral.kube.client import connect

        return connect(self.kubeconfig)

    def become_ready(self, deadline: Deadline | None = None) -> None:
        """Wait until the cluster is usable and its isolation policy in force. Fails as soon as a component dies."""
        deadline = deadline or Deadline(START_SECONDS)
        with self.progress.phase("ready"):
            from ephemeral.apps.isolation import isolate  # heavy: imported while the control plane boots

            self._cluster.wait_answering(deadline)
            if not self._was_found and not self._cluster.keeps_policy:
                isolate(self.kube, self._rules, [], deadline=deadline)
            self._cluster.wait_ready(deadline)

    def render(self) -> "list[Manifest]":
        """The manifests of the app, with image overrides; nothing is sent anywhere. Raises SpecError, ProgramError."""
        if not self.spec.app:
            return []
        from ephemeral.apps import render
        from ephemeral.images import override_names

        deadline = Deadline(parse_duration(self.spec.ready.timeout).total_seconds())
        with self.progress.phase("render"):
            images = override_names(self._images, simulated=self.describe()["nodes"] == "simulated")
            return render(self.spec.app, images=images, deadline=deadline, kubernetes=self.kubernetes)

    def deploy(self, manifests: "list[Manifest] | None" = None) -> None:
        """Apply the app (or ``manifests``) and wait until all of it is ready. Applying it again updates it in place.

        Raises ApplyError when the API server refuses an object, WorkloadError as soon as something can't become
        ready, WaitError at the spec's ``ready.timeout``.
        """
        manifests = self.render() if manifests is None else manifests
        if not manifests:
            return
        deadline = Deadline(parse_duration(self.spec.ready.timeout).total_seconds())
        with self._blaming_what_died():
            self._load_archives()
            self._put(manifests, deadline, is_app=True)

    def _put(self, manifests: "Sequence[Manifest]", deadline: Deadline, *, is_app: bool) -> None:
        """Apply under the isolation policy, and wait until all of it is ready; an app's conditions hold then, too."""
        from ephemeral.apps.isolation import isolate
        from ephemeral.kube.apply import apply_all
        from ephemeral.kube.readiness.waits import wait_ready

        since = self.kube.transport.server_time()  # warnings before it belong to an earlier deployment
        with self.progress.phase("apply"):
            if is_app:
                self._warn_of_idle_policies(manifests)
            if not self._cluster.keeps_policy:
                manifests = isolate(self.kube, self._rules, manifests, deadline=deadline)
            self._cluster.adopt(self.policy)
            objects = apply_all(self.kube, manifests, progress=self.progress, deadline=deadline)
        with self.progress.phase("wait"):
            conditions = self.spec.ready.conditions if is_app else ()
            wait_ready(
                self.kube, objects, conditions=conditions, progress=self.progress, deadline=deadline, since=since
            )
            if is_app:
                self._wait_for_answers(deadline)

    def load_image(self, archive: Path, name: str | None = None) -> tuple[str, ...]:
        """Load an image archive (a file or an OCI directory) so that pods find its images without a registry.

        ``name`` is given to its one image; without it all images get the names that the archive has for them. Returns
        their names in full. Raises SpecError for what is no such archive, ClusterError on simulated nodes.
        """
        return self._cluster.load_image(archive, name)

    def _load_archives(self) -> None:
        """The archives under `images` of an environment that runs; a new one starts with them."""
        from ephemeral.images import read_imports

        # Those of a preview's baseline are not among what a new one starts with.
        started_with = {} if self._was_found else self.spec.images
        missing = {name: image for name, image in self._images.items() if started_with.get(name) != image}
        imports = read_imports(missing)
        if imports and self.describe()["nodes"] != "simulated":
            with self.progress.phase("images"):
                for each in imports:
                    self.load_image(each.archive.path, each.name)

    @property
    def _images(self) -> Mapping[str, str]:
        """Image overrides of the app as it is deployed."""
        preview = self.spec.preview
        return {**self.spec.images, **preview.baseline.images} if preview else self.spec.images

    def preview(self, definition: "PreviewDefinition | None" = None) -> "Preview":
        """Baseline and candidate of the app side by side; nothing begins before its `start()`.

        ``definition`` says what `preview:` says in ephemeral.yaml; without it, the spec does.
        """
        from ephemeral.images import override_names, read_imports
        from ephemeral.kube.objects import Manifest
        from ephemeral.previews.preview import Host, Preview

        definition = definition or self.spec.preview
        check_preview(replace(self.spec, preview=definition))

        def put(objects: "Sequence[Object]", seconds: float) -> None:
            items = [Manifest(object=each, origin="preview") for each in objects]
            with self._blaming_what_died():
                self._put(items, Deadline(seconds), is_app=False)

        def load(images: Mapping[str, str]) -> Mapping[str, str]:
            for each in read_imports(images):
                self.load_image(each.archive.path, each.name)
            return override_names(images)

        host = Host(
            name=self.name,
            kubeconfig=self.kubeconfig,
            runs_pods=self.describe()["nodes"] != "simulated",
            kube=self.kube,
            put=put,
            load=load,
            url=lambda service, port, namespace: self.url(service, port=port, namespace=namespace),
            progress=self.progress,
        )
        return Preview(host, definition)

    def _warn_of_idle_policies(self, manifests: "Sequence[Manifest]") -> None:
        """An app that brings NetworkPolicies may rely on them."""
        brought = [each.object["metadata"]["name"] for each in manifests if each.object["kind"] == "NetworkPolicy"]
        if brought and self.describe()["pod-network"] == "basic":
            names = ", ".join(brought)
            self.progress.note(f"warning: NetworkPolicy {names}: not enforced among pods without `network: cilium`")

    def _wait_for_answers(self, deadline: Deadline) -> None:
        """The app is ready once what it exposes takes connections and its HTTP checks pass."""
        for service, url in self.urls().items():
            self.progress.note(f"{service}: {url}")
        from ephemeral.kube.services import wait_for_status

        for check in self.spec.ready.http:
            url = self.url(check.service, port=check.port, namespace=check.namespace, path=check.path)
            wait_for_status(url, check.status, deadline)

    def url(self, service: str, *, port: int | str = "", namespace: str = "default", path: str = "/") -> str:
        """Open a Service to this machine and return its URL, once somebody takes connections there.

        ``port`` is a number or name; it may be left out when there is one, or one called http. Raises SpecError when
        there is no such Service or port, ClusterError on simulated nodes, WaitError when nobody answers.
        """
        from ephemeral.kube.services import find_port, url_of, wait_connecting

        found = find_port(self.kube, service, namespace=namespace, port=port)
        host, number = self._cluster.reach(found)
        wait_connecting(found, host, number, Deadline(REACH_SECONDS))
        return url_of(found, host, number, path)

    def urls(self) -> dict[str, str]:
        """URLs of the Services under `expose`, by Service name: for all if the host has an ingress, else for here."""
        return {
            each.service: self._published(each)
            or self.url(each.service, port=each.port, namespace=each.namespace, path=each.path)
            for each in self.spec.expose
        }

    def _published(self, each: Expose) -> str | None:
        from ephemeral.kube.services import find_port

        port = find_port(self.kube, each.service, namespace=each.namespace, port=each.port)
        return self._cluster.publish(port, each.path)

    def detach(self) -> None:
        """Let it outlive this process: from now on its lease alone bounds its life."""
        self._cluster.detach()

    def extend(self, ttl: timedelta) -> None:
        """Let it live until ``ttl`` from now, or as long as it may already if that is longer."""
        lease = Lease.lasting(max(ttl, self.lease.expires_at - datetime.now(UTC)), self.lease.owner)
        self._cluster.renew(replace(lease, created_at=self.lease.created_at))

    def describe(self) -> dict[str, Any]:
        """What is known about it, as plain values: state, versions, lease, kubeconfig."""
        return self._cluster.describe()

    def component_logs(self) -> Mapping[str, Path]:
        """Log files of the programs that its cluster consists of, by program."""
        return self._cluster.component_logs()

    def events(self, *, warnings: bool = False) -> list["Event"]:
        """What its API server recorded, oldest first."""
        from ephemeral.kube.events import list_events

        return list_events(self.kube, warnings_only=warnings)

    def workloads(self) -> dict[str, str]:
        """State of every workload, such as ``Deployment default/web`` -> ``2/2 ready``."""
        from ephemeral.kube.readiness.states import workload_states

        return workload_states(self.kube)

    def diagnose(self) -> str:
        """Why its cluster is not well; empty when nothing is known to be wrong."""
        return self._cluster.diagnose()

    def down(self) -> bool:
        """Remove it and all that belongs to it; False when it is gone already."""
        with self.progress.phase("down"):
            return down(self.name)

    @cached_property
    def policy(self) -> Policy:
        """Its isolation policy, with the preset resolved."""
        return resolve(self.spec.isolation)

    @property
    def _rules(self) -> Policy:
        """The policy as objects of its API state it: with the addresses that its own cluster needs."""
        egress, ingress = self._cluster.own_network()
        return replace(
            self.policy,
            allow_egress=(*self.policy.allow_egress, *egress),
            allow_ingress=(*self.policy.allow_ingress, *ingress),
        )

    def verify_isolation(
        self, against: "Environment | None" = None, *, public: str = "", image: str = ""
    ) -> "list[Finding]":
        """Probe from inside whether what the isolation policy promises holds; what the probes make is removed.

        ``against`` is another environment, which may be neither seen nor reached. ``public`` is an ADDRESS:PORT that
        stands for the internet. ``image`` has a ``python3``, which the probes' pods run; by default nodes of this
        machine lend its own, and those of a host pull the official one.
        """
        from ephemeral.verify import PUBLIC, verify_isolation

        other = against.subject(image) if against else None
        return verify_isolation(self.subject(image), other, public=public or PUBLIC)

    def subject(self, image: str = "") -> "Subject":
        """What probes of its isolation need to know."""
        from ephemeral.verify import Subject

        cluster = self._cluster
        vantage = cluster.vantage
        if vantage and image:
            vantage = replace(vantage, image=image, folders=(), python="python3", user="")
        return Subject(
            name=self.name,
            kubeconfig=self.kubeconfig,
            kube=self.kube,
            policy=cluster.policy,
            vantage=vantage,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._was_found:  # what somebody else made is not this block's to remove
            self.down()

    def report(self, directory: Path, error: BaseException | None = None, *, verdict: str = "") -> Path:
        """Write a page for people, events, states, logs and the timeline into ``directory``/NAME; return that path.

        ``verdict`` is the page's; without one it is ``fail`` if there is an error, else the environment's state.
        """
        from ephemeral.reports.bundle import write_bundle

        return write_bundle(directory, self, error, verdict=verdict)

    def try_report(self, directory: Path, error: BaseException | None = None, *, verdict: str = "") -> str:
        """Write the report and say where it is, or why there is none: it must not hide the failure it is about."""
        try:
            return f"report: {self.report(directory, error, verdict=verdict)}"
        except OSError as failure:
            return f"no report: {directory} can't be written: {failure.strerror or failure}"

    @contextmanager
    def _blaming_what_died(self) -> Iterator[None]:
        """What fails because a component died, or the lease ended, is reported as that."""
        try:
            yield
        except EphemeralError as error:
            if trouble := self.diagnose():
                raise ClusterError(trouble) from error
            raise

    @contextmanager
    def reporting(self, directory: Path | None) -> Iterator[None]:
        """When the body fails, write the report while there still is something to see."""
        try:
            yield
        except EphemeralError as error:
            if directory and not isinstance(error, SpecError):
                self.progress.note(self.try_report(directory, error))
            raise

    @contextmanager
    def ending_on_failure(self) -> Iterator[None]:
        """Whatever ends the body early, an environment that was made here does not outlive it."""
        try:
            yield
        except BaseException:
            if not self._was_found:
                self.down()
            raise


def _create(spec: Spec, owner: Owner | None, progress: Timeline) -> Environment:
    lease = Lease.lasting(parse_duration(spec.ttl), owner or Owner(user=_user()))
    with progress.phase("create"):
        cluster = provider_for(spec.cluster).create(spec, resolve(spec.isolation), lease, progress)
    return Environment(spec, cluster, progress=progress, found=False)


def _update(spec: Spec, owner: Owner | None, progress: Timeline) -> Environment | None:
    """The running environment of that name, its lease renewed; None when there is none worth keeping."""
    provider = provider_for(spec.cluster)
    try:
        cluster = provider.get(spec.name)
    except NoEnvironmentError:
        return None
    state = cluster.describe()
    if state["state"] in ("dead", "failed"):
        provider.delete(spec.name)
        return None
    check_same_kind(spec, state, cluster.policy)
    lease = Lease.lasting(parse_duration(spec.ttl), owner or cluster.lease.owner)
    cluster.renew(replace(lease, created_at=cluster.lease.created_at))
    return Environment(spec, cluster, progress=progress, found=True)


def _user() -> str:
    """Who runs this; CI containers often have no name for their user id."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
