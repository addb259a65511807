"""The rules of the verdict in words, made from the bounds of `scoring`."""

from drl_replication.measures.statistics import POWER
from drl_replication.tables.comparisons import MULTIPLICITY
from drl_replication.text.notes import ENOUGH
from drl_replication.verdict.scoring import (
    ACCURACY_MARGIN,
    CONFIDENCE,
    CORRELATION_MARGIN,
    DEVIATION_FACTOR,
    RANGE_SHARE,
    TIME_MARGIN,
)


def _percent(share: float) -> str:
    return f"{100 * share:g} %"


DEPENDENCE = (
    "Tables 1, 2 and 3 are three views of the same runs, tied by accuracy + (T−1)/T forgetting + "
    "intransigence = mean a* but for what tasks gain later, and the cells of a column share their "
    "seeds: what is counted here is not independent, and no sum over the three tables has an "
    "error rate. Table 3 is nearly what Tables 1 and 2 leave."
)
RULE = (
    f"The rule: the {_percent(CONFIDENCE)} interval of (ours − paper) lies inside the margin: "
    "reproduced; wholly outside: differs; else: inconclusive. The margin is "
    f"±{ACCURACY_MARGIN} for Tables 1-3 and Figure 2's accuracies, for Table 3 also at most "
    f"{_percent(RANGE_SHARE)} of the printed range of the column; ±{CORRELATION_MARGIN} for "
    f"correlations; ±{_percent(TIME_MARGIN)} of the printed ratio to ER for times."
)
INTERVALS = (
    "Intervals: Tables 1-3 from both standard deviations (Welch; the paper's of 10 runs), Table 3 "
    "also from how much a* varies when seeds are drawn again, ours and as much for the paper's (of "
    "more seeds than the paper's ten, a* is set to what ten of them have, so that ours here may be "
    "lower than in Table 3); "
    "correlations by leaving out seeds (jackknife); times and Figure 2 from ours alone (Student), "
    "times paired by seed, since the paper gives no deviation that could be used. Where only ours "
    "varies, the paper's own chance is not in the interval, so that it is too narrow."
)
OTHERS = (
    "Not run: the runs or the figure that it needs are not there. Not comparable: ours was "
    "measured with other settings than the paper's or on other data, or less of it, or a time on "
    "no machine that ER ran on with the same seed, or an intransigence whose a* is of fewer "
    "methods or seeds. Not scored: misprints, and the reference of a ratio. One seed has no "
    "interval, so that nothing "
    f"of it can be more than inconclusive. Provisional (‡): of fewer than {ENOUGH} runs, shown "
    "and not counted."
)
POWER_NOTE = (
    "Beside each inconclusive number: the smallest true difference from the paper that our "
    f"interval would show in {_percent(POWER)} of such studies, and the number of our runs that "
    "would decide, if mean and deviation stayed as they are (none: the paper's own deviation, or "
    "the distance from the margin, forbids it)."
)
DEVIATIONS = (
    "Deviations are compared on their own, since a wrong setting may show in them first: the "
    f"{_percent(CONFIDENCE)} F interval of ours over the paper's, whose rounding is counted in, "
    f"lies within a factor of {DEVIATION_FACTOR:g}: reproduced; wholly outside: differs; else: "
    "inconclusive. It takes the runs' values for normal."
)
OF_NUMBERS = (DEPENDENCE, RULE, INTERVALS, OTHERS, POWER_NOTE, MULTIPLICITY)

READ = (
    "Brackets are 95 % intervals, where a rule has no other; yes, no: the interval lies where the "
    "rule wants it, or wholly on the other side; open: neither. Pooled: over all runs; between: "
    "over the methods' means; within: over runs less the mean of their method."
)
CLAIMS = (
    f"A claim is judged on the benchmarks on which each method that it needs has {ENOUGH} finished "
    "runs; what else it would need is named as missing. ‡: provisional, by fewer runs. Same "
    f"verdict for: each threshold is varied alone, the others as chosen. {READ}"
)
ALPHA = (
    "Why DRL diverges at small alpha: where all samples of a class have one representation, "
    "L_bt + α L_wi is a quadratic form of the classes' vectors. In a balanced batch of 20 it has a "
    "negative eigenvalue for α below 1, 0.33, 0.22, 0.18 and 0.11 with 2, 4, 6, 8 and 10 classes "
    "if each sum is divided by its number of pairs (Eq. 3), and below 1.11, 1.25, 1.5, 2 and 2 if "
    "both are by B². Where h holds the logits, as the paper defines it, the objective is then "
    "unbounded below; hidden ReLU layers alone, all of whose products are 0 or more, are safe. (At "
    "any α samples of one class with opposite logits lower L_wi too, but for that the network has "
    "to tear a class apart.) "
    "Table 6's α = 2 on the MNIST benchmarks is the bound of division by B²."
)
