"""Put the run records of a benchmark into one compressed file, to keep them in a repository."""

from pathlib import Path

from drl_replication.files import write_bytes_atomically
from drl_replication.jobs.commands import call
from drl_replication.records.packed import pack
from drl_replication.study.command_line import parser_for_runs
from drl_replication.study.selection import Selection


def make_pack(selection: Selection, benchmark: str, output: Path) -> None:
    """Read and check the selected records of the benchmark, and write them."""
    write_bytes_atomically(output, pack(selection.of(benchmark)))


def main() -> None:
    """Parse the arguments and write the file."""
    parser = parser_for_runs(__doc__ or "", files=["output"])
    parser.add_argument("--benchmark", required=True)
    call(make_pack, parser)


if __name__ == "__main__":
    main()
