"""Batches: each writing command, who ran it and when, in a chain of digests."""

from __future__ import annotations

import getpass
import hashlib
import os
from datetime import UTC, datetime

from sqlalchemy import Connection, insert, select

from zoo_provenance.tables import batch


def enter_batch(connection: Connection, command: str, input_digest: str | None, reason: str | None = None) -> int:
    """Enter a batch at the end of the chain: its digest covers its own fields and the digest before it."""
    previous = connection.execute(select(batch.c.digest).order_by(batch.c.id.desc()).limit(1)).scalar()
    values = {
        "at": datetime.now(UTC).isoformat(timespec="microseconds"),
        "actor": _actor(),
        "command": command,
        "reason": reason,
        "input_digest": input_digest,
        "previous_digest": previous,
    }
    chained = "\n".join(f"{name}={value}" for name, value in sorted(values.items()) if value is not None)
    digest = hashlib.sha256(chained.encode()).hexdigest()
    result = connection.execute(insert(batch).values(**values, digest=digest))
    return int(result.inserted_primary_key[0])  # type: ignore[index]


def _actor() -> str:
    """Return who is loading: ZOOPROV_ACTOR, else the login name."""
    try:
        return os.environ.get("ZOOPROV_ACTOR") or getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
