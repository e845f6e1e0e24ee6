"""The judge: is the candidate worse than the baseline? May be asked after every request."""

from ephemeral.previews.judge.checks import Check, ErrorRateCheck, LatencyCheck, Threshold
from ephemeral.previews.judge.judge import Judge
from ephemeral.previews.judge.verdict import Outcome, Row, Verdict

__all__ = ["Check", "ErrorRateCheck", "Judge", "LatencyCheck", "Outcome", "Row", "Threshold", "Verdict"]
