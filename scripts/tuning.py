"""Say what tuned hyperparameters bring: tables, tests, claims, and a page."""

import argparse
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.records.strict_json import readable_json
from drl_replication.studies import tuning
from drl_replication.studies.columns import Columns
from drl_replication.studies.records import read_records
from drl_replication.study.study_files import read_study
from drl_replication.tables.frames import read_csv, to_csv


def tell(
    validation: Path, selection: Path, study: Path, records: Path, folder: Path, fraction: float
) -> None:
    """Read the records of the chosen points, and write what they say into `folder`."""
    told = read_study(study)
    columns = Columns(told, read_records(records, told))
    page, report = tuning.texts(read_csv(selection), columns, read_study(validation), fraction)
    write_text_atomically(folder / "results.csv", to_csv(tuning.results(columns)))
    write_text_atomically(folder / "tests.csv", to_csv(tuning.tests(columns)))
    write_text_atomically(folder / "summary.json", readable_json(report))
    write_text_atomically(folder / "tuning.md", page)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validation", type=Path, required=True, help="all points, held-out part")
    parser.add_argument("--selection", type=Path, required=True, help="CSV of their accuracies")
    parser.add_argument("--study", type=Path, required=True, help="of the chosen points")
    parser.add_argument("--records", type=Path, required=True, help="of its runs, in one file")
    parser.add_argument("--fraction", type=float, required=True, help="that was held out")
    parser.add_argument("--folder", type=Path, required=True, help="to write into")
    call(tell, parser)


if __name__ == "__main__":
    main()
