"""Sequential evidence about odds: the one engine behind every check.

A trial says yes with a chance that is known if nothing is wrong: an error comes from the candidate as often as
requests do, a request of an app with one error in a hundred fails once in a hundred. ``ratio`` is by what the true odds
differ from that. Against each ratio stands a bet, spread over ratios further away; if the ratio is true (or still
further on the other side) no way of watching makes the bet's stake grow above 1 / alpha with a chance above alpha: it
is a test martingale, valid at every moment and however the chances change (Ville; Lindon and Malek 2022).
"""

from math import exp, inf, log

from ephemeral.previews.judge.search import first_true

#: How much further away the bets lie, in odds; from subtle to glaring, each with an equal part of the stake.
BETS = (1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
_EXTREME = 1e6


class Odds:
    """How often trials of known chances said yes; the counts per chance are all that the evidence needs."""

    def __init__(self) -> None:
        self.counts: dict[float, tuple[int, int]] = {}

    def add(self, chance: float, *, yes: bool) -> None:
        """Count a trial whose chance of yes is ``chance`` (0..1); at 0 and 1 it says nothing and is left out."""
        if not 0.0 < chance < 1.0:
            return
        ayes, noes = self.counts.get(chance, (0, 0))
        self.counts[chance] = (ayes + yes, noes + (not yes))

    def log_more(self, *, ratio: float = 1.0, scale: float = 1.0) -> float:
        """Natural logarithm of the evidence that the odds are more than ``ratio`` times the known ones.

        ``scale`` asks what it would be with that many times as many trials.
        """
        return self._log_evidence(BETS, ratio, scale)

    def log_less(self, *, ratio: float = 1.0, scale: float = 1.0) -> float:
        """Like ``log_more``, for less."""
        return self._log_evidence(tuple(1 / bet for bet in BETS), ratio, scale)

    def low(self, alpha: float) -> float:
        """Give the largest ratio that the true one exceeds with confidence 1 - alpha, at every moment; 0 if none."""
        enough = -log(alpha)
        bound = first_true(lambda ratio: self.log_more(ratio=ratio) < enough, 1 / _EXTREME, _EXTREME)
        return 0.0 if bound is None or bound <= 1 / _EXTREME else bound

    def high(self, alpha: float) -> float:
        """Give the smallest ratio that the true one stays below with confidence 1 - alpha; infinity if none."""
        enough = -log(alpha)
        bound = first_true(lambda ratio: self.log_less(ratio=ratio) >= enough, 1 / _EXTREME, _EXTREME)
        return inf if bound is None else bound

    def _log_evidence(self, bets: tuple[float, ...], ratio: float, scale: float) -> float:
        return log_mean_exp([scale * self._log_likelihood_ratio(bet, ratio) for bet in bets])

    def _log_likelihood_ratio(self, bet: float, ratio: float) -> float:
        log_bet = log(bet)
        total = 0.0
        for chance, (ayes, noes) in self.counts.items():
            there, here = chance * ratio * bet + 1 - chance, chance * ratio + 1 - chance
            total += ayes * log_bet - (ayes + noes) * log(there / here)
        return total


def log_mean_exp(logs: list[float]) -> float:
    """Logarithm of the mean of the numbers whose logarithms these are."""
    top = max(logs)
    return top + log(sum(exp(one - top) for one in logs) / len(logs))
