"""Do requests reach the candidate as often as the router was told? Else no comparison by shares holds."""

from math import log

from ephemeral.previews.judge.odds import Odds, log_mean_exp
from ephemeral.previews.judge.words import percent
from ephemeral.previews.observations import Request

#: How rarely a split that is as told may look as if it were not: far below the alphas of the checks.
ALPHA = 0.001


class Split:
    """Each request of known arm and share is a trial of whether it reached the candidate."""

    def __init__(self) -> None:
        self._odds = Odds()

    def add(self, request: Request) -> None:
        """Count the request."""
        if request.arm != "unknown" and request.share is not None:
            self._odds.add(request.share, yes=request.arm == "candidate")

    def complaint(self) -> str | None:
        """Say what is wrong with the split; None while it may be as told."""
        if log_mean_exp([self._odds.log_more(), self._odds.log_less()]) < -log(ALPHA):
            return None
        requests = sum(sum(counts) for counts in self._odds.counts.values())
        seen = sum(ayes for ayes, _ in self._odds.counts.values()) / requests
        told = sum(share * sum(counts) for share, counts in self._odds.counts.items()) / requests
        return f"the router sent {percent(seen)} of the requests to the candidate, not {percent(told)} as it was told"
