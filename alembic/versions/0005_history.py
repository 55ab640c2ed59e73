"""Every change of a row is logged with what was there before and after, by triggers.

A migration imports nothing of this project and never changes once it is released: it describes the
tables as they were. SQLite and PostgreSQL run the same one.

A row is not copied when the batch that changes it has made it: what a batch made is told by the first numbers it gave.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

WORDS = sa.String().with_variant(sa.String(collation="C"), "postgresql")

# Table: the column of its number, the other columns of its key, the mark of a batch that tells its new rows
# from older ones, and the column of the record that a row is of.
KINDS = dict.fromkeys(
    ("taxon", "institution", "person", "source", "animal", "transfer"), ("id", (), "first_record", "id")
)
TABLES = {
    "dataset": ("id", (), None, None),
    "record": ("id", (), "first_record", "id"),
    **KINDS,
    "source_basis": ("source_id", ("based_on_id",), "first_record", "source_id"),
    "descent": ("child_id", ("parent_id", "role"), "first_record", "child_id"),
    "transfer_line": ("transfer_id", ("key",), "first_record", "transfer_id"),
    "line_animal": ("transfer_id", ("line_key", "animal_id"), "first_record", "transfer_id"),
    "participant": ("transfer_id", ("key",), "first_record", "transfer_id"),
    "transfer_link": ("transfer_id", ("kind", "to_id"), "first_record", "transfer_id"),
    "claim": ("id", (), "first_claim", "record_id"),
    "decision": ("record_id", ("part", "field", "language"), None, "record_id"),
    "dismissal": ("claim_id", (), None, None),
    "waiver": ("record_id", ("rule", "part"), None, "record_id"),
    "judgement": ("record_id", ("other_id",), None, "record_id"),
}
EVENTS = {"inserted": "INSERT", "updated": "UPDATE", "deleted": "DELETE"}
NO_MARK = 9223372036854775807
LOGGED = "batch_id, table_name, row_id, row_key, record_id, before, after"

# The arguments: the column of a row's number, the rest of its key, the column of its record.
FUNCTION = """
CREATE FUNCTION log_change() RETURNS trigger LANGUAGE plpgsql AS $body$
DECLARE
    newest integer := (SELECT max(id) FROM batch);
    was json := CASE WHEN TG_OP <> 'INSERT' THEN to_json(OLD) END;
    became json := CASE WHEN TG_OP <> 'DELETE' THEN to_json(NEW) END;
    stood json;
    part text;
    key_was text;
    key_became text;
    of_record integer;
BEGIN
    IF newest IS NULL THEN
        RETURN NULL;
    END IF;
    stood := coalesce(was, became);
    IF TG_ARGV[1] <> '' THEN
        FOREACH part IN ARRAY string_to_array(TG_ARGV[1], ',') LOOP
            IF was IS NOT NULL THEN
                key_was := concat_ws(' ', key_was, was ->> part);
            END IF;
            IF became IS NOT NULL THEN
                key_became := concat_ws(' ', key_became, became ->> part);
            END IF;
        END LOOP;
    END IF;
    of_record := CASE
        WHEN TG_TABLE_NAME = 'dismissal' THEN
            (SELECT record_id FROM claim WHERE id = (stood ->> 'claim_id')::integer)
        WHEN TG_ARGV[2] <> '' THEN (stood ->> TG_ARGV[2])::integer
    END;
    IF TG_OP = 'UPDATE' AND (was ->> TG_ARGV[0], key_was) IS DISTINCT FROM (became ->> TG_ARGV[0], key_became) THEN
        INSERT INTO change (batch_id, table_name, row_id, row_key, record_id, before, after)
        VALUES (newest, TG_TABLE_NAME, (was ->> TG_ARGV[0])::integer, key_was, of_record, was::text, NULL),
               (newest, TG_TABLE_NAME, (became ->> TG_ARGV[0])::integer, key_became, of_record, NULL, became::text);
        RETURN NULL;
    END IF;
    INSERT INTO change (batch_id, table_name, row_id, row_key, record_id, before, after)
    VALUES (newest, TG_TABLE_NAME, (stood ->> TG_ARGV[0])::integer, coalesce(key_was, key_became), of_record,
            was::text, became::text);
    RETURN NULL;
