"""One cell of the performance matrix: counts that fade, and the sense that something changed. Pure.

An outcome is compared with what was expected of it, so that hard tasks don't make a model look
weak. Counts fade with time and with use; a second, quicker mean tells when the last few outcomes
no longer fit the many before.
"""

import math
from dataclasses import dataclass, replace

from routerd.policy.odds import sigmoid, within

HALF_LIFE_S = 30 * 86_400.0
# Answers that count at most: older ones make room.
WINDOW = 400.0
# Share of the newest outcome in the quick mean: about the last 20 answers.
QUICK = 0.05
# Standard errors between the quick mean and the long one that are taken for a change. In 5 000
# simulated requests without a change it is reached less than once (bench_drift).
ALARM = 3.0
FEWEST = 20.0
# A cumulative sum of log-likelihood ratios (Page's test) beside it, for what the quick mean is too
# short-sighted for: how much likelier the answers since some moment are from a model that is DRIFT logits
# worse, or better, than from one as it was believed to be. Chosen by simulation (design.md).
DRIFT = 1.0
PAGE_ALARM = 6.0
# What is left of the counts after a change, in answers: the quick mean lags, so what comes next
# must soon outweigh it.
LEFT = 8.0
# Weight of what was expected, in answers, against which a cell's own outcomes are counted.
PRIOR = 15.0
# Tasks of very different difficulty flatten a mean; its logits are stretched by this much at most.
MOST_STRETCH = 2.5


