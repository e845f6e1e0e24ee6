"""From `checks` of ephemeral.yaml to what the judge is asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from ephemeral.errors import ProgramError, ToolError
from ephemeral.previews.judge import Check, ErrorRateCheck, Judge, LatencyCheck, Outcome, Row, Threshold, Verdict
from ephemeral.previews.load import LATE, LoadSummary
from ephemeral.process import describe_exit, run
from ephemeral.spec.amounts import parse_percent, parse_short
from ephemeral.spec.durations import parse_duration
from ephemeral.spec.preview_model import Metric, Preview, PreviewCheck

_DEFAULT = (PreviewCheck(compare="errors"), PreviewCheck(compare="p95"))
_WORSE_BY = {"errors": 0.02}
_SLOWER_BY = 0.1


def judge_of(preview: Preview) -> Judge:
    """The judge of a preview, without what commands decide."""
    return Judge(_questions(preview), alpha=parse_percent(preview.alpha), warm_up=preview.warm_up)


def lateness_row(preview: Preview, loads: Sequence[LoadSummary]) -> Row | None:
    """What withholds a pass of compared latencies: slow answers were slow in both arms, since they were asked late.

    None when the generator kept its rate well enough: late were fewer than half of those that the quantile leaves out.
    """
    quantiles = [each.quantile for each in _questions(preview) if isinstance(each, LatencyCheck)]
    late, sent = sum(each.late for each in loads), sum(each.sent for each in loads)
    if not quantiles or late <= sent * (1 - max(quantiles)) / 2:
        return None
    sentence = (
        f"{late} of {sent} requests were sent more than {LATE * 1000:g} ms late, the latest by "
        f"{max(each.latest for each in loads):.2f} s: this machine can't keep the rate, so latencies can't be compared."
    )
    return Row(check="load", outcome="inconclusive", sentence=sentence, alpha=0.0)


def command_rows(preview: Preview, env: Mapping[str, str]) -> list[Row]:
    """Run the commands among the checks, one after the other."""
    return [_run(check, env) for check in preview.checks if check.run]


def with_rows(verdict: Verdict, rows: Sequence[Row]) -> Verdict:
    """The verdict over the judge's rows and these: one that fails decides, then one that does not know."""
    if not rows:
        return verdict
    outcomes = [row.outcome for row in rows] + [verdict.outcome]
    if not verdict.rows:  # nothing was compared: the commands are all that was asked
        outcomes.remove(verdict.outcome)
    worst_first: tuple[Outcome, ...] = ("fail", "inconclusive")
    outcome: Outcome = next((each for each in worst_first if each in outcomes), "pass")
    sentence = verdict.sentence
    if outcome != verdict.outcome or not verdict.rows:
        sentence = " ".join(row.sentence for row in rows if row.outcome == outcome)
    return replace(verdict, outcome=outcome, sentence=sentence, rows=(*verdict.rows, *rows))


def command_row(name: str, command: Sequence[str], *, seconds: float, env: Mapping[str, str]) -> Row:
    """Run a command; its exit code is the outcome, its last words are in the sentence."""
    try:
        finished = run(command, timeout=seconds, env=env, check=False)
    except (ProgramError, ToolError) as error:
        return Row(check=name, outcome="fail", sentence=f"{name}: {error.message}", alpha=0.0)
    if finished.returncode == 0:
        return Row(check=name, outcome="pass", sentence=f"{name} exited with code 0.", alpha=0.0)
    words = (finished.stderr.strip() or finished.stdout.strip()).splitlines()
    last = f": {words[-1]}" if words else ""
    sentence = f"{name} {describe_exit(finished.returncode)}{last}."
    return Row(check=name, outcome="fail", sentence=sentence, alpha=0.0)


def _questions(preview: Preview) -> list[Check]:
    return [each for check in preview.checks or _DEFAULT if (each := _question(check))]


def _question(check: PreviewCheck) -> Check | None:
    if check.compare == "errors":
        increase = parse_percent(check.worse_by) if check.worse_by else _WORSE_BY["errors"]
        return ErrorRateCheck(max_increase=increase, name=check.name or "error rate")
    if check.compare:
        slower = parse_percent(check.worse_by) if check.worse_by else _SLOWER_BY
        return LatencyCheck(
            quantile=_quantile(check.compare),
            max_ratio=1 + slower,
            slack=parse_short(check.slack),
            name=check.name or f"{check.compare} latency",
        )
    if check.limit == "errors":
        return Threshold(
            metric="error-rate", maximum=parse_percent(check.at_most), name=check.name or "error rate limit"
        )
    if check.limit:
        return Threshold(
            metric="latency",
            maximum=parse_short(check.at_most),
            quantile=_quantile(check.limit),
            name=check.name or f"{check.limit} latency limit",
        )
    return None


def _quantile(metric: Metric) -> float:
    return int(metric.removeprefix("p")) / 100


def _run(check: PreviewCheck, env: Mapping[str, str]) -> Row:
    seconds = parse_duration(check.timeout).total_seconds()
    return command_row(check.name or " ".join(check.run), check.run, seconds=seconds, env=env)
