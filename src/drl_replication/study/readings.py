"""Where the paper's text allows more than one reading: the alternatives, as a table.

The first option is the default. A reading belongs to the runs whose method has one of its `parts`
(None: all) and none of those it is `without`, and whose benchmark has one of its `kinds` of task
and `networks` (None: all), so that a changed reading reruns exactly those. A reading of `tables`
changes no run at all, but those of the paper's tables alone.
"""

from dataclasses import dataclass, field

from drl_replication.data.benchmarks import Benchmark
from drl_replication.learning.methods import Method

Option = str | int


@dataclass(frozen=True)
class Reading:
    """Options (default first), where they count, and what each means."""

    options: dict[Option, str]
    parts: tuple[str, ...] | None = None
    without: tuple[str, ...] = ()
    kinds: tuple[str, ...] | None = None
    networks: tuple[str, ...] | None = None
    tables: tuple[int, ...] = ()
    # networks on which an option differs from the first one, where that is not all
    only_on: dict[Option, tuple[str, ...]] = field(default_factory=dict)
    # which configuration key each option takes the learning rate from
    learning_rate: dict[Option, str] = field(default_factory=dict)

    @property
    def default(self) -> Option:
        """The reading taken when the configuration says nothing."""
        return next(iter(self.options))

    def concerns(self, benchmark: Benchmark, method: Method) -> bool:
        """Whether a run of `method` on `benchmark` depends on this reading."""
        return (
            not self.tables
            and (self.kinds is None or benchmark.kind in self.kinds)
            and (self.networks is None or benchmark.network in self.networks)
            and (self.parts is None or not set(self.parts).isdisjoint(method.parts))
            and set(self.without).isdisjoint(method.parts)
        )


HALVES = ("er:HalfCurrent", "er_ace:HalfReplayed", "mir:MostInterfered")

