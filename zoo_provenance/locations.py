"""Where the migrations and the packaged data sets lie: in the package when installed, else beside it."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def migrations() -> Path:
    """Return the folder of the Alembic environment."""
    return _either("migrations", "alembic")


def packaged_seeds() -> Path:
    """Return the folder of the packaged data set, the Korea Central Zoo."""
    return _either("seeds", "seeds") / "korea_central_zoo"


def _either(inside: str, beside: str) -> Path:
    packaged = _PACKAGE / inside
    return packaged if packaged.is_dir() else _PACKAGE.parent / beside
