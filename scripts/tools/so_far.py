"""The report of what has finished while the rest still trains, in a folder of its own.

    python scripts/tools/so_far.py                              of the configuration's runs
    python scripts/tools/so_far.py table_1 --configfile config/demo.yaml

It disturbs no workflow that runs: records are linked to `so_far` in the folder of results, and
everything is made from there.
"""

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from drl_replication.files import write_text_atomically
from drl_replication.study import config

PROJECT = Path(__file__).resolve().parents[2]


def link(results: Path) -> Path:
    """A folder with the finished records of another, which it shares its files with."""
    folder = results / "so_far"
    for kind in ("runs", "experiments"):
        shutil.rmtree(folder / kind, ignore_errors=True)
        for record in (results / kind).rglob("seed_*.json"):
            place = folder / record.relative_to(results)
            place.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(record, place)
            except OSError:  # a file system without links
                shutil.copy2(record, place)
    return folder


def main() -> None:
    """Parse the arguments and run Snakemake on what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("target", nargs="?", default="report", help="default: report")
    parser.add_argument("--configfile", nargs="+", default=[], help="as of the running workflow")
    parser.add_argument("--cores", default="1")
    args = parser.parse_args()
    try:
        defaults = [Path("config/config.yaml"), Path("config/studies.yaml")]
        loaded = config.load([*defaults, *map(Path, args.configfile)])
    except config.ConfigError as error:
        sys.exit(f"error: {error}")
    folder = link(Path(loaded["results_dir"]))
    if not any((folder / "runs").rglob("*.json")):
        sys.exit(f"error: {loaded['results_dir']}/runs holds no finished run yet")
    own = folder / "config.yaml"
    write_text_atomically(own, f"results_dir: {folder}\nrecords_only: true\n")
    command = [sys.executable, "-m", "snakemake", args.target, "--cores", args.cores]
    command += ["--configfile", *args.configfile, str(own)]
    if done := subprocess.run(command, cwd=PROJECT, check=False).returncode:
        sys.exit(done)
    print(f"Made from what has finished, in {folder}")


if __name__ == "__main__":
    main()
