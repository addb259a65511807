"""The experiments that judge claims, from their records: one row a measure of an arm."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from drl_replication.records.experiments import read_experiments
from drl_replication.study.settings import CLAIM_RUNS

COLUMNS = ["benchmark", "dataset", "seed", "arm", "measure", "value"]


def claim_experiments(paths: Sequence[Path]) -> pd.DataFrame:
    """All measures of all arms; NaN where a run diverged. Benchmark and dataset: empty for none.

    Columns: `COLUMNS`. Raises RecordError as `read_experiments`.
    """
    rows = []
    for record in read_experiments(list(paths)):
        name = str(record["experiment"])
        benchmark = name.removeprefix(CLAIM_RUNS) if name.startswith(CLAIM_RUNS) else ""
        dataset = record["provenance"].get("data", {}).get("dataset", "")
        rows += [
            (benchmark, dataset, record["seed"], arm, measure, value)
            for arm, measures in record["result"]["arms"].items()
            for measure, value in measures.items()
        ]
    frame = pd.DataFrame(rows, columns=COLUMNS)
    return frame.assign(value=frame["value"].astype(float))
