"""`ephemeral pr`: the life of a pull request's environment, from the event that started this run."""

import os
import sys
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ephemeral.cli.forge import audience_of, rule_options, run_context
from ephemeral.cli.handover import dotenv_option, write_dotenv
from ephemeral.cli.options import load_spec, spec_options
from ephemeral.cli.output import output_option, report_option, show, show_table
from ephemeral.cli.recording import junit_option, recording

if TYPE_CHECKING:
    from ephemeral.forges.context import Context
    from ephemeral.forges.forge import Forge
    from ephemeral.forges.rules import Rules
    from ephemeral.spec.document import Document
    from ephemeral.spec.load import Loaded


@click.group()
def pr() -> None:
    """Keep the environment of a pull request in step with it, on GitHub and GitLab."""


@pr.command()
@click.option("--variant", default="", envvar="EPHEMERAL_VARIANT", show_envvar=True, help="As for `pr sync`.")
def name(variant: str) -> None:
    """Print the name of the environment of this run's pull request, or branch."""
    from ephemeral.forges.names import environment_name

    click.echo(environment_name(run_context(), variant))


@pr.command()
@rule_options
@click.option(
    "--variant",
    default="",
    envvar="EPHEMERAL_VARIANT",
    show_envvar=True,
    help="Tells apart several environments of one pull request.",
)
@click.option(
    "--deployments/--no-deployments",
    default=False,
    envvar="EPHEMERAL_DEPLOYMENTS",
    show_envvar=True,
    help="Keep GitHub's deployments too.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(["neutral", "fail"]),
    default="neutral",
    envvar="EPHEMERAL_INCONCLUSIVE",
    show_envvar=True,
    show_default=True,
    help="Whether a preview without a clear verdict fails the run (exit code 3).",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; change nothing.")
@spec_options
@report_option
@junit_option
@dotenv_option
@output_option
def sync(
    *,
    label: str,
    drafts: bool,
    variant: str,
    deployments: bool,
    inconclusive: str,
    dry_run: bool,
    report: Path,
    junit: Path | None,
    dotenv: Path | None,
    output: str,
    **options: Any,
) -> None:
    """Do what the event asks for: up and deploy, down, extend, or compare all environments with their pull requests.

    Opened, pushed to, labelled: the environment is made or updated, and a comment says where it is. Closed, label gone:
    it is removed. On a schedule, every environment of this repository is held against its pull request. Comments
    `/ephemeral up`, `down`, `extend 4h`, `promote` and `abort` count from whoever may write to the repository.

    With `preview:`, what the base branch has deployed last is compared with the pull request; a fail is exit code 1.

    The token is read from GITHUB_TOKEN or GITLAB_TOKEN. `cluster`, `isolation`, `env` and `preview` (but for its
    candidate) are what the base branch's ephemeral.yaml says.
    """
    from ephemeral.clusters.where import PROVIDER
    from ephemeral.forges.rules import Rules
    from ephemeral.forges.triage import triage

    # By its name alone it is looked for on the host, whether variables say which host that is or kubectl's rules do.
    os.environ.setdefault(PROVIDER, "vcluster")
    audience = audience_of(run_context())
    rules = Rules(label=label, drafts=drafts)
    context, decision = triage(audience, rules)
    if decision.verb == "reconcile":
        _reconcile(context, audience.forge, rules, dry_run=dry_run, output=output)
        return
    if dry_run:
        show({"would": decision.verb, "reason": decision.reason}, output)
        return
    from ephemeral.cli.progress import open_progress
    from ephemeral.forges.sync import Sync
    from ephemeral.forges.telling import Audience
    from ephemeral.reports.timeline import Timeline

    with recording(junit) as record, open_progress() as shown:
        record.timeline = Timeline(shown)
        work = Sync(
            context=context,
            rules=rules,
            audience=Audience(context=context, forge=audience.forge),
            load=_loader(options),
            progress=record.timeline,
            workspace=Path.cwd(),
            report=report,
            file=str(options["file"] or ""),
            variant=variant,
            longest=_longest(options["policy"]),
            deployments=_deployments(context, audience.forge) if deployments else None,
        )
        record.name = work.name
        outcome = work.apply(decision)
        if dotenv:
            is_there = outcome.state in ("ready", "extended")
            write_dotenv(dotenv, work.name if is_there else "", outcome.facts.get("urls", {}))
    result = {"state": outcome.state, "name": outcome.name, "reason": outcome.reason}
    show({**result, **outcome.facts, **result}, output)  # the cluster has a state of its own: what came of it counts
    sys.exit(_exit_code(outcome.facts.get("verdict", ""), strict=inconclusive == "fail"))


def _exit_code(verdict: str, *, strict: bool) -> int:
    return 1 if verdict == "fail" else 3 if verdict == "inconclusive" and strict else 0


def _reconcile(context: "Context", forge: "Forge | None", rules: "Rules", *, dry_run: bool, output: str) -> None:
    from ephemeral.forges.reconcile import reconcile
    from ephemeral.forges.telling import needed

    found = [asdict(each) for each in reconcile(context, needed(forge, context), rules, dry_run=dry_run)]
    show_table(found, ("name", "pull_request", "reason", "error"), output, empty="Nothing to reclaim.")
    if any(each["error"] for each in found):
        sys.exit(1)


def _loader(options: dict[str, Any]) -> Any:
    def load(path: Path | None, base: "Document") -> "Loaded":
        return load_spec(**{**options, "file": path}, base=base)

    return load


def _longest(policy: Path | None) -> timedelta | None:
    if not policy:
        return None
    from ephemeral.spec.durations import parse_duration
    from ephemeral.spec.host_policy import load_host_policy

    ttl = load_host_policy(policy).policy.ttl
    return parse_duration(ttl) if ttl else None


def _deployments(context: "Context", forge: "Forge | None") -> Any:
    from ephemeral.forges.github.client import GitHub
    from ephemeral.forges.github.deployments import Deployments

    return Deployments(forge, context.number) if isinstance(forge, GitHub) else None
