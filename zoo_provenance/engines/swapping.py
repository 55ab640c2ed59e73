"""A folder put in the place of another: at no moment half of either."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from pathlib import Path

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def put_in_place(made: Path, folder: Path) -> None:
    """Rename a folder to where nothing, an empty folder or an older one lies; the older one is left at `made`.

    On Linux the two change names in one step. Elsewhere the older one is first moved aside, and a program killed
    just then leaves it there, beside, under a name that begins with a dot.
    """
    if not folder.exists() or not any(folder.iterdir()):
        if folder.exists() and os.name == "nt":
            folder.rmdir()
        made.rename(folder)
    elif not _exchanged(made, folder):
        aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
        folder.rename(aside / folder.name)
        made.rename(folder)
        aside.rename(made)


def _exchanged(made: Path, folder: Path) -> bool:
    """Let two folders change names in one step, where the system and its file system can; tell whether they did."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    return bool(rename(_AT_FDCWD, os.fsencode(made), _AT_FDCWD, os.fsencode(folder), _RENAME_EXCHANGE) == 0)
