"""Folders and addresses in the configuration: refused before anything is made of them."""

import os
import unicodedata
from pathlib import Path

from drl_replication.data.errors import without_secrets
from drl_replication.study.refusals import ConfigError, short

MAX_NAME, MAX_PATH = 255, 1000  # bytes; the longest path below results_dir has some 150 more


def check_folders(config: dict) -> None:
    """Refuse a folder or an address that a file system or a command line would misunderstand.

    Raises:
        ConfigError: naming the key and what is allowed.
    """
    _check_path("results_dir", config["results_dir"])
    _refuse("results_dir", config["results_dir"], starts=("-",), holds="{}<>")
    if config["data_dir"] is not None:
        _check_path("data_dir", config["data_dir"])
    for dataset, places in config["download"]["mirrors"].items():
        for i, place in enumerate(places):
            _check_path(f"download.mirrors.{dataset}[{i}]", place)


def _check_path(key: str, path: str) -> None:
    _refuse(key, path, starts=("~",))
    if path != path.strip():
        raise ConfigError(f"{key} is {path!r}; allowed: no space at its start or end")
    strange = [c for c in path if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    if strange:
        raise ConfigError(f"{key} holds the character {strange[0]!a}; allowed: printable ones")
    size = len(os.fsencode(path))
    if size > MAX_PATH or any(len(os.fsencode(name)) > MAX_NAME for name in path.split("/")):
        raise ConfigError(
            f"{key} has {size} bytes; allowed: at most {MAX_PATH}, and {MAX_NAME} for each name "
            "between two slashes"
        )


def _refuse(key: str, path: str, starts: tuple[str, ...], holds: str = "") -> None:
    shown = short(without_secrets(path))
    if path.startswith(starts):
        hint = f"; write {str(Path.home()) + path[1:]}" if path.startswith("~/") else ""
        raise ConfigError(f"{key} is {shown!r}; allowed: no {path[0]!r} at the start{hint}")
    if found := next((c for c in path if c in holds), None):
        raise ConfigError(f"{key} is {shown!r}; allowed: a folder without {found!r} in its name")