@dataclass(frozen=True, slots=True)
class Said:
    """What is said of one answer: how likely it was good, 0..1, and how much that counts, 0..1."""

    value: float = 0.0
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class Cell:
    """Weighted counts of answers: `tried`, those that went `well`, and how many were `expected` to.

    `slope` sums expected (1 - expected): how much such answers tell of ability. `quick` is the running mean
    of (outcome - expectation) over `quick_tried` answers; `worse` and `better` are Page's sums, at least 0.
    Times are seconds since 1970.
    """

    tried: float = 0.0
    well: float = 0.0
    expected: float = 0.0
    slope: float = 0.0
    quick: float = 0.0
    quick_tried: float = 0.0
    worse: float = 0.0
    better: float = 0.0
    at_unix_s: float = 0.0
    changed_unix_s: float = -math.inf

    def faded(self, now_s: float) -> "Cell":
        """Return the counts as they are worth at `now_s`."""
        kept = 0.5 ** (max(0.0, now_s - self.at_unix_s) / HALF_LIFE_S) if self.tried else 1.0
        return self._scaled(kept, max(now_s, self.at_unix_s))

    def _scaled(self, kept: float, at_s: float) -> "Cell":
        return replace(
            self,
            tried=self.tried * kept,
            well=self.well * kept,
            expected=self.expected * kept,
            slope=self.slope * kept,
            at_unix_s=at_s,
        )

    def after(self, said: "Said", expected: float, now_s: float) -> "Cell":
        """Return the cell after one more answer; `expected` 0..1."""
        value, expected = within(said.value, otherwise=0.5), within(expected, otherwise=0.5)
        weight = within(said.weight)
        cell = self.faded(now_s)
        room = max(0.0, WINDOW - weight)
        if cell.tried > room:
            cell = cell._scaled(room / cell.tried, cell.at_unix_s)
        step = weight * max(QUICK, 1.0 / (cell.quick_tried + 1.0))
        worse, better = cell._page(Said(), Said(value, weight), expected)
        grown = replace(
            cell,
            tried=cell.tried + weight,
            well=cell.well + weight * value,
            expected=cell.expected + weight * expected,
            slope=cell.slope + weight * expected * (1.0 - expected),
            quick=cell.quick + step * (value - expected - cell.quick),
            quick_tried=cell.quick_tried + weight,
            worse=worse,
            better=better,
        )
        return grown.started_anew(now_s) if grown.has_changed else grown

    def corrected(self, old: "Said", new: "Said", expected: float) -> "Cell":
        """Return the cell where an answer already counted as `old` turned out to be `new`."""
        more = new.weight - old.weight
        tried = max(0.0, self.tried + more)
        gained = new.weight * new.value - old.weight * old.value
        step = max(QUICK, 1.0 / (self.quick_tried + 1.0))
        worse, better = self._page(old, new, expected)
        return replace(
            self,
            tried=tried,
            well=min(tried, max(0.0, self.well + gained)),
            expected=min(tried, max(0.0, self.expected + more * expected)),
            slope=max(0.0, self.slope + more * expected * (1.0 - expected)),
            quick=self.quick + step * (gained - more * (expected + self.quick)),
            quick_tried=max(0.0, self.quick_tried + more),
            worse=worse,
            better=better,
        )

    def _page(self, old: Said, new: Said, expected: float) -> tuple[float, float]:
        """Return Page's sums after an answer, or after it turned out to be `new` instead of `old`."""
        if self.tried < FEWEST:
            return 0.0, 0.0
        mean = min(0.995, max(0.005, expected))
        believed = math.log(mean / (1.0 - mean)) + self.shift()
        won = new.weight * new.value - old.weight * old.value
        lost = new.weight * (1.0 - new.value) - old.weight * (1.0 - old.value)
        here = sigmoid(believed)
        sums = []
        for before, drift in ((self.worse, -DRIFT), (self.better, DRIFT)):
            there = sigmoid(believed + drift)
            ratio = won * math.log(there / here) + lost * math.log((1.0 - there) / (1.0 - here))
            sums.append(max(0.0, before + ratio))
        return sums[0], sums[1]

    @property
    def has_changed(self) -> bool:
        """Whether the last answers are too far from the many before to be chance."""
        if self.tried < FEWEST or self.quick_tried < FEWEST:
            return False
        if max(self.worse, self.better) > PAGE_ALARM:
            return True
        rate = min(0.9, max(0.1, self.well / self.tried))
        error = math.sqrt(rate * (1.0 - rate) * (QUICK / (2.0 - QUICK) + 1.0 / self.tried))
        long = (self.well - self.expected) / self.tried
        return abs(self.quick - long) > ALARM * error

    def started_anew(self, now_s: float) -> "Cell":
        """Return the cell with what the last answers say of it, and little else."""
        left = min(LEFT, self.tried)
        share = left / self.tried if self.tried else 0.0
        expected = share * self.expected
        well = min(left, max(0.0, expected + left * self.quick))
        return replace(
            self,
            tried=left,
            well=well,
            expected=expected,
            slope=share * self.slope,
            quick_tried=left,
            worse=0.0,
            better=0.0,
            changed_unix_s=now_s,
        )

    @property
    def beta(self) -> tuple[float, float]:
        """The posterior of the rate of success as Beta(a, b), from a flat prior."""
        return 1.0 + self.well, 1.0 + max(0.0, self.tried - self.well)

    def shift(self, above: float = 0.0) -> float:
        """Return logits by which it does better than expected, shrunk to `above` (logits)."""
        if self.tried <= 0.0:
            return above
        mean = min(0.995, max(0.005, self.expected / self.tried))
        base = math.log(mean / (1.0 - mean))
        stretch = self._stretch(mean)
        leaning = 1.0 / (1.0 + math.exp(-(base + above / stretch)))
        rate = (self.well + PRIOR * leaning) / (self.tried + PRIOR)
        rate = min(0.995, max(0.005, rate))
        return stretch * (math.log(rate / (1.0 - rate)) - base)

    def _stretch(self, mean: float) -> float:
        """Return logits of ability for one logit of the mean: 1 where all tasks are alike."""
        slope = self.slope / self.tried
        return min(MOST_STRETCH, max(1.0, mean * (1.0 - mean) / max(slope, 1e-6)))
