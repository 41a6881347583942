"""Whoever owns the database can drop the guards and write what they like: `verify` names each row.

Edits are made with raw SQL on a real record in SQLite and in PostgreSQL, then undone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from payer_policy.audit import AuditError, AuditLog, Entry, Head, Row
from payer_policy.audit.chain import commitment_of, entry_hash
from payer_policy.audit.entries import redaction_entry
from payer_policy.audit.exporting import exported, read_export
from payer_policy.audit.tables import TABLE
from payer_policy.audit.verifying import Fault, verify
from tests.audit.conftest import Place

COLUMNS = [name for name in Row.__dataclass_fields__ if name != "left_out"]
TEXTS = [name for name in COLUMNS if name != "seq"]
NOT_NULL = {"time", "previous", "hash", "kept"}
ROWS = 10
REDACTED = (2, 3)
"""Erased by row 10, the redaction."""

SMALL = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors],
)


@dataclass
class Tampered:
    """A record of ten rows that can be edited and put back."""

    place: Place
    log: AuditLog
    rows: list[Row]
    head: Head

    def edit(self, *statements: str, **values: Any) -> None:
        self.place.run(*statements, **values)

    def findings(self, *, anchored: bool = True) -> tuple[Fault, ...]:
        return verify(self.log.rows(), self.head if anchored else None).findings

    def put_back(self) -> None:
        self.place.run(f"DELETE FROM {TABLE}", f"INSERT INTO {TABLE} SELECT * FROM original")

    def changed(self) -> bool:
        return list(self.log.rows()) != self.rows


@pytest.fixture(scope="module")
def record(places: Callable[[], Place], entries: dict[str, Entry]) -> Iterator[Tampered]:
    place = places()
    log = place.open()
    log.append([*entries.values(), *entries.values()][: ROWS - 1])
    place.run(
        f"UPDATE {TABLE} SET claim_number = NULL, member_id = NULL, member = NULL, salt = NULL "
        "WHERE seq IN (2, 3)"
    )
    # The redaction that says so, with the rows that are wanted here.
    log.append([redaction_entry("privacy office", "order 7", [REDACTED])])
    place.drop_guards()
    place.run(f"CREATE TABLE original AS SELECT * FROM {TABLE}")
    made = Tampered(place, log, list(log.rows()), log.head())
    assert made.head.count == ROWS
    assert made.findings() == ()
    yield made
    log.close()
    place.close()


@pytest.fixture
def tampered(record: Tampered) -> Iterator[Tampered]:
    yield record
    record.put_back()


def named(findings: tuple[Fault, ...]) -> set[int | None]:
    return {finding.seq for finding in findings}


# --- one edit ------------------------------------------------------------------------------------


@pytest.mark.parametrize("seq", [1, 2, 5, ROWS - 1, ROWS])
@pytest.mark.parametrize("column", TEXTS)
def test_a_changed_field_is_named(tampered: Tampered, column: str, seq: int) -> None:
    old = getattr(tampered.rows[seq - 1], column)
    tries = ["0" * 64, "{}", "x", (old or "") + " ", None if column not in NOT_NULL else ""]
    if old:
        tries += [old[:-1], old.swapcase(), old[:7] + "0" + old[8:]]
    for new in tries:
        if new == old or (new is None and column in NOT_NULL):
            continue
        tampered.edit(f"UPDATE {TABLE} SET {column} = :new WHERE seq = :seq", new=new, seq=seq)

        found = named(tampered.findings(anchored=False))
        if (column, seq) == ("kept", ROWS):  # nor does the redaction account for its rows then
            assert found >= {seq}, new
        else:
            assert found == {seq}, (column, new)
        tampered.put_back()


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("hash", "its hash is not the one written"),
        ("previous", "its previous hash is not the one written"),
        ("commitment", "its commitment is not the one written"),
        ("time", "its time, what is kept of it, or its commitment is not as written"),
        ("member", "its member part or salt is not the one written"),
        ("salt", "its member part or salt is not the one written"),
        ("claim_number", "its claim number (column claim_number) is not that of its member part"),
    ],
)
def test_what_differs_is_told(tampered: Tampered, column: str, words: str) -> None:
    tampered.edit(f"UPDATE {TABLE} SET {column} = :new WHERE seq = 5", new="1" * 64)

    assert tampered.findings() == (Fault(5, "changed", words),)


@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_a_removed_row_is_named(tampered: Tampered, seq: int) -> None:
    tampered.edit(f"DELETE FROM {TABLE} WHERE seq = :seq", seq=seq)

    found = tampered.findings()
    assert Fault(seq, "removed", f"row {seq} is not in the record") in found
    if seq != ROWS:  # without the redaction, the erased rows are not accounted for
        assert named(found) == {seq}


@pytest.mark.parametrize("first", range(1, ROWS + 1))
def test_rows_cut_off_are_seen_with_a_head(tampered: Tampered, first: int) -> None:
    tampered.edit(f"DELETE FROM {TABLE} WHERE seq >= :first", first=first)

    removed = [one for one in tampered.findings() if one.kind == "removed"]
    assert [one.seq for one in removed] == [first]


def test_rows_that_changed_places_are_named(tampered: Tampered) -> None:
    for a, b in ((1, 2), (4, 5), (5, ROWS), (2, 7)):
        tampered.edit(
            f"UPDATE {TABLE} SET seq = 99 WHERE seq = {a}",
            f"UPDATE {TABLE} SET seq = {a} WHERE seq = {b}",
            f"UPDATE {TABLE} SET seq = {b} WHERE seq = 99",
        )

        found = tampered.findings()
        assert Fault(a, "moved", f"this was written as row {b}") in found
        assert Fault(b, "moved", f"this was written as row {a}") in found
        tampered.put_back()


def test_removal_with_renumbering_is_named(tampered: Tampered) -> None:
    tampered.edit(
        f"DELETE FROM {TABLE} WHERE seq = 4",
        f"UPDATE {TABLE} SET seq = -seq WHERE seq > 4",
        f"UPDATE {TABLE} SET seq = -seq - 1 WHERE seq < 0",
    )

    moved = [one.seq for one in tampered.findings(anchored=False) if one.kind == "moved"]
    assert moved == [4, 5, 6, 7, 8, 9]


def test_a_row_put_in_is_named(tampered: Tampered) -> None:
    columns = ", ".join(TEXTS)
    tampered.edit(
        f"UPDATE {TABLE} SET seq = -seq WHERE seq > 4",
        f"UPDATE {TABLE} SET seq = -seq + 1 WHERE seq < 0",
        f"INSERT INTO {TABLE} (seq, {columns}) SELECT 5, {columns} FROM {TABLE} WHERE seq = 4",
    )

    found = tampered.findings(anchored=False)
    assert Fault(5, "moved", "this was written as row 4") in found
    assert {6, 7, 8, 9, 10, 11} <= named(found)


@pytest.mark.parametrize("seq", [0, -1, 12, 2**62])
def test_a_row_outside_of_the_numbers_is_seen(tampered: Tampered, seq: int) -> None:
    columns = ", ".join(TEXTS)
    tampered.edit(
        f"INSERT INTO {TABLE} (seq, {columns}) SELECT {seq}, {columns} FROM {TABLE} WHERE seq = 1"
    )

    assert seq in named(tampered.findings(anchored=False))


def test_a_row_written_anew_with_its_own_hash_is_named(tampered: Tampered) -> None:
    """Also one that is right by itself: the next row says what it was."""
    row = tampered.rows[4]
    kept = row.kept.replace("approve", "deny")
    assert kept != row.kept
    hash_ = entry_hash(row.seq, row.time, row.previous, kept, row.commitment)
    tampered.edit(
        f"UPDATE {TABLE} SET kept = :kept, hash = :hash WHERE seq = 5", kept=kept, hash=hash_
    )

    assert tampered.findings() == (Fault(5, "changed", "row 6 was chained to another row 5"),)


def test_a_chain_written_anew_is_seen_with_a_head(tampered: Tampered) -> None:
    """The whole chain from one row on: only a head that was kept elsewhere can tell."""
    previous = tampered.rows[3].hash
    for row in tampered.rows[4:]:
        hash_ = entry_hash(row.seq, row.time + "0", previous, row.kept, row.commitment)
        tampered.edit(
            f"UPDATE {TABLE} SET time = :time, previous = :previous, hash = :hash WHERE seq = :seq",
            time=row.time + "0", previous=previous, hash=hash_, seq=row.seq,
        )  # fmt: skip
        previous = hash_

    assert tampered.findings(anchored=False) == ()
    (finding,) = tampered.findings()
    assert (finding.seq, finding.kind) == (ROWS, "other record")


def test_another_member_part_with_a_commitment_of_its_own_is_named(tampered: Tampered) -> None:
    row = tampered.rows[4]
    assert row.member is not None and row.salt is not None
    member = row.member.replace("approve", "deny")
    tampered.edit(
        f"UPDATE {TABLE} SET member = :member, commitment = :commitment WHERE seq = 5",
        member=member, commitment=commitment_of(row.salt, member),
    )  # fmt: skip

    assert named(tampered.findings(anchored=False)) == {5}


def test_an_erasure_without_a_redaction_is_named(tampered: Tampered) -> None:
    tampered.edit(
        f"UPDATE {TABLE} SET member = NULL, salt = NULL, claim_number = NULL, member_id = NULL "
        "WHERE seq IN (5, 6)"
    )

    assert [(one.seq, one.kind) for one in tampered.findings()] == [(5, "erased"), (6, "erased")]


def test_a_redaction_that_was_not_carried_out_is_named(tampered: Tampered) -> None:
    """The member part came back, from a backup say."""
    tampered.log.append([redaction_entry("x", "y", [(5, 5)])])

    (finding,) = tampered.findings()
    assert (finding.seq, finding.kind) == (5, "not erased")


def test_a_redaction_covers_no_row_after_it(tampered: Tampered) -> None:
    """Nobody can be given leave in advance to erase what comes."""
    tampered.log.append([redaction_entry("x", "y", [(11, 10**9)])])
    tampered.log.append([Entry(tampered.rows[0].kept, None, None, "0" * 64)])

    assert [(one.seq, one.kind) for one in tampered.findings()] == [(12, "erased")]


# --- any edits -----------------------------------------------------------------------------------

SEQ = st.integers(1, ROWS)
EDIT = st.one_of(
    st.tuples(st.just("set"), SEQ, st.sampled_from(TEXTS), SEQ, st.sampled_from(TEXTS)),
    st.tuples(st.just("null"), SEQ, st.sampled_from(sorted(set(TEXTS) - NOT_NULL))),
    st.tuples(st.just("delete"), SEQ),
    st.tuples(st.just("swap"), SEQ, SEQ),
    st.tuples(st.just("copy"), SEQ, st.integers(-1, ROWS + 3)),
    st.tuples(st.just("cut"), SEQ),
)


def statement(edit: tuple[Any, ...]) -> list[str]:
    match edit:
        case ("set", seq, column, other, source):
            # A long text finds no room in an index of PostgreSQL.
            value = f"(SELECT SUBSTR({source}, 1, 2000) FROM original WHERE seq = {other})"
            if column in NOT_NULL:
                value = f"COALESCE({value}, '')"
            return [f"UPDATE {TABLE} SET {column} = {value} WHERE seq = {seq}"]
        case ("null", seq, column):
            return [f"UPDATE {TABLE} SET {column} = NULL WHERE seq = {seq}"]
        case ("delete", seq):
            return [f"DELETE FROM {TABLE} WHERE seq = {seq}"]
        case ("swap", a, b):
            return [
                f"UPDATE {TABLE} SET seq = 99 WHERE seq = {a}",
                f"UPDATE {TABLE} SET seq = {a} WHERE seq = {b} AND {a} <> {b}",
                f"UPDATE {TABLE} SET seq = {b} WHERE seq = 99",
            ]
        case ("copy", seq, to):
            columns = ", ".join(TEXTS)
            return [
                f"INSERT INTO {TABLE} (seq, {columns}) SELECT {to}, {columns} FROM original "
                f"WHERE seq = {seq} AND NOT EXISTS (SELECT 1 FROM {TABLE} WHERE seq = {to})"
            ]
        case ("cut", seq):
            return [f"DELETE FROM {TABLE} WHERE seq >= {seq}"]
    raise AssertionError(edit)


@SMALL
@given(edits=st.lists(EDIT, min_size=1, max_size=4))
def test_no_edits_go_unseen(record: Tampered, edits: list[tuple[Any, ...]]) -> None:
    record.put_back()
    record.edit(*(one for edit in edits for one in statement(edit)))
    assume(record.changed())

    findings = record.findings()

    assert findings
    before, after = ({row.seq: row for row in rows} for rows in (record.rows, record.log.rows()))
    differing = {seq for seq in before.keys() | after.keys() if before.get(seq) != after.get(seq)}
    # Of a run of removed rows the first is named, with the last.
    removed = {seq for seq in differing if seq in before and seq not in after}
    assert named(findings) >= differing - removed
    assert {seq for seq in removed if seq - 1 not in removed} <= named(findings)


# --- exported files ------------------------------------------------------------------------------


@SMALL
@given(edits=st.lists(EDIT, min_size=1, max_size=3))
def test_an_export_shows_what_the_database_shows(
    record: Tampered, edits: list[tuple[Any, ...]]
) -> None:
    record.put_back()
    record.edit(*(one for edit in edits for one in statement(edit)))

    lines = [line.encode() for line in exported(record.log.rows())]

    assert verify(read_export(lines), record.head) == verify(record.log.rows(), record.head)
    assert list(read_export(lines)) == list(record.log.rows())


def test_lines_of_an_export_that_were_moved_doubled_or_spoilt_are_named(tampered: Tampered) -> None:
    lines = [line.encode() for line in exported(tampered.rows)]

    def found(lines: list[bytes]) -> list[tuple[int | None, str]]:
        checked = verify(read_export(lines), tampered.head)
        return [(one.seq, one.kind) for one in checked.findings]

    assert found(lines) == []
    assert found([*lines[:3], lines[4], lines[3], *lines[5:]]) == [(4, "moved")]
    assert found([*lines[:3], lines[2], *lines[3:]]) == [(3, "inserted")]
    assert found([*lines[:3], *lines[4:]]) == [(4, "removed")]
    assert found(lines[:4])[:1] == [(2, "erased")] and (5, "removed") in found(lines[:4])
    assert found([*lines[:-1], lines[-1][:-1]])[-1] == (None, "damaged")
    for spoilt in (
        b"\n", b"{}\n", b"[1]\n", b"\xff\n", b"{" * 10_000 + b"\n", b'{"seq":1,"seq":2}\n',
        lines[3].replace(b'"seq":4', b'"seq":4.0'), lines[3].replace(b'"seq":4', b'"seq":true'),
        lines[3].replace(b'"salt"', b'"sald"'), lines[3].replace(b'"seq":4', b'"seq":' + b"9" * 5000),
    ):  # fmt: skip
        assert set(found([*lines[:3], spoilt, *lines[4:]])) >= {(4, "removed"), (None, "damaged")}


def test_an_export_without_member_parts_still_verifies(tampered: Tampered) -> None:
    lines = [line.encode() for line in exported(tampered.rows, members=False)]

    checked = verify(read_export(lines), tampered.head)

    assert (checked.findings, checked.left_out, checked.redacted) == ((), ROWS, 0)
    for row in tampered.rows:
        for text in (row.claim_number, row.member_id, row.salt):
            assert text is None or text.encode() not in b"".join(lines)
    spoilt = [lines[0].replace(b'"approve"', b'"deny"', 1), *lines[1:]]
    assert [(one.seq, one.kind) for one in verify(read_export(spoilt)).findings] == [(1, "changed")]


def test_an_export_is_stable_json(tampered: Tampered) -> None:
    once, again = list(exported(tampered.rows)), list(exported(tampered.log.rows()))

    assert once == again
    for line, row in zip(once, tampered.rows, strict=True):
        value = json.loads(line)
        assert value["kept"] == row.answer and value["member"] == row.about_member


def test_a_text_that_is_not_canonical_is_not_made_so(tampered: Tampered) -> None:
    row = replace(tampered.rows[4], kept=tampered.rows[4].kept.replace(":", ": ", 1))

    (line,) = exported([row])
    assert list(read_export([line.encode()])) == [row]


def _lines(log: AuditLog) -> list[bytes]:
    return [line.encode() for line in exported(log.rows())]


def test_values_of_other_types_are_named(tmp_path: Path, entries: dict[str, Entry]) -> None:
    """An owner may lay out the table anew; SQLite then holds anything anywhere."""
    place = Place(str(tmp_path / "audit.db"), "sqlite")
    with place.open() as log:
        log.append(list(entries.values())[:4])
        place.drop_guards()
        place.run(
            f"CREATE TABLE other AS SELECT * FROM {TABLE}",
            f"DROP TABLE {TABLE}",
            f"ALTER TABLE other RENAME TO {TABLE}",
        )
        assert verify(log.rows()).findings == ()
        for value in ("x'c328'", "7", "1.5", "CAST(x'c328' AS TEXT)", "NULL"):
            for column in COLUMNS:
                place.run(f"UPDATE {TABLE} SET {column} = {value} WHERE seq = 2")
                assert verify(log.rows()).findings, (column, value)
                with suppress(AuditError):
                    assert verify(read_export(_lines(log))).findings
                place.run(f"DELETE FROM {TABLE}")
                log.append(list(entries.values())[:4])
    place.close()


def test_of_very_many_findings_the_first_are_told() -> None:
    bad = [
        Row(seq, "t", "0" * 64, "0" * 64, "{}", None, None, None, None, None)
        for seq in range(1, 2501)
    ]
    checked = verify(iter(bad))

    assert len(checked.findings) == 1000
    assert checked.more >= 1500
