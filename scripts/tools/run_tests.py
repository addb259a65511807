"""Every test but the image's, in two halves at once: workflows wait half of their time.

python scripts/tools/run_tests.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

WORKFLOWS = "workflow or slurm"
PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run both, show the one as it goes and the other after it; fail if either does."""
    pytest = [sys.executable, "-m", "pytest", "-m"]
    with tempfile.TemporaryFile("w+") as output:
        with subprocess.Popen(
            [*pytest, WORKFLOWS], cwd=PROJECT, stdout=output, stderr=subprocess.STDOUT
        ) as workflows:
            rest = subprocess.run([*pytest, f"not ({WORKFLOWS})"], cwd=PROJECT, check=False)
        output.seek(0)
        print(output.read(), end="", flush=True)
    sys.exit(rest.returncode or workflows.returncode)


if __name__ == "__main__":
    main()
