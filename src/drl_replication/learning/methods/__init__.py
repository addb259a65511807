"""The methods as a table: each is a memory, a batch rule, an objective and an update.

A part is written `file:Name`, a class in this folder; what each is built from stands in
`parts.py`. The table imports no torch, so that planning a workflow costs nothing; :func:`part`
imports a part when a run needs it.

To add a method, write the part that is new (one small file) and add its row here.
"""

from dataclasses import dataclass
from importlib import import_module

BATCH = ("learning_rate", "loading_batch_size", "training_batch_size")


@dataclass(frozen=True)
class Method:
    """One row: four parts, the hyperparameters (keys of the configuration) they read, a title.

    `why`: for a method that the paper prints no numbers of, why it stands below those that it does,
    a clause. `only_groups`: the kind of a benchmark's groups that it needs, if it needs one.
    """

    memory: str
    batches: str
    objective: str
    update: str
    hyperparameters: tuple[str, ...]
    title: str = ""  # the paper's name; its id where there is none
    why: str = ""
    only_groups: str = ""

    @property
    def parts(self) -> tuple[str, str, str, str]:
        """The four parts, as `file:Name`."""
        return (self.memory, self.batches, self.objective, self.update)


# fmt: off
METHODS: dict[str, Method] = {
    #                   memory                batches              objective            update               hyperparameters, title
    "drl":      Method("ring:RingBuffer",    "ber:Balanced",      "drl:DRL",           "sgd:SGD",           (*BATCH, "drl_alpha", "drl_lambda"), "DRL"),
    "ber":      Method("ring:RingBuffer",    "ber:Balanced",      "loss:CrossEntropy", "sgd:SGD",           BATCH, "BER"),
    "er":       Method("ring:RingBuffer",    "er:HalfCurrent",    "loss:CrossEntropy", "sgd:SGD",           BATCH, "ER"),
    "agem":     Method("ring:RingBuffer",    "agem:FromMemory",   "loss:CrossEntropy", "agem:ProjectedSGD", (*BATCH, "agem_reference_batch_size"), "A-GEM"),
    "gss":      Method("gss:GradientBuffer", "gss:NewThenReplay", "loss:CrossEntropy", "sgd:SGD",           ("gss_batch_size", "gss_iterations"), "GSS-greedy"),
    "multisim": Method("ring:RingBuffer",    "ber:Balanced",      "multisim:MultiSim", "sgd:SGD",           (*BATCH, "multisim_lambda"), "Multisimilarity"),
    "rmargin":  Method("ring:RingBuffer",    "ber:Balanced",      "rmargin:RMargin",   "sgd:SGD",           (*BATCH, "rmargin_lambda"), "R-Margin"),
    # Not in the paper's tables.
    "gem":      Method("ring:RingBuffer",    "agem:FromMemory",   "loss:CrossEntropy", "gem:ConstrainedSGD", (*BATCH, "gem_margin", "gem_reference_batch_size"), "GEM", "what A-GEM simplifies; the paper's introduction builds on it"),
    "mer":      Method("ring:RingBuffer",    "mer:WithLoaded",    "loss:CrossEntropy", "mer:MetaSGD",       ("loading_batch_size", "mer_batch_size", "mer_batches", "mer_beta", "mer_gamma"), "MER", "aligns gradients within replayed batches; the paper's Sec. 5 says that ER beats it"),
    "ogd":      Method("ring:RingBuffer",    "uniform:FromCurrent", "loss:CrossEntropy", "ogd:OrthogonalSGD", (*BATCH, "ogd_samples"), "OGD", "keeps directions in place of samples; the paper's introduction builds on it"),
    "uniform":  Method("ring:RingBuffer",    "uniform:FromAll",   "loss:CrossEntropy", "sgd:SGD",           BATCH, "Uniform replay", "A-GEM without its projection: the control of what that does"),
    "finetune": Method("ring:RingBuffer",    "uniform:FromCurrent", "loss:CrossEntropy", "sgd:SGD",         BATCH, "Finetuning", "replays nothing: the lower bound"),
    "iid":      Method("uniform:WholeStream", "uniform:FromAll",  "loss:CrossEntropy", "sgd:SGD",           BATCH, "Whole stream", "as many steps on all tasks at once: the upper bound"),
    "derpp":    Method("ring:RingBuffer",    "er:HalfCurrent",    "derpp:WithLogits",  "sgd:SGD",           (*BATCH, "derpp_alpha"), "DER++", "a rival of today: ER that replays outputs too"),
    "er_ace":   Method("ring:RingBuffer",    "er_ace:HalfReplayed", "er_ace:Asymmetric", "sgd:SGD",         BATCH, "ER-ACE", "a rival of today: ER whose new classes don't push the old ones away", "class"),
    "mir":      Method("ring:RingBuffer",    "mir:MostInterfered", "loss:CrossEntropy", "sgd:SGD",          (*BATCH, "mir_candidates"), "MIR", "a rival of today: ER that replays what the coming step harms most"),
}
# fmt: on


def part(name: str) -> type:
    """The class behind `file:Name`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)
