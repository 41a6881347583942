"""Redaction: member data goes, the chain holds; and who may do what in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from payer_policy.audit import (
    AuditError,
    AuditLog,
    Entry,
)
from payer_policy.audit.tables import REPLIES, TABLE
from payer_policy.audit.verifying import verify
from tests.audit.conftest import Clock, Place


def test_a_redaction_erases_and_the_chain_holds(place: Place, entries: dict[str, Entry]) -> None:
    with place.open() as log:
        log.append([*entries.values(), *entries.values()])
        total = log.head().count
        head = log.head()

        count, receipt = log.redact(
            by="privacy office", why="order 7", claim_number="SYN-837-WASTE"
        )

        assert (count, receipt and receipt.seq) == (2, total + 1)
        rows = list(log.rows())
        erased = [row.seq for row in rows[:-1] if row.member is None]
        assert len(erased) == 2 and rows[-1].answer["rows"] == [[seq, seq] for seq in erased]
        assert rows[-1].answer["by"] == "privacy office" and rows[-1].answer["why"] == "order 7"
        assert log.find("SYN-837-WASTE") == []
        assert "SYN-837-WASTE" not in repr(rows)
        checked = verify(log.rows(), head)  # an older head is still in the record
        assert (checked.findings, checked.redacted) == ((), 2)
        assert log.redact(by="a", why="b", claim_number="SYN-837-WASTE") == (0, None)
        assert log.head().count == total + 1


def test_redaction_by_member_and_by_age(place: Place, entries: dict[str, Entry]) -> None:
    clock = Clock()
    with place.open(clock=clock) as log:
        log.append(list(entries.values()))
        clock.now += timedelta(days=30)
        log.append(list(entries.values()))
        member = next(entry.member_id for entry in entries.values() if entry.member_id)
        of_member = sum(entry.member_id == member for entry in entries.values())

        new, _ = log.redact(by="a", why="b", member_id=member, before=clock.now - timedelta(days=1))
        assert new == of_member
        old, receipt = log.redact(by="a", why="retention", before=clock.now - timedelta(days=1))
        assert old == len(entries) - of_member
        again, _ = log.redact(by="a", why="the rest", member_id=member)
        assert again == of_member
        assert receipt is not None
        checked = verify(log.rows())
        assert (checked.findings, checked.redacted) == ((), len(entries) + of_member)


def test_nothing_of_an_erased_part_stays_in_the_file(tmp_path: Path, answers: Any) -> None:
    path = tmp_path / "audit.db"
    with AuditLog.open(path, clock=Clock()) as log:
        log.append([log.entry(*answers["SYN-837-WASTE"])] * 20)
        wal = path.with_name("audit.db-wal")
        assert b"SYN-837-WASTE" in path.read_bytes() + wal.read_bytes()

        log.redact(by="a", why="b", before=datetime(2030, 1, 1, tzinfo=UTC))

        left = path.read_bytes() + (wal.read_bytes() if wal.exists() else b"")
        assert b"SYN-837-WASTE" not in left


@pytest.mark.parametrize(
    "how",
    [
        {"by": "a", "why": "b"},
        {"by": " ", "why": "b", "claim_number": "x"},
        {"by": "a", "why": "", "claim_number": "x"},
        {"by": "a", "why": "b\n", "claim_number": "x"},
        {"by": "a", "why": "b" * 501, "claim_number": "x"},
        {"by": "a", "why": "b", "before": datetime(2025, 1, 1)},
    ],
)
def test_a_redaction_says_which_rows_who_and_why(how: Any, tmp_path: Path) -> None:
    with AuditLog.open(tmp_path / "audit.db", clock=Clock()) as log, pytest.raises(ValueError):
        log.redact(**how)


# --- roles in PostgreSQL -------------------------------------------------------------------------


def test_a_role_that_may_only_insert_can_serve(
    request: pytest.FixtureRequest, entries: dict[str, Entry]
) -> None:
    server = request.getfixturevalue("server")
    entry = next(iter(entries.values()))
    server.execute("CREATE SCHEMA roles")
    AuditLog.open(server.url("roles"), clock=Clock()).close()
    server.execute(
        "CREATE ROLE writer LOGIN",
        "CREATE ROLE auditor LOGIN",
        "CREATE ROLE redactor LOGIN",
        "GRANT USAGE ON SCHEMA roles TO writer, auditor, redactor",
        f"GRANT SELECT ON roles.{TABLE} TO writer, auditor, redactor",
        f"GRANT INSERT ON roles.{TABLE} TO writer, redactor",
        f"GRANT UPDATE (member, salt, claim_number, member_id) ON roles.{TABLE} TO redactor",
        f"GRANT SELECT, INSERT ON roles.{REPLIES} TO writer",
        f"GRANT SELECT, DELETE ON roles.{REPLIES} TO redactor",
    )
    asked = entry.claim_number
    with AuditLog.open(server.url("roles", "writer"), clock=Clock()) as log:
        assert log.append([entry])[0].seq == 1
        with pytest.raises(AuditError, match="permission denied"):
            log.redact(by="a", why="b", claim_number=asked)
    with AuditLog.open(server.url("roles", "auditor"), clock=Clock(), create=False) as log:
        assert verify(log.rows()).findings == ()
        with pytest.raises(AuditError, match="permission denied"):
            log.append([entry])
    with AuditLog.open(server.url("roles", "redactor"), clock=Clock()) as log:
        assert log.redact(by="a", why="b", claim_number=asked)[0] == 1
        assert verify(log.rows()).redacted == 1
