"""Signed heads: a record that was cut or written anew, with a chain that holds in itself, is found."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import pytest

from payer_policy.audit import AuditError, AuditLog, Entry, Head, Row, heads
from payer_policy.audit.chain import entry_hash
from payer_policy.audit.heads import HeadWriter, append_head, read_heads
from payer_policy.audit.tables import TABLE
from payer_policy.audit.verifying import Fault, verify
from payer_policy.bundle.signing import PrivateKey, generate
from tests.audit.conftest import Clock, Place
from tests.audit.test_cli import audit

ROWS = 11
SIGNED = (3, 6, 9)
"""The rows at which a head was signed; rows 10 and 11 came later."""


@cache
def _key(name: str) -> PrivateKey:
    return generate()


def key(name: str = "auditor") -> PrivateKey:
    """A key of this run of the tests, by name."""
    return _key(name)


@dataclass
class Record:
    place: Place
    log: AuditLog
    path: Path
    """The file of heads."""

    def lines(self) -> list[bytes]:
        return self.path.read_bytes().splitlines(keepends=True)

    def findings(self, *trusted: PrivateKey, since: str | None = None) -> tuple[Fault, ...]:
        heads = read_heads(self.lines(), [one.public for one in trusted or (key(),)], since=since)
        found = verify(self.log.rows(), None, [one.head for one in heads.trusted])
        return (*found.findings, *heads.findings)

    def chain_holds(self) -> bool:
        return verify(self.log.rows()).findings == ()

    def cut(self, first: int) -> None:
        self.place.run(f"DELETE FROM {TABLE} WHERE seq >= {first}")

    def rewrite(self, first: int) -> None:
        """Write the chain anew from a row on, each hash rightly made."""
        rows = list(self.log.rows())
        self.cut(first)
        previous = rows[first - 2].hash if first > 1 else "0" * 64
        for row in rows[first - 1 :]:
            kept = row.kept.replace('"approve"', '"deny"').replace('"0.1.0"', '"0.1.1"')
            made = entry_hash(row.seq, row.time, previous, kept, row.commitment)
            new = replace(row, previous=previous, kept=kept, hash=made)
            names = [name for name in Row.__dataclass_fields__ if name != "left_out"]
            self.place.run(
                f"INSERT INTO {TABLE} ({', '.join(names)}) VALUES (:{', :'.join(names)})",
                **{name: getattr(new, name) for name in names},
            )
            previous = made


def sign(record: Record, by: str = "auditor", **more: float) -> Head | None:
    made = append_head(record.path, record.log, key(by), Clock(), **more)
    return None if made is None else made.head


@pytest.fixture
def record(place: Place, entries: dict[str, Entry], tmp_path: Path) -> Record:
    made = Record(place, place.open(), tmp_path / "heads.jsonl")
    for number, entry in enumerate(([*entries.values()] * 2)[:ROWS], 1):
        made.log.append([entry])
        if number in SIGNED:
            assert sign(made) == made.log.head()
    place.drop_guards()
    return made


def test_a_record_that_is_as_it_was_written(record: Record) -> None:
    assert record.findings() == ()
    assert [json.loads(line)["row"] for line in record.lines()] == [*SIGNED]


@pytest.mark.parametrize("first", range(1, ROWS + 1))
def test_a_chain_written_anew_is_found_at_the_first_head_behind(record: Record, first: int) -> None:
    record.rewrite(first)

    assert record.chain_holds()
    behind = [row for row in SIGNED if row >= first]
    found = record.findings()
    if not behind:
        assert found == ()
        return
    (one,) = found
    before = max([row for row in SIGNED if row < first], default=0)
    assert (one.seq, one.kind) == (behind[0], "rewritten")
    assert one.message == (
        "it does not have the hash of its signed head"
        + (", nor do later ones, up to row 9" if len(behind) > 1 else "")
        + f"; rewriting began at one of the rows {before + 1} to {behind[0]}"
    )


@pytest.mark.parametrize("first", range(1, ROWS + 1))
def test_rows_cut_off_up_to_the_last_head_are_found(record: Record, first: int) -> None:
    record.cut(first)

    assert record.chain_holds()
    many = f"rows {first} to 9 are" if first < 9 else "row 9 is"
    expected = (Fault(first, "removed", f"{many} not in the record"),) if first <= 9 else ()
    assert record.findings() == expected


def test_rows_cut_off_and_replaced_by_as_many_others(
    record: Record, entries: dict[str, Entry]
) -> None:
    record.cut(8)
    record.log.append([entries["SYN-REFILL-1"]] * 5)

    assert record.chain_holds()
    assert [(one.seq, one.kind) for one in record.findings()] == [(9, "rewritten")]


def changed(name: str, value: object) -> Callable[[list[bytes]], list[bytes]]:
    def edit(lines: list[bytes]) -> list[bytes]:
        content = {**json.loads(lines[1]), name: value}
        return [lines[0], (json.dumps(content, separators=(",", ":")) + "\n").encode(), lines[2]]

    return edit


NOT_A_HEAD = "line 2 of the file of heads is not a signed head"
FORGED = "line 2 of the file of heads (row {row}) does not have the signature of the key"


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        (changed("hash", "0" * 64), FORGED.format(row=6)),
        (changed("row", 5), FORGED.format(row=5)),
        (changed("time", "2030-01-01T00:00:00.000000Z"), FORGED.format(row=6)),
        (changed("signature", "0" * 128), FORGED.format(row=6)),
        (changed("signature", "00"), FORGED.format(row=6)),
        (changed("key", "0" * 64), "line 2 of the file of heads (row 6) is signed by the key 0000"),
        (changed("key", ["0"]), NOT_A_HEAD),
        (changed("row", "6"), NOT_A_HEAD),
        (changed("row", True), NOT_A_HEAD),
        (changed("format", "payer-policy/audit-head/2"), NOT_A_HEAD),
        (changed("more", 1), NOT_A_HEAD),
        (lambda lines: [lines[0], b"\n", lines[2]], NOT_A_HEAD),
        (lambda lines: [lines[0], b" " + lines[1], lines[2]], NOT_A_HEAD),
        (lambda lines: [lines[0], b"[" * 900 + b"\n", lines[2]], NOT_A_HEAD),
        (lambda lines: [lines[0], lines[1][:-1]], f"{NOT_A_HEAD} (it has no line end: the file was"),
    ],
)  # fmt: skip
def test_a_head_that_is_not_as_it_was_signed_is_named(
    record: Record, edit: Callable[[list[bytes]], list[bytes]], words: str
) -> None:
    record.path.write_bytes(b"".join(edit(record.lines())))

    (one,) = record.findings()
    assert (one.seq, one.kind) == (None, "forged head")
    assert one.message.startswith(words)


def test_heads_of_another_key_count_for_nothing(record: Record) -> None:
    record.rewrite(2)
    record.path.unlink()
    sign(record, "somebody")

    found = record.findings()
    assert [one.kind for one in found] == ["forged head", "stale heads"]
    assert f"by the key {key('somebody').public.id[:16]}…, which is not trusted" in found[0].message


def test_a_new_key_beside_the_old(record: Record) -> None:
    sign(record, "next")

    assert record.findings(key(), key("next")) == ()
    assert [one.kind for one in record.findings()] == ["forged head"]


@pytest.mark.parametrize(
    ("left", "since", "kinds"),
    [
        (3, None, []),
        (3, "2025-06-01T12:00:01.000000Z", []),
        (3, "2025-06-01T12:00:01.000001Z", ["stale heads"]),
        (1, None, []),
        (0, None, ["stale heads"]),
    ],
)
def test_heads_that_are_older_than_expected(
    record: Record, left: int, since: str | None, kinds: list[str]
) -> None:
    """An old copy of the file, with a record that was cut to it: only a time tells."""
    record.path.write_bytes(b"".join(record.lines()[:left]))
    record.cut(4)
    if left == 3:
        record.path.write_bytes(record.lines()[0])

    assert [one.kind for one in record.findings(since=since)] == kinds


def test_heads_of_another_record(record: Record, places: Callable[[], Place]) -> None:
    other = places()
    with other.open(clock=Clock()) as log:
        log.append([Entry('{"format":"payer-policy/audit/2","kind":"refusal"}')] * 3)
        record.path.unlink()
        append_head(record.path, log, key(), Clock())
    other.close()

    assert [(one.seq, one.kind) for one in record.findings()] == [(3, "rewritten")]


def test_two_heads_of_one_row_that_differ(record: Record) -> None:
    record.rewrite(9)
    record.path.rename(record.path.with_suffix(".old"))
    record.cut(10)
    sign(record)
    record.path.write_bytes(record.path.with_suffix(".old").read_bytes() + record.path.read_bytes())

    found = {(one.seq, one.message) for one in record.findings()}
    assert (9, "two signed heads of this row differ") in found


# --- signing -------------------------------------------------------------------------------------


def test_a_head_is_signed_only_when_it_has_changed(record: Record) -> None:
    assert sign(record) == record.log.head()
    assert sign(record) is None
    assert len(record.lines()) == 4
    record.log.append([Entry('{"format":"payer-policy/audit/2","kind":"refusal"}')])
    assert sign(record, every=60) is None  # the last one is younger than that
    assert sign(record, every=0) is not None


def test_an_empty_record_has_no_head_to_sign(place: Place, tmp_path: Path) -> None:
    with place.open() as log:
        assert append_head(tmp_path / "heads", log, key(), Clock()) is None
    assert (tmp_path / "heads").read_bytes() == b""


@pytest.mark.parametrize(
    ("tamper", "words"),
    [
        (lambda record: record.cut(9), "row 9 is not in the record; no head was signed"),
        (lambda record: record.rewrite(5), "row 9 does not have the hash of the head signed at 20"),
    ],
)
def test_a_record_that_was_rewritten_is_never_signed(
    record: Record, tamper: Callable[[Record], None], words: str
) -> None:
    before = record.path.read_bytes()
    tamper(record)

    with pytest.raises(AuditError, match=words):
        sign(record)
    assert record.path.read_bytes() == before


def test_a_line_that_a_loss_of_power_cut_is_taken_away(record: Record) -> None:
    record.path.write_bytes(b"".join(record.lines()) + record.lines()[0][:100])

    assert sign(record) == record.log.head()
    assert [json.loads(line)["row"] for line in record.lines()] == [*SIGNED, ROWS]


@pytest.mark.parametrize("content", [b"notes\n", b"\n", b"x" * 5000 + b"\n"])
def test_another_file_is_left_alone(record: Record, content: bytes) -> None:
    record.path.write_bytes(content)

    with pytest.raises(AuditError, match="its last line is not a signed head; name another file"):
        sign(record)
    assert record.path.read_bytes() == content


def test_several_that_sign_in_one_file(record: Record, entries: dict[str, Entry]) -> None:
    entry = entries["SYN-REFILL-1"]

    def work() -> None:
        with record.place.open() as log:
            for _ in range(10):
                log.append([entry])
                append_head(record.path, log, key(), Clock())

    threads = [threading.Thread(target=work) for _ in range(3)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    rows = [json.loads(line)["row"] for line in record.lines()]
    assert rows == sorted(set(rows)) and rows[-1] == ROWS + 30
    assert record.findings() == ()


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not come to be so"
        time.sleep(0.01)


def test_a_writer_signs_at_the_start_then_and_again_and_at_the_end(
    record: Record, entries: dict[str, Entry]
) -> None:
    entry, heads, errors = entries["SYN-REFILL-1"], [], []
    record.path.unlink()
    writer = HeadWriter(
        record.path, record.log, key(), _real, 0.05, heads.append, errors.append
    )  # fmt: skip
    assert len(record.lines()) == 1
    record.log.append([entry])
    until(lambda: len(record.lines()) == 2)
    time.sleep(0.2)  # nothing changes, so nothing is signed
    assert len(record.lines()) == 2
    record.log.append([entry])
    writer.close()

    assert [one.head.count for one in heads] == [ROWS, ROWS + 1, ROWS + 2]
    assert record.findings() == () and errors == []


def test_a_writer_reports_what_stands_in_the_way_and_goes_on(record: Record) -> None:
    heads: list[object] = []
    errors: list[Exception] = []
    writer = HeadWriter(record.path, record.log, key(), _real, 0.02, heads.append, errors.append)
    whole = record.path.read_bytes()
    record.path.write_bytes(whole + b"notes\n")
    until(lambda: len(errors) > 2)
    record.path.write_bytes(whole)
    record.log.append([Entry('{"format":"payer-policy/audit/2","kind":"refusal"}')])
    until(lambda: len(heads) == 2)
    writer.close()

    assert "its last line is not a signed head" in str(errors[0])


def test_a_database_that_hangs_does_not_keep_a_process_from_ending(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(heads, "LAST_SECONDS", 0.2)
    go_on = threading.Event()
    writer = HeadWriter(record.path, record.log, key(), _real, 60)
    monkeypatch.setattr(record.log, "head", lambda: go_on.wait(20))
    start = time.monotonic()
    writer.close()

    assert time.monotonic() - start < 5
    go_on.set()


def _real() -> object:
    from datetime import UTC, datetime

    return datetime.now(UTC)


# --- the command line ----------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    private, public = tmp_path / "auditor.private.pem", tmp_path / "auditor.public.pem"
    private.touch(mode=0o600)
    private.write_bytes(key().pem())
    public.write_bytes(key().public.pem)
    return str(private), str(public)


def test_heads_on_the_command_line(record: Record, files: Sequence[str]) -> None:
    (private, public), heads = files, str(record.path)
    call = ("verify", record.place.url, "--heads", heads, "--trust", public)
    told = audit(*call)  # the guards were dropped, which is told as well
    assert "  Every row is as it was written, and 3 signed heads are in it.\n" in told.output
    assert "  Rows 10 to 11 were written after it; nothing signed covers them yet.\n" in told.output

    signed = audit("head", record.place.url, "--sign", private, "--heads", heads)
    assert (signed.exit_code, signed.output) == (
        0,
        f"{heads}: signed the head {record.log.head()}\n",
    )
    again = audit("head", record.place.url, "--sign", private, "--heads", heads)
    assert again.output.endswith(
        "the head has not changed since the last one; nothing was signed.\n"
    )
    line = audit("head", record.place.url, "--sign", private).stdout_bytes
    (one,) = read_heads([line], [key().public]).trusted
    assert one.head == record.log.head()
    assert "written after it" not in audit(*call).output
    value = json.loads(audit(*call, "--json").output)
    assert (value["signed_heads"], value["newest_signed_head"]) == (4, str(record.log.head()))

    record.rewrite(5)
    told = audit(*call)
    assert told.exit_code == 1
    assert "    row 6, rewritten: it does not have the hash of its signed head" in told.output
    refused = audit("head", record.place.url, "--sign", private, "--heads", heads)
    assert refused.exit_code == 1 and "no head was signed (audit verify --heads)" in refused.output
    stale = audit(*call, "--heads-since", "2099-01-01")
    assert "stale heads: the newest signed head is of " in stale.output


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (["verify", "x", "--heads", "h"], "--heads FILE and --trust PUBLIC.pem go together"),
        (["verify", "x", "--trust", "h"], "--heads FILE and --trust PUBLIC.pem go together"),
        (["verify", "x", "--heads-since", "2026-01-01"], "--heads FILE and --trust PUBLIC.pem go"),
        (["verify", "x", "--heads", "nowhere", "--trust", "{public}"], "nowhere: no such file"),
        (["head", "x", "--heads", "h"], "--heads needs --sign PRIVATE.pem"),
        (["head", "x", "--sign", "nowhere.pem"], "nowhere.pem: no such file"),
    ],
)
def test_wrong_calls(
    call: list[str], words: str, files: Sequence[str], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)

    told = audit(*(part.format(public=files[1]) for part in call))

    assert told.exit_code == 2 and words in " ".join(told.output.split())
