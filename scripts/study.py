"""Say what a study shows: effects, agreement with the print, claims, and a page."""

import argparse
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.jobs.commands import call
from drl_replication.records.strict_json import readable_json
from drl_replication.studies import agreement, claims, effects, page
from drl_replication.studies.columns import Columns, other_data
from drl_replication.studies.curve import specifications
from drl_replication.studies.records import read_records
from drl_replication.study.study_files import read_study
from drl_replication.tables.frames import to_csv


def make_study(study: Path, records: Path, folder: Path) -> None:
    """Read the records, and write everything into `folder`."""
    told = read_study(study)
    columns = Columns(told, read_records(records, told))
    base, remarks, late = told.base.name, other_data(columns), told.decided_after
    frames = {
        "effects": effects.effects(columns),
        "agreement": agreement.agreement(columns),
        "claims": claims.claims_by_variant(columns),
        "curve": specifications(columns),
        "rates": agreement.rates(columns),
    }
    texts = {
        "effects": effects.to_markdown(frames["effects"], base, late),
        "agreement": agreement.to_markdown(
            frames["agreement"], base, told.chosen_on, [*remarks, *late]
        ),
        "claims": claims.to_markdown(frames["claims"], base, late),
        "study": page.to_markdown(
            told,
            frames["effects"],
            frames["agreement"],
            frames["claims"],
            frames["curve"],
            remarks,
        ),
    }
    for name, frame in frames.items():
        write_text_atomically(folder / f"{name}.csv", to_csv(frame))
    told_to_report = page.for_report(
        told, frames["effects"], frames["agreement"], frames["claims"], frames["curve"], remarks
    )
    write_text_atomically(folder / "summary.json", readable_json(told_to_report))
    for name, text in texts.items():
        write_text_atomically(folder / f"{name}.md", text)


def main() -> None:
    """Parse the arguments and write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, required=True, help="its JSON")
    parser.add_argument("--records", type=Path, required=True, help="of all its runs, in one file")
    parser.add_argument("--folder", type=Path, required=True, help="to write into")
    call(make_study, parser)


if __name__ == "__main__":
    main()
