"""Measure what one of Figures 1 to 3 is drawn from, and write the record."""

from drl_replication.jobs.commands import call
from drl_replication.jobs.experiment import make_experiment, parser


def main() -> None:
    """Parse the arguments; what a user can mend ends with one sentence."""
    call(make_experiment, parser(__doc__))


if __name__ == "__main__":
    main()
