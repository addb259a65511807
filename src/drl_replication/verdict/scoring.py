"""The rules of the verdict for one printed number: every bound, and how a number meets it."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from drl_replication.measures.statistics import (
    Parts,
    detectable,
    half_width,
    interval_around,
    ratio_interval,
    runs_to_decide,
)
from drl_replication.text.notes import ENOUGH

REPRODUCED, DIFFERS, INCONCLUSIVE = "reproduced", "differs", "inconclusive"
NOT_RUN, NOT_COMPARABLE, NOT_SCORED = "not run", "not comparable", "not scored"
VERDICTS = (REPRODUCED, DIFFERS, INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE, NOT_SCORED)
SCORED = (REPRODUCED, DIFFERS, INCONCLUSIVE)

CONFIDENCE = 0.9  # of the interval of (ours - paper)
ACCURACY_MARGIN = 0.02  # of Tables 1-3 and Figure 2's accuracies
RANGE_SHARE = 0.5  # Table 3: at most this part of the printed range of the column
CORRELATION_MARGIN = 0.2
TIME_MARGIN = 0.25  # of the printed ratio to ER
DEVIATION_FACTOR = 2.0  # between two standard deviations
PRINTED_ROUNDING = 0.0005  # of a printed deviation
ROUNDING = 1e-9  # 0.52 - 0.50 is a hair more than 0.02
NO_INTERVAL = (math.nan, math.nan)

PartsOfRuns = Callable[[int], Parts]  # of the error, by our number of runs


@dataclass
class Row:
    """A printed number and ours; the fields are the columns of the verdict."""

    source: str
    benchmark: str
    method: str
    quantity: str
    printed: float
    printed_std: float = math.nan
    ours: float = math.nan
    ours_std: float = math.nan
    n: int = 0  # finished runs behind our number
    difference: float = math.nan
    low: float = math.nan
    high: float = math.nan
    margin: float = math.nan
    verdict: str = ""
    reason: str = ""
    provisional: bool = False  # too few runs to be counted
    detectable: float = math.nan  # if inconclusive: the smallest difference shown 4 times of 5
    runs_to_decide: float = math.nan  # if inconclusive: the fewest, if nothing moves
    std_ratio: float = math.nan  # of our deviation to the printed one
    std_low: float = math.nan
    std_high: float = math.nan
    std_verdict: str = ""

    def judged(self, interval: tuple[float, float], reason: str = "") -> "Row":
        """With the verdict by the 90 % `interval` of (ours - paper), NaN where there is none."""
        self.difference = self.ours - self.printed
        self.low, self.high = interval
        self.verdict, self.reason = judge(*interval, self.margin), reason
        self.provisional = 0 < self.n < ENOUGH
        return self

    def judged_by(self, parts: PartsOfRuns, reason: str = "") -> "Row":
        """The same by the parts of the error of (ours - paper)."""
        now = parts(self.n)
        self.judged(interval_around(self.ours - self.printed, now, CONFIDENCE), reason)
        if self.verdict == INCONCLUSIVE:
            self.detectable = self.margin + detectable(now, CONFIDENCE)
            distance = abs(abs(self.difference) - self.margin)
            self.runs_to_decide = runs_to_decide(distance, parts, CONFIDENCE)
        return self

    def judged_alone(self, interval: tuple[float, float], reason: str = "") -> "Row":
        """The same where only ours varies, so that the interval shrinks with the root of n."""
        self.judged(interval, reason)
        if self.verdict == INCONCLUSIVE and not math.isnan(self.low):
            half, freedom = (self.high - self.low) / 2, self.n - 1
            one = half / half_width([(1, freedom)], CONFIDENCE)  # standard error
            now = [(one**2, freedom)]
            self.detectable = self.margin + detectable(now, CONFIDENCE)
            distance = abs(abs((self.high + self.low) / 2) - self.margin)
            self.runs_to_decide = runs_to_decide(
                distance, lambda n: [(one**2 * self.n / n, n - 1)], CONFIDENCE
            )
        return self

    def with_deviations(self, printed_n: int) -> "Row":
        """With the verdict on the ratio of deviations, by its F interval.

        The printed deviation is rounded, and could be up to half a digit more or less.
        """
        if self.n < 2 or self.verdict not in SCORED:
            return self
        self.std_ratio = self.ours_std / self.printed_std if self.printed_std else math.inf
        ends = [
            ratio_interval(self.ours_std, self.n, max(0, std), printed_n, CONFIDENCE)[end]
            for end, std in enumerate(
                (self.printed_std + PRINTED_ROUNDING, self.printed_std - PRINTED_ROUNDING)
            )
        ]
        self.std_low, self.std_high = ends
        logs = [math.log(end, DEVIATION_FACTOR) if end > 0 else -math.inf for end in ends]
        self.std_verdict = judge(logs[0], logs[1], 1)
        return self

    def closed(self, verdict: str, reason: str = "") -> "Row":
        """With a verdict for which the rule isn't asked."""
        self.verdict, self.reason = verdict, reason
        return self


def judge(low: float, high: float, margin: float) -> str:
    """Reproduced: the interval is inside ±margin; differs: wholly outside; else inconclusive.

    The ends of the margin belong to it: an interval that ends there is inside, one that begins
    there is not wholly outside. Without an interval (NaN): inconclusive.
    """
    if math.isnan(low) or math.isnan(high):
        return INCONCLUSIVE
    if -margin - ROUNDING <= low and high <= margin + ROUNDING:
        return REPRODUCED
    if low > margin + ROUNDING or high < -margin - ROUNDING:
        return DIFFERS
    return INCONCLUSIVE
