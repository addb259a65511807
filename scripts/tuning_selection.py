"""Choose each method's point of a tuning on the held-out images."""

import argparse
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.studies import tuning
from drl_replication.studies.records import read_records
from drl_replication.study.study_files import read_study, to_json
from drl_replication.tables.frames import to_csv


def choose(validation: Path, records: Path, points: Path, study: Path, selection: Path) -> None:
    """Write every point's accuracy, and the study of the chosen ones."""
    tried = read_study(validation)
    chosen = tuning.selection(tried, read_records(records, tried))
    write_text_atomically(selection, to_csv(chosen))
    write_text_atomically(study, to_json(tuning.tuned(chosen, tried, read_study(points))))


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--validation", type=Path, required=True, help="all points, held-out part")
    parser.add_argument("--records", type=Path, required=True, help="of their runs, in one file")
    parser.add_argument("--points", type=Path, required=True, help="all points, test set")
    parser.add_argument("--study", type=Path, required=True, help="of the chosen points, to write")
    parser.add_argument("--selection", type=Path, required=True, help="CSV to write")
    call(choose, parser)


if __name__ == "__main__":
    main()
