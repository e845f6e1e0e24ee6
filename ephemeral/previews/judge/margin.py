"""Sequential evidence that the candidate's rate exceeds the baseline's by less than a margin.

Each request that fails counts 1/share for the candidate and -1/(1 - share) against the baseline, all others 0: its
expectation is the difference of the two rates at that moment, however both drift. Against "the difference is the margin
or more" bets are laid whose stake can't be expected to grow while that is true (Waudby-Smith and Ramdas 2024).
"""

from math import log, log1p

from ephemeral.previews.judge.odds import log_mean_exp
from ephemeral.previews.judge.search import first_true

#: Parts of the stake that are laid on each request: much suits rare errors, little suits frequent ones.
STAKES = (0.03, 0.1, 0.2, 0.4, 0.7, 0.95)
_SMALLEST, _LARGEST = 1e-6, 1 - 1e-6


class Margin:
    """How often each arm failed, per share; the counts are all that the evidence needs."""

    def __init__(self) -> None:
        self.counts: dict[float, tuple[int, int, int]] = {}

    def add(self, share: float, *, candidate: bool, failed: bool) -> None:
        """Count a request that reached the candidate with probability ``share``; at 0 and 1 it compares nothing."""
        if not 0.0 < share < 1.0:
            return
        fine, of_candidate, of_baseline = self.counts.get(share, (0, 0, 0))
        if not failed:
            fine += 1
        elif candidate:
            of_candidate += 1
        else:
            of_baseline += 1
        self.counts[share] = (fine, of_candidate, of_baseline)

    def log_within(self, margin: float, *, scale: float = 1.0) -> float:
        """Natural logarithm of the evidence that the candidate's rate is less than ``margin`` (0..1) above.

        ``scale`` asks what it would be with that many times as many requests.
        """
        return log_mean_exp([scale * self._log_stake(part, margin) for part in STAKES])

    def high(self, alpha: float) -> float:
        """Give the smallest margin that the difference stays below with confidence 1 - alpha; 1 if none."""
        enough = -log(alpha)
        bound = first_true(lambda margin: self.log_within(margin) >= enough, _SMALLEST, _LARGEST)
        return 1.0 if bound is None else bound

    def _log_stake(self, part: float, margin: float) -> float:
        total = 0.0
        for share, (fine, of_candidate, of_baseline) in self.counts.items():
            bet = part / (1 / share - margin)
            total += fine * log1p(bet * margin)
            total += of_candidate * log1p(-part)
            total += of_baseline * log1p(bet * (margin + 1 / (1 - share)))
        return total
