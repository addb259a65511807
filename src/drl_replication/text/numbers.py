"""How numbers are worded, for tables, verdict and report alike."""

import math
from collections.abc import Iterable

DECIMALS = 3  # of the paper's tables
MOST = 6  # of a number that would be 0 with fewer
NONE = "–"


def digits(value: float, sign: str = "", decimals: int = DECIMALS) -> str:
    """A number as the tables show it: a real minus, no sign of a zero, a dash for none."""
    if math.isnan(value):
        return NONE
    rounded = round(float(value), decimals) + 0.0  # no minus zero
    return f"{rounded:{sign if rounded else ''}.{decimals}f}".replace("-", "−")


def p_value(p: float) -> str:
    """`p = 0.021`, or `p < 0.001`: none is 0."""
    least = 10.0**-DECIMALS
    return f"p < {digits(least)}" if p < least else f"p = {digits(p)}"


def shortest(value: float) -> str:
    """As few digits as it has, up to six, with a real minus."""
    return f"{value:g}".replace("-", "−")


def with_std(mean: float, std: float) -> str:
    """`0.850 ± 0.012`, without what is NaN."""
    return digits(mean) if math.isnan(std) else f"{digits(mean)} ± {digits(std)}"


def interval(low: float, high: float, sign: str = "", decimals: int = DECIMALS) -> str:
    """`[0.840, 0.860]`; a dash for none. An end beside 0 has the digits that tell its side."""
    if math.isnan(low):
        return NONE
    low_text, high_text = (
        digits(end, sign, next((n for n in range(decimals, MOST + 1) if round(end, n)), decimals))
        for end in (low, high)
    )
    return f"[{low_text}, {high_text}]"


def with_interval(value: float, low: float, high: float, sign: str = "") -> str:
    """`0.850 [0.840, 0.860]`."""
    return f"{digits(value, sign)} {interval(low, high)}"


def count(numbers: Iterable[int]) -> str:
    """`n = 3`, or `n = 3 to 10` where they differ."""
    found = [int(n) for n in numbers]
    low, high = min(found), max(found)
    return f"n = {low}" + (f" to {high}" if high > low else "")


def listed(names: Iterable[str]) -> str:
    """`A, B and C`; `none` if there are none."""
    names = list(names)
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]])) or "none"
