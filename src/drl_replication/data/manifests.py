"""A manifest: which verified files a dataset consists of."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

from drl_replication.data.datasets import find
from drl_replication.data.errors import DataError
from drl_replication.files import write_text_atomically


def write_manifest(path: str | Path, dataset: str, checksums: Mapping[str, str]) -> None:
    """Record which files `dataset` consists of, without saying where they lie."""
    content = {"dataset": dataset, "files": dict(checksums)}
    write_text_atomically(path, json.dumps(content, indent=2) + "\n")


def read_manifest(path: str | Path) -> tuple[str, dict[str, str]]:
    """Read a manifest.

    Returns:
        The dataset's name and the SHA-256 of each file by its path relative to the root.

    Raises:
        DataError: the manifest is missing or damaged, or names an unknown dataset.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"manifest {path} is missing; make it with the download rule")
    try:
        content = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise DataError(f"manifest {path} is no JSON; make it anew: {error}") from error
    if not _is_manifest(content):
        raise DataError(
            f"manifest {path} must hold a dataset's name and the SHA-256 of each of its files, "
            "and no more; make it anew: snakemake --cores 1 --forcerun download"
        )
    return find(content["dataset"]).name, content["files"]


def _is_manifest(content: object) -> bool:
    return (
        isinstance(content, dict)
        and content.keys() == {"dataset", "files"}
        and isinstance(content["dataset"], str)
        and isinstance(content["files"], dict)
        and all(_is_sha256(value) for value in content["files"].values())
    )


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None
