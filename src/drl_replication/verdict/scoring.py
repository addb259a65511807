"""The rule of the verdict for one printed number."""

import math
from dataclasses import dataclass

REPRODUCED, DIFFERS, INCONCLUSIVE = "reproduced", "differs", "inconclusive"
NOT_RUN, NOT_COMPARABLE, NOT_SCORED = "not run", "not comparable", "not scored"
VERDICTS = (REPRODUCED, DIFFERS, INCONCLUSIVE, NOT_RUN, NOT_COMPARABLE, NOT_SCORED)

ACCURACY_MARGIN, CORRELATION_MARGIN, TIME_MARGIN = 0.02, 0.2, 0.25
ROUNDING = 1e-9  # 0.52 - 0.50 is a hair more than 0.02
NO_INTERVAL = (math.nan, math.nan)


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

    def judged(self, interval: tuple[float, float], reason: str = "") -> "Row":
        """With the verdict by the 90 % `interval` of (ours - paper), NaN where there is none."""
        self.difference = self.ours - self.printed
        self.low, self.high = interval
        self.verdict, self.reason = judge(*interval, self.margin), reason
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