READINGS: dict[str, Reading] = {
    "subset": Reading(
        {
            "per_seed": "each seed draws its own training images",
            "first": "the same first n training images of each task for every seed",
        },
    ),
    "permutations": Reading(
        {
            "per_seed": "each seed draws its own permutation of the pixels for each task",
            "fixed": "by task index, the same for every seed",
        },
        kinds=("permuted",),
    ),
    "cifar_standardisation": Reading(
        {
            "channel": "per channel, with statistics of the training images",
            "pixel": "per pixel and channel, with statistics of the training images",
        },
        networks=("resnet",),
    ),
    "drl_normalisation": Reading(
        {
            "pairs": "Eq. 3: each sum divided by its number of pairs, N_bt and N_wi",
            "batch": "both sums divided by B^2",
        },
        parts=("drl:DRL",),
    ),
    "representation_layers": Reading(
        {
            "paper": "Sec. 5: dense network, the outputs of all layers, logits included; ResNet, "
            "the input of the final linear layer and the logits",
            "hidden": "without the logits",
            "released": "as `paper`, for the ResNet with the last convolution's map, flattened",
        },
        without=(
            "loss:CrossEntropy",
            "derpp:WithLogits",
            "er_ace:Asymmetric",
        ),  # every objective with an auxiliary term has it
        only_on={"released": ("resnet",)},
    ),
    "multisim_form": Reading(
        {
            "anchor": "Eq. 7 on the concatenated representation",
            "layerwise": "one log over the whole masked similarity matrix of each L2-normalised "
            "layer, divided by B and summed over layers; masked-out entries count as zeros",
        },
        parts=("multisim:MultiSim",),
    ),
    "rmargin_form": Reading(
        {
            "printed": "Eq. 8 as printed, without a hinge",
            "hinge": "each pair's term cut at zero, as in Wu et al. (2017)",
            "released": "as `printed`, on the last hidden layer only, squared distances, and of "
            "the pairs (i, j), after the switch, those with i < j alone",
        },
        parts=("rmargin:RMargin",),
    ),
    "rmargin_switch": Reading(
        {
            "replace": "rho regularisation as in Roth et al. (2020): with probability p_rho a "
            "negative pair's place is taken by a positive pair of the same anchor, pushed apart",
            "relabel": "with probability p_rho a negative pair is treated as a positive one",
        },
        parts=("rmargin:RMargin",),
    ),
    "er_current": Reading(
        {
            "task": "the current half comes from the classes of the current task",
            "sample": "the current half comes from the class of the sample just loaded, the "
            "memory half from all other classes",
        },
        parts=HALVES,
    ),
    "agem_batch": Reading(
        {
            "memory": "Appendix B literally: the training batch comes from the whole memory",
            "task": "from the current task's samples in the memory",
            "loaded": "only the samples just loaded",
        },
        parts=("agem:FromMemory",),
    ),
    "min_positive_pairs": Reading(
        {
            1: "Alg. 3 with m_p = 1: at least two samples of each selected class",
            0: "Alg. 3 with m_p = 0: all seen classes, even with one sample each",
        },
        parts=("ber:Balanced",),
    ),
    "memory_eviction": Reading(
        {
            "fifo": "Alg. 1: the oldest sample of the largest class leaves",
            "typical_first": "of the largest class, the sample minimising (rank of its L1 "
            "distance to the running mean of its class) + 10 x (age position, 0 = oldest)",
        },
        parts=("ring:RingBuffer",),
    ),
    "first_task": Reading(
        {
            "uniform": "during the first task, batches are drawn uniformly from the memory",
            "as_later": "the batch rule holds from the first sample on",
        },
        parts=("ber:Balanced", *HALVES),
    ),
    "gss_settings": Reading(
        {
            "released": "the learning rate of GSS's own scripts (`gss_learning_rate`)",
            "table6": "the benchmark's learning rate",
        },
        parts=("gss:GradientBuffer",),
        learning_rate={"released": "gss_learning_rate", "table6": "learning_rate"},
    ),
    "gss_gate": Reading(
        {
            "batch": "a full memory changes only if the loaded batch's mean gradient conflicts "
            "with those of all drawn memory batches, as in GSS's own scripts",
            "sample": "Aljundi et al., Alg. 2, line 9: for each candidate by its own gradient",
        },
        parts=("gss:GradientBuffer",),
    ),
    "gem_reference": Reading(
        {
            "all": "the gradient of an earlier task is that of all its samples in the memory",
            "share": "of `gem_reference_batch_size` draws, shared equally by the earlier tasks",
        },
        parts=("gem:ConstrainedSGD",),
    ),
    "gem_margin_form": Reading(
        {
            "within": "v >= gem_margin within the quadratic problem, and 1e-3 on its diagonal, as "
            "in GEM's own code",
            "added": "v >= 0, and gem_margin is added to the solution, as in GEM's text",
        },
        parts=("gem:ConstrainedSGD",),
    ),
    "mer_algorithm": Reading(
        {
            1: "Riemer et al., Alg. 1: a part of the way is kept after each batch, and after all",
            6: "Alg. 6: one long batch of s k steps, after which mer_gamma of the way is kept",
        },
        parts=("mer:MetaSGD",),
    ),
    "mer_settings": Reading(
        {
            "released": "the learning rate of MER's authors (`mer_learning_rate`)",
            "table6": "the benchmark's learning rate",
        },
        parts=("mer:MetaSGD",),
        learning_rate={"released": "mer_learning_rate", "table6": "learning_rate"},
    ),
    "ogd_directions": Reading(
        {
            "gtl": "a direction a sample: the gradient of its true class's logit",
            "all": "one for each class: the gradients of all logits",
            "ave": "one a sample: the gradient of the mean of the logits",
        },
        parts=("ogd:OrthogonalSGD",),
    ),
    "intransigence_reference": Reading(
        {
            "best_run": "a*_i is the best accuracy on task i over all methods and seeds",
            "best_mean": "the best over methods of the mean over seeds",
            "per_seed": "per seed, the best over methods",
        },
        tables=(3, 4),
    ),
    "rho_layers": Reading(
        {
            "hidden": "rho-spectrum of the hidden layers",
            "all": "rho-spectrum of all layers, logits included",
        },
        tables=(4,),
    ),
    "rho_null": Reading(
        {
            "floor": "singular values under 1e-6 of the largest are raised to it and counted",
            "drop": "left out",
        },
        tables=(4,),
    ),
}

READINGS_OF_TABLES = {name: reading for name, reading in READINGS.items() if reading.tables}
# By the number of the paper's table: the readings that it depends on besides those of its runs.
TABLE_READINGS = {
    number: [name for name, reading in READINGS_OF_TABLES.items() if number in reading.tables]
    for number in range(1, 7)
}
