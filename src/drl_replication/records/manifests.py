"""A manifest: which verified files a dataset consists of. `data.manifests` writes it."""

from pathlib import Path

from drl_replication.data.datasets import find
from drl_replication.records.reading import read


def read_manifest(path: str | Path) -> tuple[str, dict[str, str]]:
    """The dataset's name and the SHA-256 of each file by its path relative to the root.

    Raises RecordError for a manifest that is missing or damaged, DataError for one of an unknown
    dataset.
    """
    content = read(path, "manifest")
    return find(content["dataset"]).name, content["files"]
