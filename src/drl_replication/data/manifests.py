"""A manifest: which verified files a dataset consists of."""

import json
from collections.abc import Mapping
from pathlib import Path

from drl_replication.files import write_text_atomically


def write_manifest(path: str | Path, dataset: str, checksums: Mapping[str, str]) -> None:
    """Record which files `dataset` consists of, without saying where they lie."""
    content = {"dataset": dataset, "files": dict(checksums)}
    write_text_atomically(path, json.dumps(content, indent=2) + "\n")
