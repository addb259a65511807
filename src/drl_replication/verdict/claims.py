"""The paper's claims as a table: its sentence, what is measured, the rule, and the verdict."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pandas as pd

from drl_replication.paper.printed import benchmark_title
from drl_replication.verdict import claims_from_figures as figures
from drl_replication.verdict import claims_from_runs as runs
from drl_replication.verdict.comparability import incomparable_figure
from drl_replication.verdict.evidence import OPEN, Evidence, Judgement

ON_DATA = ("figure_2", "figure_3")
MOST = (
    "Holds: so on more than half of the five benchmarks. Does not hold: the benchmarks that are "
    "missing cannot change that it is so on half or fewer."
)


@dataclass(frozen=True)
class Claim:
    """A sentence of the paper, and how it is judged."""

    id: str
    sentence: str
    section: str
    source: str  # of the evidence: runs, or a figure
    rule: str
    judge: Callable[..., Judgement]  # of an `Evidence`, or of the summary of the figure


CLAIMS = (
    Claim(
        "drl_best",
        "Our method DRL is able to get a better trade-off between them and thus outperforms other "
        "methods over most benchmark tasks in terms of average accuracy.",
        "Sec. 5",
        "runs",
        f"DRL has the highest mean average accuracy, rounded as in Table 1. {MOST}",
        runs.drl_is_best,
    ),
    Claim(
        "metric_learning_good",
        "Multisimilarity and R-Margin both have shown relatively good performance, which indicate "
        "learning a better representation is a more efficient way than direct gradient "
        "re-projection.",
        "Sec. 5",
        "runs",
        "Each of the two has a mean average accuracy above the median of BER, ER, A-GEM and GSS, "
        f"the methods without a loss on representations. {MOST} Mixed: for one of the two.",
        runs.metric_learning_is_good,
    ),
    Claim(
        "forgetting_conflicts",
        "The forgetting and intransigence often conflict with each other which is the most common "
        "phenomenon in continual learning.",
        "Sec. 5",
        "runs",
        "The correlation of mean forgetting and mean intransigence over the seven methods is "
        "negative. (The three measures add up to nearly the same for all methods of a "
        "benchmark, so methods of like accuracy must trade one for the other; a sign, no test.) "
        f"{MOST}",
        runs.forgetting_conflicts_with_intransigence,
    ),
    Claim(
        "rho_accuracy",
        "The ρ-spectrum exhibits strong correlation with the average accuracy on all tasks except "
        "Split MNIST (Tab. 4).",
        "Sec. 5",
        "runs",
        "Strong: a pooled correlation of −0.5 or less whose 90 % interval lies below 0. Holds: on "
        "all four others and not on Split MNIST. Does not hold: on none of the others that can be "
        "judged, since the claim is of all of them.",
        runs.rho_goes_with_accuracy,
    ),
    Claim(
        "rho_split_mnist",
        "Regarding Split MNIST, the ρ-spectrum highly correlates with the average intransigence "
        "and consequently affect the average forgetting in an opposite direction.",
        "Sec. 5",
        "runs",
        "The pooled correlation with intransigence is 0.5 or more with a 90 % interval above 0, "
        "and the interval of that with forgetting lies below 0. Mixed: one of the two.",
        runs.rho_goes_with_intransigence_on_split_mnist,
    ),
    Claim(
        "representation_cheap",
        "All representation-based methods are much faster than gradient-based methods and close to "
        "the replay-based methods.",
        "Appx. D",
        "runs",
        "By Table 5's ratios to ER, of pairs on one machine, each of DRL, Multisimilarity and "
        "R-Margin takes at most half of A-GEM's, at most half of GSS's, and at most 1.5 times ER's "
        "and BER's. Holds: all three, on both benchmarks of Table 5. Does not hold: none of them.",
        runs.representation_losses_are_cheap,
    ),
    Claim(
        "alpha_saturates",
        "Fig. 3c demonstrates increasing α can effectively decrease ρ-spectrum to a low-value "
        "level; ρ keeps relatively stable when α is larger than a certain value.",
        "Sec. 3; Sec. 5",
        "figure_3",
        "The 95 % interval of rho at the largest alpha minus rho at the smallest (of those with "
        "two finished seeds), paired by seed, lies below 0, and the last step is at most a tenth "
        "of the whole change. Mixed: rho falls, but not less and less; the interval leaves it "
        "open; or it is otherwise without the alphas at which runs diverged.",
        figures.alpha_lowers_rho_and_saturates,
    ),
    Claim(
        "diverse_at_boundary",
        "It is clear from Fig. 1a that the samples in M̂ are mostly around the decision boundary "
        "between the two classes.",
        "Sec. 2.1",
        "figure_1",
        "The mean distance to the boundary of the selected samples, over that of all samples of "
        "task 1: its 95 % interval over repetitions lies below 1.",
        figures.diverse_gradients_sit_at_the_boundary,
    ),
    Claim(
        "random_beats_gss_iqp",
        "The random episodic memory shows better performance than the one selected by GSS-IQP, "
        "since the new decision boundaries rely on samples not included in M̂.",
        "Sec. 2.1",
        "figure_1",
        "Accuracy over all three classes after task 2, random minus GSS-IQP, with a memory of the "
        "size that is drawn: its 95 % interval over repetitions lies above 0, wherever the third "
        "class lies. Mixed: that depends on where.",
        figures.random_memory_beats_gss_iqp,
    ),
    Claim(
        "positive_pairs",
        "The similarities of gradients of orange dots are almost non-negative in both cases.",
        "Sec. 2.1",
        "figure_2",
        "The share of positive pairs whose gradients have a negative similarity: the upper end of "
        "its 90 % interval over seeds is at most 5 %, for both classifiers.",
        figures.positive_pairs_hardly_conflict,
    ),
    Claim(
        "negative_similarities",
        "In all cases, the similarities of representations show strong correlations with the "
        "similarities of gradients: blue dots.",
        "Sec. 2.1",
        "figure_2",
        "Blue dots (negative pairs): the 90 % interval of the correlation over seeds lies at or "
        "below −0.5, for both classifiers.",
        figures.negative_pairs_similarities_are_opposed,
    ),
    Claim(
        "positive_similarities",
        "In all cases, the similarities of representations show strong correlations with the "
        "similarities of gradients: orange dots.",
        "Sec. 2.1",
        "figure_2",
        "Orange dots (positive pairs): the 90 % interval of the correlation over seeds lies at or "
        "above 0.5, for both classifiers.",
        figures.positive_pairs_similarities_agree,
    ),
    Claim(
        "separable",
        "In addition, the blue and orange dots are perfectly separable on the y axis in Fig. 2b.",
        "Sec. 2.1",
        "figure_2",
        "Classes 0 and 1: for more than half of the seeds, every positive pair has a larger "
        "similarity of representations than every negative pair.",
        figures.zero_and_one_are_separable,
    ),
    Claim(
        "separable_accurate",
        "The classifier for class 7 and 9 has learnt less discriminative representations, "
        "resulting in lower test accuracy (96.25%).",
        "Sec. 2.1",
        "figure_2",
        "Test accuracy for {0, 1} minus that for {7, 9}, paired by seed: its 95 % interval lies "
        "above 0.",
        figures.separable_classes_have_higher_accuracy,
    ),
    Claim(
        "gss_small_rho",
        "We found that GSS often obtains a smaller ρ than other methods without getting a better "
        "performance.",
        "Sec. 5",
        "runs",
        "GSS's mean rho is below the median of the six other methods, and its mean accuracy is not "
        f"above theirs. {MOST}",
        runs.gss_has_small_rho_without_better_accuracy,
    ),
    Claim(
        "drl_representations",
        "Fig. 3a shows that L_DRL notably reduces the similarities of representations from "
        "different classes while making representations from a same class less similar.",
        "Sec. 3",
        "figure_3",
        "The mean cosine similarity, DRL minus BER, paired by seed: its 95 % interval lies below 0 "
        "for pairs of different classes and for pairs of one class. Mixed: one of the two.",
        figures.drl_makes_representations_less_similar,
    ),
    Claim(
        "drl_gradients",
        "Fig. 3b shows the analogous effect on gradients from different classes and a same class.",
        "Sec. 3",
        "figure_3",
        "The mean cosine similarity of gradients, DRL minus BER, paired by seed: its 95 % interval "
        "lies below 0 for pairs of different classes and for pairs of one class. Mixed: one of "
        "the two.",
        figures.drl_makes_gradients_less_similar,
    ),
    Claim(
        "drl_gradient_diversity",
        "Effects of L_DRL on reducing diversity of gradients and ρ-spectrum.",
        "Fig. 3",
        "figure_3",
        "Gradients are the more diverse the smaller their similarity. Pairs of different classes, "
        "DRL minus BER, paired by seed: the 95 % interval of the mean cosine similarity of "
        "gradients lies above 0, and that of the share of pairs under −0.1 lies below 0. Mixed: "
        "one of the two.",
        figures.drl_makes_gradients_less_diverse,
    ),
    Claim(
        "negative_near_boundary",
        "We see that S_n,m is negative with a much higher probability in Fig. 4a than in Figs. 4b "
        "and 4c.",
        "Appx. A",
        "figure_4",
        "P(S < 0) in (a) exceeds that in (b), and that in (c), by more than 0.1 and by more than 3 "
        "standard errors. Mixed: one of the two.",
        figures.inner_product_is_negative_near_the_boundary,
    ),
    Claim(
        "random_beats_gss",
        "In most of our experiments, randomly chosen samples outperform those selected by gradient "
        "diversity (GSS) due to the limit on memory size in practice.",
        "Sec. 6",
        "runs",
        "ER, and BER, have a higher mean average accuracy than GSS. (They draw at random from a "
        "ring buffer, and GSS has batches and steps of its own, so this is a proxy.) "
        f"{MOST} Mixed: for one of the two.",
        runs.random_samples_beat_gss,
    ),
)


def claims(evidence: Evidence, wanted: Iterable[Claim] = CLAIMS) -> pd.DataFrame:
    """Each claim judged: columns id, claim (quoted), section, source, rule, verdict, evidence."""
    return pd.DataFrame([_row(claim, evidence) for claim in wanted])


def _row(claim: Claim, evidence: Evidence) -> dict[str, str]:
    judgement = _judged(claim, evidence)
    return {
        "id": claim.id,
        "claim": claim.sentence,
        "section": claim.section,
        "source": claim.source,
        "rule": claim.rule,
        "verdict": judgement.verdict,
        "evidence": " ".join(_sentences(judgement, _other_data(claim.source, evidence))),
    }


def _judged(claim: Claim, evidence: Evidence) -> Judgement:
    if claim.source == "runs":
        return claim.judge(evidence)
    if claim.source not in evidence.figures:
        return Judgement(OPEN, missing=[claim.source.replace("figure_", "Figure ")])
    return claim.judge(evidence.figures[claim.source]["summary"])


def _other_data(source: str, evidence: Evidence) -> str:
    """Why what was measured is not what the paper measured, if so."""
    if source == "runs":
        return "; ".join(f"{benchmark_title(b)}: {why}" for b, why in evidence.other.items())
    figure = evidence.figures.get(source)
    return incomparable_figure(figure) if figure and source in ON_DATA else ""


def _sentences(judgement: Judgement, other: str) -> Iterator[str]:
    if text := judgement.evidence:
        yield f"{text[0].upper()}{text[1:]}."
        if other:
            yield f"Not as in the paper: {other}."
    if judgement.missing:
        yield f"Missing: {'; '.join(judgement.missing)}."
