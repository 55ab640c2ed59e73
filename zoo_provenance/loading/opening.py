"""Input files, opened only where they are files, and told of where they changed while they were read."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

_NO_FILES = (
    (stat.S_ISFIFO, "it is a pipe, not a file"),
    (stat.S_ISSOCK, "it is a socket, not a file"),
    (stat.S_ISCHR, "it is a device, not a file"),
    (stat.S_ISBLK, "it is a device, not a file"),
)


@contextmanager
def opened(path: Path) -> Iterator[BufferedReader]:
    """Open a file for reading.

    Raises OSError for what is no file (a pipe would be waited for, a device never ends), and, once it has been read,
    where it was written to meanwhile.
    """
    _demand_file(path.stat())
    # What was a file a moment ago may be a pipe by now: nothing is waited for.
    with open(path, "rb", opener=_at_once) as file:
        before = os.fstat(file.fileno())
        _demand_file(before)
        yield file
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise changed()


def changed() -> OSError:
    """Return the fault of a file that was written to while it was read."""
    return OSError(errno.EBUSY, "it changed while it was read; load again when it is whole")


def _at_once(name: str, flags: int) -> int:
    return os.open(name, flags | getattr(os, "O_NONBLOCK", 0))


def _demand_file(found: os.stat_result) -> None:
    for is_such, says in _NO_FILES:
        if is_such(found.st_mode):
            raise OSError(errno.EINVAL, says)


def leads_outside(path: Path, folder: Path) -> bool:
    """Whether a path below a folder is, or goes through, a link to what lies elsewhere."""
    try:
        return not path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):
        return False  # a circle of links, which cannot be opened either: told then
