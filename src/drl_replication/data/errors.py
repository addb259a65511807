"""What can be wrong with data, each said in one sentence."""


class DataError(ValueError):
    """A dataset or a manifest is missing or is not what it should be; the message says where."""


class DownloadError(OSError):
    """A dataset could not be had; the message says why and what to do."""


class SourceError(Exception):
    """A place doesn't have the right file, and asking it again won't help."""
