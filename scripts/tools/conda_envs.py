"""Write the conda environments of the rules, with the exact versions of envs/requirements.lock.

python scripts/tools/conda_envs.py            after `make lock`
python scripts/tools/conda_envs.py --check    is anything stale?
"""

import argparse
import re
import sys
from pathlib import Path

ENVS = Path(__file__).resolve().parents[2] / "envs"

# What the scripts of the rules import themselves; conda adds what these need.
ENVIRONMENTS = {
    "data": ("mlxtend", "numpy", "pyyaml", "requests", "urllib3"),
    "figures": ("jsonschema", "matplotlib", "numpy", "pandas", "pyyaml", "scipy", "seaborn"),
    "solve": ("jsonschema", "numpy", "pyscipopt", "pyyaml", "scipy"),
    "tables": ("jinja2", "jsonschema", "numpy", "pandas", "pyyaml", "scipy"),
    "train": (
        "jsonschema",
        "numpy",
        "pyyaml",
        "safetensors",
        "scipy",
        "threadpoolctl",
        "torch",
        "tqdm",
    ),
}
CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}  # where they differ


def locked_versions(lock: str) -> dict[str, str]:
    """The version of each package in the text of a lock."""
    return dict(re.findall(r"^([a-z0-9][a-z0-9.-]*)==([^\s\\]+)", lock, flags=re.MULTILINE))


def environment(packages: tuple[str, ...], versions: dict[str, str]) -> str:
    """A conda environment as YAML."""
    pins = sorted(f"{CONDA_NAMES.get(name, name)}={versions[name]}" for name in packages)
    lines = ["# Made by scripts/tools/conda_envs.py from requirements.lock.", "channels:"]
    lines += ["  - conda-forge", "  - nodefaults", "dependencies:"]
    return "\n".join([*lines, *(f"  - {pin}" for pin in ("python=3.11.*", *pins))]) + "\n"


def environments() -> dict[Path, str]:
    """What each file of envs/ must hold."""
    versions = locked_versions((ENVS / "requirements.lock").read_text(encoding="utf-8"))
    return {ENVS / f"{name}.yaml": environment(p, versions) for name, p in ENVIRONMENTS.items()}


def main() -> None:
    """Write, or with --check only compare."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    check = parser.parse_args().check
    for path, text in environments().items():
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            sys.exit(f"error: envs/{path.name} is stale: run python scripts/tools/conda_envs.py")
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
