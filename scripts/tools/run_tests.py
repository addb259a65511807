"""Every test but the image's, in parts at once: workflows wait half of their time, clusters more.

python scripts/tools/run_tests.py
"""

import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

PARTS = "not (workflow or slurm)", "slurm", "workflow and not slurm"
PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Run all, show the first as it goes and the others after it; fail if any does."""
    pytest = [sys.executable, "-m", "pytest", "-m"]
    with ExitStack() as stack:
        outputs = [None, *(stack.enter_context(tempfile.TemporaryFile("w+")) for _ in PARTS[1:])]
        running = [
            subprocess.Popen([*pytest, marks], cwd=PROJECT, stdout=output, stderr=output)
            for marks, output in zip(PARTS, outputs, strict=True)
        ]
        codes = []
        for process, output in zip(running, outputs, strict=True):
            codes.append(process.wait())
            if output:
                output.seek(0)
                print(output.read(), end="", flush=True)
    sys.exit(max(map(abs, codes)))


if __name__ == "__main__":
    main()
