"""A workflow that was killed leaves Snakemake's lock behind; the next one takes it away.

Snakemake cannot know whether the process that wrote its lock still lives. The kernel can: it
drops a `flock` when its holder dies, however that happens. So every workflow holds a shared one
in its folder, and who can have it exclusively is alone: what lock is there then is a dead one's.
Jobs that outlive their workflow disturb nothing: all that they write, they write in one step.
"""

import fcntl
import shutil
import socket
from pathlib import Path
from typing import TextIO
from uuid import uuid4

from drl_replication.files import write_text_atomically

STARTED = ".snakemake/started"  # written anew by every workflow that starts


def hold(folder: Path) -> TextIO | None:
    """Say that a workflow lives, until the result is closed, and remove the lock of a dead one.

    A `flock` may hold for one machine only, so a lock stays where another machine has worked,
    too: then Snakemake tells its user what to do.

    Args:
        folder: Snakemake's own, `.snakemake`.

    Returns:
        The file that is locked; None if its file system knows no locks.

    Raises:
        OSError: `folder` cannot be written.
    """
    folder.mkdir(exist_ok=True)
    write_text_atomically(folder / "started", f"{uuid4()}\n")
    file = (folder / "alive").open("a+", encoding="utf-8")
    try:
        if _is_alone(file):
            shutil.rmtree(folder / "locks", ignore_errors=True)
        fcntl.flock(file, fcntl.LOCK_SH)
    except OSError:  # without them Snakemake still has its own
        file.close()
        return None
    return file


def _is_alone(file: TextIO) -> bool:
    """Whether no other workflow lives here; notes in `file` which machines have worked here."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        alone = True
    except BlockingIOError:
        alone = False
    file.seek(0)
    machines, here = set(file.read().splitlines()), socket.gethostname()
    if here not in machines:
        print(here, file=file, flush=True)
    return alone and machines <= {here}
