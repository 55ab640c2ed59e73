"""The index of names by their trigrams: what keeps it true, and what fills it after a bulk load.

Only SQLite has one to look after: FTS5's, contentless and told of every change by triggers. PostgreSQL keeps
its own indexes. A database made by an SQLite without trigrams has none, and is searched by scanning.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

LOOKING_BACK = "looking back"
"""What a connection's `info` tells while it sees an earlier moment: the index knows only the present."""

RECORDS = "record_trigram"
CLAIMS = "claim_trigram"
POSTGRESQL_INDEXES = frozenset(
    {"ix_record_search_key_trigram", "ix_record_slug_trigram", "ix_claim_search_key_trigram"}
)

# A slug is written here without its separators, as folding writes it: where a record is called nothing else,
# it is its search key, and is indexed once.
_SLUG = "nullif(replace(replace(replace({row}slug, '-', ''), '.', ''), '_', ''), {row}search_key)"
_COLUMNS = {RECORDS: "search_key, slug", CLAIMS: "search_key"}
_VALUES = {RECORDS: "{row}search_key, " + _SLUG, CLAIMS: "{row}search_key"}
_TABLES = {RECORDS: "record", CLAIMS: "claim"}
_WHEN = {RECORDS: "", CLAIMS: "WHEN {row}.search_key IS NOT NULL"}
_CHANGED = {RECORDS: "id, search_key, slug", CLAIMS: "id, search_key"}


def is_kept(connection: Connection) -> bool:
    """Whether there is an index that follows every change, so that a search may rely on it (SQLite only)."""
    if connection.dialect.name != "sqlite" or connection.info.get(LOOKING_BACK):
        return False
    return len(_there(connection, "trigger")) == len(_triggers())


def suspend(connection: Connection) -> None:
    """Stop keeping the index, for a bulk load in this transaction; searches scan until it is rebuilt."""
    if connection.dialect.name == "sqlite":
        for name in _triggers():
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")


def rebuild(connection: Connection) -> None:
    """Fill the index from the tables, and keep it from now on; nothing where there is none."""
    if connection.dialect.name != "sqlite" or len(_there(connection, "table")) != len(_TABLES):
        return
    suspend(connection)
    for index, table in _TABLES.items():
        columns, values = _COLUMNS[index], _VALUES[index].format(row="")
        connection.exec_driver_sql(f"INSERT INTO {index} ({index}) VALUES ('delete-all')")  # noqa: S608 - fixed names
        # In the order of ids: the index is written out anew at every id lower than the last.
        connection.exec_driver_sql(
            f"INSERT INTO {index} (rowid, {columns}) SELECT id, {values} FROM {table} NOT INDEXED"  # noqa: S608 - fixed names
            " WHERE search_key IS NOT NULL ORDER BY id"
        )
    for statement in _triggers().values():
        connection.exec_driver_sql(statement)


def belongs(name: str | None, kind: str) -> bool:
    """Whether a table or an index of the database belongs to the search index, which no table declares."""
    if kind == "table":
        return any(name == index or (name or "").startswith(f"{index}_") for index in _TABLES)
    return kind == "index" and name in POSTGRESQL_INDEXES


def neglect(connection: Connection) -> list[str]:
    """Return what is wrong where there is an index that nothing keeps."""
    if connection.dialect.name != "sqlite" or not _there(connection, "table") or is_kept(connection):
        return []
    return ["not as declared: the index of names has lost its triggers"]


def _there(connection: Connection, kind: str) -> list[str]:
    names = _triggers() if kind == "trigger" else _TABLES
    listed = ", ".join(f"'{name}'" for name in names)
    query = f"SELECT name FROM sqlite_master WHERE type = '{kind}' AND name IN ({listed})"  # noqa: S608 - fixed names
    return list(connection.execute(text(query)).scalars())


def _triggers() -> dict[str, str]:
    """Return the triggers by name."""
    made = {}
    for index, table in _TABLES.items():
        columns = _COLUMNS[index]
        new, old = (_VALUES[index].format(row=f"{row}.") for row in ("new", "old"))
        put = f"INSERT INTO {index} (rowid, {columns}) VALUES (new.id, {new});"  # noqa: S608 - fixed names
        take = f"INSERT INTO {index} ({index}, rowid, {columns}) VALUES ('delete', old.id, {old});"  # noqa: S608 - fixed names
        if_new, if_old = (_WHEN[index].format(row=row) for row in ("new", "old"))
        for name, event, when, action in (
            ("put", "INSERT", if_new, put),
            ("take", "DELETE", if_old, take),
            ("take_old", f"UPDATE OF {_CHANGED[index]}", if_old, take),
            ("put_new", f"UPDATE OF {_CHANGED[index]}", if_new, put),
        ):
            # What was is taken out before the row changes, what is put in after.
            moment = "BEFORE" if name == "take_old" else "AFTER"
            trigger = f"{index}_{name}"
            made[trigger] = f"CREATE TRIGGER {trigger} {moment} {event} ON {table} {when} BEGIN {action} END"
    return made