END
$body$
"""


def _upgrade_postgresql() -> None:
    op.execute(FUNCTION)
    for table, (number, keys, mark, owner) in TABLES.items():
        for name, event in EVENTS.items():
            row = "OLD" if event == "DELETE" else "NEW"
            told = []
            if mark:
                setting = f"nullif(current_setting('zooprov.{mark}', true), '')"
                told.append(f"{row}.{number} < coalesce({setting}, '{NO_MARK}')::bigint")
            if event == "UPDATE":
                told.append("OLD.* IS DISTINCT FROM NEW.*")
            when = f"WHEN ({' AND '.join(told)})" if told else ""
            op.execute(
                f"CREATE TRIGGER {table}_{name} AFTER {event} ON {table} FOR EACH ROW {when}"
                f" EXECUTE FUNCTION log_change('{number}', '{','.join(keys)}', '{owner or ''}')"
            )


def _upgrade_sqlite() -> None:
    inspector = sa.inspect(op.get_bind())
    for table, (number, keys, mark, owner) in TABLES.items():
        columns = inspector.get_columns(table)
        images = {row: _image(columns, row) for row in ("OLD", "NEW")}
        key = {row: " || ' ' || ".join(f"{row}.{name}" for name in keys) or "NULL" for row in images}
        of_record = {row: _of_record(table, owner, row) for row in images}
        for name, event in EVENTS.items():
            row = "OLD" if event == "DELETE" else "NEW"
            conditions = []
            if mark:
                newest = f"(SELECT {mark} FROM batch ORDER BY id DESC LIMIT 1)"  # noqa: S608 - fixed names
                conditions.append(f"{row}.{number} < coalesce({newest}, {NO_MARK})")
            if event == "UPDATE":
                differs = " OR ".join(f"OLD.{one['name']} IS NOT NEW.{one['name']}" for one in columns)
                conditions.append(f"({differs})")
            when = f"WHEN {' AND '.join(conditions)}" if conditions else ""

            def log(which: str, before: str, after: str, where: str = "") -> str:
                return (
                    f"INSERT INTO change ({LOGGED}) SELECT id, '{table}', {which}.{number}, {key[which]},"  # noqa: B023, S608 - used at once; fixed names
                    f" {of_record[which]}, {before}, {after}"  # noqa: B023 - used at once
                    f" FROM (SELECT max(id) AS id FROM batch) WHERE id IS NOT NULL{where};"
                )

            if event == "INSERT":
                body = log("NEW", "NULL", images["NEW"])
            elif event == "DELETE":
                body = log("OLD", images["OLD"], "NULL")
            else:
                same = " AND ".join(f"OLD.{one} IS NEW.{one}" for one in (number, *keys))
                body = log("OLD", images["OLD"], f"CASE WHEN {same} THEN {images['NEW']} END")
                body += log("NEW", "NULL", images["NEW"], f" AND NOT ({same})")
            op.execute(sa.text(f"CREATE TRIGGER {table}_{name} AFTER {event} ON {table} {when} BEGIN {body} END"))


def _image(columns: list, row: str) -> str:
    pairs = []
    for column in columns:
        value = f"{row}.{column['name']}"
        if isinstance(column["type"], sa.Float):
            # JSON of this engine cuts a number after fifteen digits; as text it keeps them all.
            value = f"CASE WHEN {value} IS NOT NULL THEN printf('%!.17g', {value}) END"
        pairs.append(f"'{column['name']}', {value}")
    return f"json_object({', '.join(pairs)})"


def _of_record(table: str, owner: str | None, row: str) -> str:
    if table == "dismissal":
        return f"(SELECT record_id FROM claim WHERE id = {row}.claim_id)"  # noqa: S608 - fixed names
    return f"{row}.{owner}" if owner else "NULL"


def _tell_records() -> None:
    """Say again which record a change is of, in the log of a database that was at this revision before."""
    image = "coalesce(before, after)"
    if op.get_bind().dialect.name == "sqlite":
        of = f"json_extract({image}, '$.record_id')"
    else:
        of = f"({image}::json ->> 'record_id')::integer"
    plain = ", ".join(f"'{table}'" for table, (number, _, _, owner) in TABLES.items() if owner == number)
    rows = "row_id_last IS NULL"
    op.execute(f"UPDATE change SET record_id = row_id WHERE {rows} AND table_name IN ({plain})")  # noqa: S608 - fixed names
    op.execute(f"UPDATE change SET record_id = {of} WHERE {rows} AND table_name = 'claim'")  # noqa: S608 - fixed names
    of = "(SELECT record_id FROM claim WHERE id = change.row_id)"
    op.execute(f"UPDATE change SET record_id = {of} WHERE {rows} AND table_name = 'dismissal'")  # noqa: S608 - fixed names


def upgrade() -> None:
    op.add_column("batch", sa.Column("first_record", sa.Integer()))
    op.add_column("batch", sa.Column("first_claim", sa.Integer()))
    op.add_column("batch", sa.Column("content_digest", WORDS))
    op.add_column("change", sa.Column("record_id", sa.Integer()))
    op.create_index("ix_change_record_id", "change", ["record_id"])
    _tell_records()
    if op.get_bind().dialect.name == "sqlite":
        _upgrade_sqlite()
    else:
        _upgrade_postgresql()


def downgrade() -> None:
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for table in TABLES:
        for name in EVENTS:
            op.execute(f"DROP TRIGGER {table}_{name}" + (f" ON {table}" if is_postgresql else ""))
    if is_postgresql:
        op.execute("DROP FUNCTION log_change()")
    op.drop_index("ix_change_record_id", table_name="change")
    op.drop_column("change", "record_id")
    for name in ("content_digest", "first_claim", "first_record"):
        op.drop_column("batch", name)
