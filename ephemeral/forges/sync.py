"""The life of a pull request's environment: what one event asks for, done and told."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ephemeral import environment as environments
from ephemeral.errors import EphemeralError, ForgeError, NoEnvironmentError
from ephemeral.forges.checkout import files_at
from ephemeral.forges.context import Context
from ephemeral.forges.facts import with_facts
from ephemeral.forges.forge import PullRequest, as_event_has_it
from ephemeral.forges.names import environment_name
from ephemeral.forges.page import Page, State
from ephemeral.forges.previewing import BASE_SHA, HEAD_SHA, abort_earlier, deployed, draw, verdict_of
from ephemeral.forges.rules import Decision, Rules, object_to
from ephemeral.forges.telling import Audience
from ephemeral.forges.untrusted import Load, spec_of_pull_request
from ephemeral.progress import Progress
from ephemeral.reports.timeline import Timeline
from ephemeral.spec.durations import format_duration
from ephemeral.spec.model import Spec

if TYPE_CHECKING:
    from ephemeral.environment import Environment
    from ephemeral.forges.github.deployments import Deployments


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the environment: ``ready``, ``removed``, ``extended`` or ``skipped``, and why."""

    state: str
    name: str
    reason: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Sync:
    """One event's work on the environment of one pull request. ``file`` is ephemeral.yaml's path in the repository.

    ``longest`` is how far ahead a comment may put the lease's end (the host policy's ``ttl``).
    """

    context: Context
    rules: Rules
    audience: Audience
    load: Load
    progress: Progress
    workspace: Path
    report: Path
    file: str = ""
    variant: str = ""
    longest: timedelta | None = None
    deployments: "Deployments | None" = None

    @property
    def name(self) -> str:
        """The environment's name."""
        return environment_name(self.context, self.variant)

    def apply(self, decision: Decision) -> Outcome:
        """Do what was decided. Raises the classes of ephemeral.errors; the failure has been told by then."""
        match decision.verb:
            case "up":
                return self.up()
            case "down":
                return self.down(decision.reason)
            case "extend":
                return self.extend(decision)
            case "promote" | "abort" as verb:
                return self.end_preview(verb, decision.reason)
            case _:
                return self._skip(decision.reason)

    def up(self) -> Outcome:
        """Create or update the environment, unless the pull request as it is now allows none; then its preview."""
        found = self._look()
        if objection := self._objection(found):
            return self._skip(objection)
        # A comment's event has no commit: it is the head at this moment, and stays that.
        pinned = replace(self, context=replace(self.context, sha=found.head_sha))
        timeline = Timeline(self.progress)
        with pinned._telling_failure(timeline), pinned._spec(found) as spec:  # noqa: SLF001 - the same class
            return pinned._create(spec, timeline)  # noqa: SLF001

    @contextmanager
    def _spec(self, found: PullRequest) -> Iterator[Spec]:
        """What the pull request asks for; its files are there while the body runs."""
        context, forge = self.context, self.audience.forge

        def read(tree: Path) -> Spec:
            return spec_of_pull_request(
                self.load,
                context=context,
                found=found,
                forge=forge,
                tree=tree,
                workspace=self.workspace,
                file=self.file,
            )

        os.environ.update({BASE_SHA: context.base_sha, HEAD_SHA: context.sha})
        with files_at(context.sha, context.number, self.workspace, context.forge) as tree:
            spec = read(tree)
            if spec.preview and (base := deployed(context, found, self.audience)):
                os.environ[BASE_SHA] = base
                spec = read(tree)
            yield replace(spec, name=self.name)

    def _create(self, spec: Spec, timeline: Timeline) -> Outcome:
        self.audience.tell(self._page("building"))
        # Images may have been built since the event came: it may be closed by now, or pushed to again.
        if objection := self._objection(self._look()):
            return self._give_up(objection)
        abort_earlier(self.name)
        with self._deploying() as deployment:
            environment = environments.up(
                spec, owner=self.context.owner, detach=True, report=self.report, progress=timeline
            )
            deployment.update(environment.urls())
        if not self._look().is_open:  # closed while it was made: the closing run may have found nothing to remove
            return self.down("the pull request was closed meanwhile")
        verdict, plot = {}, ""
        if spec.preview:
            records = self.report / self.name / "preview"
            verdict = verdict_of(environment.preview(spec.preview).start(records=records))
            plot = draw(records, self.name)
        return self._ready("ready", "it runs", environment, timeline, verdict, plot)

    def end_preview(self, verb: Literal["promote", "abort"], reason: str) -> Outcome:
        """Promote or abort the preview that is under way. Raises PreviewError when there is none."""
        found = self._look()
        try:
            environment = environments.attach(self.name)
        except NoEnvironmentError:
            return self._skip(f"there is no environment whose preview could {verb}")
        pinned = replace(self, context=replace(self.context, sha=found.head_sha))
        with pinned._telling_failure(environment.timeline), pinned._spec(found) as spec:  # noqa: SLF001 - the same class
            preview = environment.preview(spec.preview)
            state = preview.promote() if verb == "promote" else preview.abort()
        return self._ready(f"{verb}d" if verb == "promote" else "aborted", reason, environment, None, verdict_of(state))

    def _ready(
        self,
        state: str,
        reason: str,
        environment: "Environment",
        timeline: Timeline | None,
        verdict: dict[str, str],
        plot: str = "",
    ) -> Outcome:
        page = replace(self._page("ready", reason="" if state == "ready" else reason), preview=verdict, plot=plot)
        self.audience.tell(with_facts(page, environment, timeline))
        return self._outcome(state, reason, {**environment.describe(), "urls": environment.urls(), **verdict})

    def _give_up(self, objection: str) -> Outcome:
        return self._skip(objection) if self._look().is_open else self.down(objection)

    def down(self, reason: str) -> Outcome:
        """Remove the environment; what isn't there counts as removed. Needs no file of the repository."""
        was_there = environments.down(self.name)
        with self._warning():
            if self.deployments:
                self.deployments.remove()
        self.audience.tell(self._page("removed", reason=reason))
        return self._outcome("removed", reason if was_there else f"{reason}; there was none")

    def extend(self, decision: Decision) -> Outcome:
        """Let the environment live at least that long from now."""
        if self.longest and decision.by > self.longest:
            return self._skip(f"{decision.reason}, but the host policy allows {format_duration(self.longest)}")
        try:
            environment = environments.attach(self.name)
        except NoEnvironmentError:
            return self._skip("there is no environment to extend")
        environment.extend(decision.by)
        page = self._page("ready", reason=decision.reason)
        self.audience.tell(with_facts(page, environment, environment.timeline))
        return self._outcome("extended", decision.reason, environment.describe())

    def _skip(self, reason: str) -> Outcome:
        self.audience.notice(reason, title="no environment")
        return self._outcome("skipped", reason)

    def _look(self) -> PullRequest:
        """The pull request as it is now; without a token, as the event has it."""
        if self.audience.forge:
            return self.audience.forge.pull_request(self.context.number)
        return as_event_has_it(self.context)

    def _objection(self, found: PullRequest) -> str:
        forge, label = self.audience.forge, self.rules.label
        labelled = forge.labelled_at(found.number, label) if forge and label and found.is_fork else None
        return object_to(found, self.context, self.rules, labelled)

    @contextmanager
    def _telling_failure(self, timeline: Timeline) -> Iterator[None]:
        try:
            yield
        except EphemeralError as error:
            page = self._page("failed", error=error.message, hint=error.hint or "")
            environment = None
            with suppress(EphemeralError):  # its app may have failed only
                environment = environments.attach(self.name)
            self.audience.tell(with_facts(page, environment, timeline))
            raise

    @contextmanager
    def _deploying(self) -> Iterator[dict[str, str]]:
        """Keep GitHub's deployment while the body runs, which fills in the URLs."""
        urls: dict[str, str] = {}
        number = 0
        with self._warning():
            number = self.deployments.start(self.context.sha, self.context.run_url) if self.deployments else 0
        succeeded = False
        try:
            yield urls
            succeeded = True
        finally:
            with self._warning():
                if self.deployments and number:
                    url = next(iter(urls.values()), "")
                    self.deployments.finish(number, succeeded=succeeded, run_url=self.context.run_url, url=url)

    @contextmanager
    def _warning(self) -> Iterator[None]:
        """What the forge refuses here is said, and fails nothing."""
        try:
            yield
        except ForgeError as error:
            self.audience.warn(f"{error.message} {error.hint or ''}")

    def _page(self, state: State, *, reason: str = "", error: str = "", hint: str = "") -> Page:
        return Page(
            state=state,
            name=self.name,
            reason=reason,
            commit=self.context.sha,
            run_url=self.context.run_url,
            error=error,
            hint=hint,
            has_commands=self.context.forge == "github",
        )

    def _outcome(self, state: str, reason: str, facts: dict[str, Any] | None = None) -> Outcome:
        return Outcome(state=state, name=self.name, reason=reason, facts=facts or {})
