"""What can be wrong with data, each said in one sentence, and never with a password in it."""

import re


class DataError(ValueError):
    """A dataset or a manifest is missing or is not what it should be; the message says where."""


class DownloadError(OSError):
    """A dataset could not be had; the message says why and what to do."""


class SourceError(Exception):
    """A place doesn't have the right file, and asking it again won't help."""


def without_secrets(text: str) -> str:
    """A text in which user names, passwords and queries of URLs are stars; rather too many."""
    text = re.sub(r"(?i)([a-z][a-z0-9+.-]*://).*@", r"\1***@", text)
    return re.sub(r"(?i)([a-z][a-z0-9+.-]*://[^\s'\"?#]*)[?#][^\s'\"]*", r"\1?***", text)
