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
    """One row: four parts, the hyperparameters (keys of the configuration) they read, a title."""

    memory: str
    batches: str
    objective: str
    update: str
    hyperparameters: tuple[str, ...]
    title: str = ""  # the paper's name; its id where there is none

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
}
# fmt: on


def part(name: str) -> type:
    """The class behind `file:Name`."""
    module, _, attribute = name.partition(":")
    return getattr(import_module(f"{__name__}.{module}"), attribute)
