"""The table of the audit record, and its guards: triggers that refuse every change except a redaction.

The guards prevent mistakes. The owner of the database can drop them; the chain still shows any change.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)

TABLE: Final = "payer_policy_audit"
REPLIES: Final = "payer_policy_replies"
"""Answers kept for a day beside the record, which does not depend on them."""
ERASED: Final = ("member", "salt", "claim_number", "member_id")
"""The columns that a redaction sets to null together: everything that identifies a member."""
KEPT: Final = ("seq", "time", "previous", "hash", "kept", "commitment")

metadata: Final = MetaData()
rows: Final = Table(
    TABLE,
    metadata,
    Column(
        "seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    Column("time", Text, nullable=False, index=True),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kept", Text, nullable=False),
    Column("commitment", Text),
    Column("claim_number", Text, index=True),
    Column("member_id", Text, index=True),
    Column("member", Text),
    Column("salt", Text),
    sqlite_strict=True,
)

replies: Final = Table(
    REPLIES,
    metadata,
    Column("key", Text, primary_key=True),
    Column("until", Text, primary_key=True, index=True),
    Column("asked", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
)

# A redaction keeps all that is kept, and erases every part that identifies a member, from a row that
# still has it. `IS NOT` and `IS DISTINCT FROM` compare nulls correctly.
_SQLITE_CHANGED: Final = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in KEPT)
_POSTGRESQL_CHANGED: Final = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in KEPT)
_LEFT: Final = " OR ".join(f"NEW.{name} IS NOT NULL" for name in ERASED)

_SQLITE: Final = {
    "insert": f"""
        CREATE TRIGGER IF NOT EXISTS {TABLE}_insert BEFORE INSERT ON {TABLE}
        WHEN NEW.seq IS NOT (SELECT COALESCE(MAX(seq), 0) + 1 FROM {TABLE})
        BEGIN SELECT RAISE(ABORT, 'the audit record grows at its end only'); END""",
    "update": f"""
        CREATE TRIGGER IF NOT EXISTS {TABLE}_update BEFORE UPDATE ON {TABLE}
        WHEN OLD.member IS NULL OR {_LEFT} OR {_SQLITE_CHANGED}
        BEGIN SELECT RAISE(ABORT, 'a row of the audit record can only be redacted'); END""",
    "delete": f"""
        CREATE TRIGGER IF NOT EXISTS {TABLE}_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'no row of the audit record can be deleted'); END""",
}
_POSTGRESQL: Final = f"""
DO $$ BEGIN  -- quicker to write by half, where the server was built with it
  ALTER TABLE {TABLE} ALTER COLUMN member SET COMPRESSION lz4;
EXCEPTION WHEN feature_not_supported THEN NULL;
END $$;
DO $$ DECLARE one record; BEGIN  -- who may append, by the owner's default privileges, may also forget
  FOR one IN SELECT grantee FROM information_schema.role_table_grants
    WHERE table_schema = current_schema() AND table_name = '{TABLE}' AND privilege_type = 'INSERT'
      AND grantee NOT IN (current_user, 'PUBLIC')
  LOOP EXECUTE 'GRANT DELETE ON {REPLIES} TO ' || quote_ident(one.grantee); END LOOP;
END $$;
CREATE OR REPLACE FUNCTION {TABLE}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.seq IS DISTINCT FROM (SELECT COALESCE(MAX(seq), 0) + 1 FROM {TABLE}) THEN
      RAISE EXCEPTION 'the audit record grows at its end only';
    END IF;
    RETURN NEW;
  ELSIF TG_OP = 'UPDATE' THEN
    IF OLD.member IS NULL OR {_LEFT} OR {_POSTGRESQL_CHANGED} THEN
      RAISE EXCEPTION 'a row of the audit record can only be redacted';
    END IF;
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'no row of the audit record can be deleted';
END $$;
CREATE OR REPLACE TRIGGER {TABLE}_insert BEFORE INSERT ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION {TABLE}_guard();
CREATE OR REPLACE TRIGGER {TABLE}_update BEFORE UPDATE ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION {TABLE}_guard();
CREATE OR REPLACE TRIGGER {TABLE}_delete BEFORE DELETE ON {TABLE}
  FOR EACH ROW EXECUTE FUNCTION {TABLE}_guard();
CREATE OR REPLACE TRIGGER {TABLE}_truncate BEFORE TRUNCATE ON {TABLE}
  FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_guard();
"""
_GUARDS: Final = {
    "sqlite": {f"{TABLE}_{name}" for name in _SQLITE},
    "postgresql": {f"{TABLE}_{name}" for name in ("insert", "update", "delete", "truncate")},
}
_ENABLED: Final = {
    "sqlite": f"SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{TABLE}'",
    "postgresql": f"SELECT tgname FROM pg_trigger WHERE tgrelid = to_regclass('{TABLE}')"
    " AND tgenabled IN ('O', 'A') AND NOT tgisinternal",
}


def create(connection: Connection) -> None:
    """Create the tables and their guards, within the caller's transaction."""
    metadata.create_all(connection)
    if connection.dialect.name == "sqlite":
        for statement in _SQLITE.values():
            connection.exec_driver_sql(statement)
    else:
        connection.exec_driver_sql(_POSTGRESQL)


def missing_guards(connection: Connection) -> tuple[str, ...]:
    """The names of the guards that are missing or disabled."""
    name = connection.dialect.name
    return tuple(sorted(_GUARDS[name] - set(connection.execute(text(_ENABLED[name])).scalars())))
