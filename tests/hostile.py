"""What hostile files are made of, and how a script refuses them."""

import os

HARM = "<script>alert(1)</script> | \\input{/etc/passwd} $(touch harmed) `touch harmed`\n\n# x"


class Harmful:
    """Pickled, it makes a folder wherever it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("harmed",)


def refused(done, *parts):
    """The one line that a script said before it failed."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.startswith("error: "), done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert [part for part in parts if part not in done.stderr] == [], done.stderr


def not_a_file(path, kind):
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(path.name)
