"""Bring the table of measured costs up to date, which jobs on a cluster ask for resources by.

snakemake --cores 1 plan         measures on this machine, what is not measured yet
python scripts/tools/cost_table.py     puts it into costs.csv of jobs/; other rows stay
"""

import argparse
import csv
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from drl_replication.data.benchmarks import BENCHMARKS
from drl_replication.files import write_text_atomically
from drl_replication.jobs.resources import COLUMNS
from drl_replication.learning.methods import METHODS
from drl_replication.records.provenance import provenance
from drl_replication.records.reading import read

TABLE = Path(__file__).resolve().parents[2] / "src/drl_replication/jobs/costs.csv"


HEADER = ("benchmark", "method", *COLUMNS, "machine", "date")


def cost_table(plan: Path, machine: str, old: str = "") -> str:
    """CSV of the measurements in `plan`, with the machine and the date of each.

    Rows of the `old` table that `plan` doesn't measure stay as they are. Raises ValueError for a
    plan without measurements.
    """
    new = {(row["benchmark"], row["method"]): row for row in measured(plan, machine)}
    if not new:
        raise ValueError(
            f"{plan} holds no measured costs, but the table is made from them: run "
            "`snakemake --cores 1 plan` first."
        )
    rows = {(r["benchmark"], r["method"]): r for r in csv.DictReader(old.splitlines())} | new
    known = [(benchmark, method) for benchmark in BENCHMARKS for method in METHODS]
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows[pair] for pair in known if pair in rows)
    return text.getvalue()


def measured(plan: Path, machine: str) -> Iterator[dict]:
    """One row a measurement in `plan`."""
    for benchmark in BENCHMARKS:
        for method in METHODS:
            path = plan / benchmark / f"{method}.json"
            if path.exists():
                cost = read(path, "cost")
                date = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
                numbers = (f"{cost[name]:.4g}" for name in COLUMNS)
                yield dict(zip(HEADER, (benchmark, method, *numbers, machine, date), strict=True))


def main() -> None:
    """Put the measurements of this machine into the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, default=Path("results"))
    args = parser.parse_args()
    made = provenance("cpu", threads=1)
    machine = f"{made['cpu_model']}, one core"
    old = TABLE.read_text(encoding="utf-8") if TABLE.exists() else ""
    try:
        write_text_atomically(TABLE, cost_table(args.results / "plan", machine, old))
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
