"""The experiments that judge claims, from their records: one row a measure of an arm."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from drl_replication.records.experiments import read_experiments
from drl_replication.study.paper_settings import basis
from drl_replication.study.settings import CLAIM_RUNS

BASIS = ["benchmark", "tasks", "dataset", "training_images", "memory_size", "changed"]
COLUMNS = [*BASIS, "seed", "arm", "measure", "value"]


def claim_experiments(paths: Sequence[Path]) -> pd.DataFrame:
    """All measures of all arms; NaN where a run diverged.

    Columns: `COLUMNS`; the first say what the unchanged methods learn from, and with which settings
    that are not the paper's (of experiments without runs: empty, and NaN). Raises RecordError as
    `read_experiments`.
    """
    rows = []
    for record in read_experiments(list(paths)):
        if str(record["experiment"]).startswith(CLAIM_RUNS):
            methods = [basis(settings) for settings in record["settings"].values()]
            changed = [clause for row in methods for clause in row["changed"].split("; ")]
            about = {**methods[0], "changed": "; ".join(dict.fromkeys(filter(None, changed)))}
        else:
            about = dict(zip(BASIS, ["", math.nan, "", math.nan, math.nan, ""], strict=True))
        rows += [
            (*(about[name] for name in BASIS), record["seed"], arm, measure, value)
            for arm, measures in record["result"]["arms"].items()
            for measure, value in measures.items()
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(value=frame["value"].astype(float))
