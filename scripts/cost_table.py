"""Write the table of measured costs, which jobs on a cluster ask for time and memory by.

snakemake --cores 1 plan         measures on this machine, what is not measured yet
python scripts/cost_table.py     writes src/drl_replication/costs.csv from it
"""

import argparse
import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

from drl_replication.benchmarks import BENCHMARKS
from drl_replication.files import write_text_atomically
from drl_replication.jobs import COLUMNS
from drl_replication.methods import METHODS
from drl_replication.provenance import provenance

TABLE = Path(__file__).resolve().parents[1] / "src/drl_replication/costs.csv"


def cost_table(plan: Path, machine: str) -> str:
    """CSV of the measurements in `plan`, with the machine and the date of each."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["benchmark", "method", *COLUMNS, "machine", "date"])
    for benchmark in BENCHMARKS:
        for method in METHODS:
            path = plan / benchmark / f"{method}.json"
            if path.exists():
                cost = json.loads(path.read_text(encoding="utf-8"))
                date = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
                numbers = [f"{cost[name]:.4g}" for name in COLUMNS]
                writer.writerow([benchmark, method, *numbers, machine, date])
    return text.getvalue()


def main() -> None:
    """Write the table from the measurements of this machine."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    args = parser.parse_args()
    made = provenance("cpu", threads=1)
    machine = f"{made['cpu_model']}, one core"
    write_text_atomically(TABLE, cost_table(args.results / "plan", machine))


if __name__ == "__main__":
    main()
