"""Which signed bundles may be deployed now: none that is older, expired, or without a sequence."""

from __future__ import annotations

import json
import os
import random
import stat
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from payer_policy.bundle.archive import MANIFEST, unpack
from payer_policy.bundle.manifest import About, Manifest, read_manifest
from payer_policy.bundle.problems import BundleError
from payer_policy.service.deployment.guarding import SCHEMA, Guard
from tests.bundle.making import bundle, key, write
from tests.service.deployment.test_deployment import TRUSTED, codes, kinds, limit, quick

NEXT = datetime(2027, 2, 1, tzinfo=UTC)
"""The first moment after the last day of the bundles that expire here."""
LAST = NEXT - timedelta(microseconds=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Bundles by what is said of them; each is of other policies."""
    known: dict[tuple[Any, ...], bytes] = {}

    def make(sequence: int | None = None, expires: date | None = None) -> bytes:
        asked = (sequence, expires)
        if asked not in known:
            root = tmp_path_factory.mktemp("made")
            case = limit(200 + len(known))
            known[asked] = bundle(root, case, sequence=sequence, expires=expires)
        return known[asked]

    return make


def manifest(sequence: int | None = None, expires: date | None = None) -> Manifest:
    about = About(sequence=sequence, expires=expires)
    return Manifest.model_construct(about=about)


def codes_of(guard: Guard, one: Manifest) -> list[str]:
    try:
        guard.admit("b.zip", one)
    except BundleError as error:
        return [problem.code for problem in error.diagnostics]
    return []


# --- sequences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minimum", "deployed", "sequence", "expected"),
    [
        (None, [], None, []),
        (None, [], 0, []),
        (None, [None], None, []),
        (None, [None], 1, []),
        (None, [5], 6, []),
        (None, [5], 5, []),
        (None, [5], 4, ["older-sequence"]),
        (None, [5], None, ["no-sequence"]),
        (None, [5, 9, 9], 8, ["older-sequence"]),
        (None, [0], None, ["no-sequence"]),
        (7, [], 7, []),
        (7, [], 6, ["older-sequence"]),
        (7, [], None, ["no-sequence"]),
        (7, [9], 8, ["older-sequence"]),
        (0, [], None, ["no-sequence"]),
    ],
)
@pytest.mark.parametrize("how", ["no file", "a file", "a file, restarted"])
def test_a_sequence_never_goes_back(
    tmp_path: Path, minimum: int | None, deployed: list[int | None], sequence: int | None,
    expected: list[str], how: str,
) -> None:  # fmt: skip
    file = None if how == "no file" else tmp_path / "sequence"
    guard = Guard(minimum, file)
    for one in deployed:
        guard.admit("b.zip", manifest(one))
        guard.remember("b.zip", manifest(one))
    if how == "a file, restarted":
        guard = Guard(minimum, file)

    assert codes_of(guard, manifest(sequence)) == expected


def test_an_old_bundle_under_a_newer_name_is_refused(
    tmp_path: Path, made: Callable[..., bytes]
) -> None:
    """As whoever can write to the folder, and has no key, would bring an old policy back."""
    folder, file = tmp_path / "bundles", tmp_path / "sequence"
    folder.mkdir()
    (folder / "2026-11.zip").write_bytes(made(41))
    one = quick(folder, *TRUSTED, sequence_file=file)
    one.look()
    (folder / "2099-01.zip").write_bytes(made(40))

    (event,) = one.look()

    assert (kinds((event,)), codes((event,))) == (["refused"], ["older-sequence"])
    assert "its sequence is 40; 41 or higher was expected" in event.text()
    assert one.look() == ()
    assert one.current is not None and one.current.name.endswith("2026-11.zip")
    (folder / "2026-11.zip").unlink()  # nor is that a way back
    one.look()
    assert one.current.name.endswith("2026-11.zip")

    again = quick(folder, *TRUSTED, sequence_file=file)
    assert codes(again.look()) == ["older-sequence"] and again.current is None
    (folder / "2026-12.zip").write_bytes(made(42))
    again.look()
    assert again.current is not None and again.current.name.endswith("2026-12.zip")
    assert json.loads(file.read_text()) == {"schema": SCHEMA, "sequence": 42}
    assert quick(folder, *TRUSTED).look()[0].kind == "swapped"  # which the file is for


def test_the_lowest_sequence_is_asked_for_at_the_start(
    tmp_path: Path, made: Callable[..., bytes]
) -> None:
    (tmp_path / "b.zip").write_bytes(made(40))

    one = quick(tmp_path / "b.zip", *TRUSTED, minimum_sequence=41)

    assert codes(one.look()) == ["older-sequence"] and one.current is None


@pytest.mark.parametrize("how", [{"minimum_sequence": 1}, {"sequence_file": Path("x")}])
def test_a_sequence_is_asked_of_signed_bundles_only(tmp_path: Path, how: dict[str, Any]) -> None:
    policies, _ = write(tmp_path)

    with pytest.raises(ValueError, match="only signed bundles have a sequence; trust a key"):
        quick(policies, **how)


# --- the file that remembers ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"41", b"[]", b"\xff", b"null", b"[" * 900,
        b'{"sequence": 41}',
        b'{"schema": "payer-policy/highest-sequence/2", "sequence": 41}',
        b'{"schema": "payer-policy/highest-sequence/1", "sequence": "41"}',
        b'{"schema": "payer-policy/highest-sequence/1", "sequence": true}',
        b'{"schema": "payer-policy/highest-sequence/1", "sequence": -1}',
        b'{"schema": "payer-policy/highest-sequence/1", "sequence": 1e3}',
    ],
)  # fmt: skip
def test_a_file_that_is_wrong_lets_nothing_in_until_it_is_right(
    tmp_path: Path, made: Callable[..., bytes], content: bytes
) -> None:
    (tmp_path / "b.zip").write_bytes(made(41))
    file = tmp_path / "sequence"
    file.write_bytes(content)
    one = quick(tmp_path / "b.zip", *TRUSTED, sequence_file=file)

    assert codes(one.look()) == ["not-remembered"]
    assert one.look() == () and one.current is None  # which is told once
    file.write_text(json.dumps({"schema": SCHEMA, "sequence": 41}))
    assert kinds(one.look()) == ["swapped"] and one.refused == ()


def test_what_cannot_be_remembered_is_not_deployed(
    tmp_path: Path, made: Callable[..., bytes]
) -> None:
    (tmp_path / "b.zip").write_bytes(made(41))
    one = quick(tmp_path / "b.zip", *TRUSTED, sequence_file=tmp_path / "gone" / "sequence")

    (event,) = one.look()

    assert codes((event,)) == ["not-remembered"] and one.current is None
    assert "cannot be stored: no such file or directory" in event.text()
    (tmp_path / "gone").mkdir()
    assert kinds(one.look()) == ["swapped"]


def test_processes_that_share_the_file_keep_the_highest(tmp_path: Path) -> None:
    file, numbers = tmp_path / "sequence", list(range(60))
    random.Random(7).shuffle(numbers)
    umask = os.umask(0o022)

    highest = [0]

    def remember(some: list[int]) -> None:
        for number in some:
            try:
                Guard(None, file).remember("b.zip", manifest(number))
            except BundleError as error:
                assert [one.code for one in error.diagnostics] == ["older-sequence"]
                assert json.loads(file.read_text())["sequence"] > number
            else:
                highest.append(number)

    try:
        threads = [threading.Thread(target=remember, args=(numbers[n::3],)) for n in range(3)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    finally:
        os.umask(umask)

    assert json.loads(file.read_text())["sequence"] == max(highest) == 59
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


# --- expiry --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (LAST, []),
        (NEXT, ["expired"]),
        (NEXT.astimezone(timezone(timedelta(hours=-8))), ["expired"]),
        (LAST.astimezone(timezone(timedelta(hours=8))), []),
        (NEXT + timedelta(days=900), ["expired"]),
        (None, []),
    ],
)
def test_the_last_day_is_over_at_midnight_utc(now: datetime | None, expected: list[str]) -> None:
    guard = Guard(clock=None if now is None else lambda: now)

    assert codes_of(guard, manifest(1, date(2027, 1, 31))) == expected
    assert codes_of(guard, manifest(1)) == []


def test_everything_is_told_at_once() -> None:
    guard = Guard(7, clock=lambda: NEXT)

    assert codes_of(guard, manifest(6, date(2027, 1, 31))) == ["expired", "older-sequence"]


def test_an_expired_bundle_is_not_deployed(tmp_path: Path, made: Callable[..., bytes]) -> None:
    (tmp_path / "b.zip").write_bytes(made(41, date(2027, 1, 31)))

    one = quick(tmp_path / "b.zip", *TRUSTED, clock=lambda: NEXT)

    (event,) = one.look()
    assert codes((event,)) == ["expired"] and one.current is None
    assert "its last day was 2027-01-31 (UTC)" in event.text()


def test_a_bundle_that_expires_while_it_decides_stays_and_says_so_once(
    tmp_path: Path, made: Callable[..., bytes]
) -> None:
    now = LAST
    path = tmp_path / "b.zip"
    path.write_bytes(made(41, date(2027, 1, 31)))
    one = quick(path, *TRUSTED, clock=lambda: now)
    (swapped,) = one.look()
    assert (swapped.expires, one.expired) == (date(2027, 1, 31), False)

    now = NEXT
    (event,) = one.look()

    assert (event.kind, one.expired, one.look()) == ("expired", True, ())
    assert event.to_json()["expires"] == "2027-01-31"
    assert event.text().endswith(
        f"expired after 2027-01-31 (UTC); {event.hash[:12]} stays in force"
    )
    assert one.current is not None and one.current.hash == event.hash == event.in_force
    path.write_bytes(made(42))
    assert kinds(one.look()) == ["swapped"]
    assert (one.expired, one.look()) == (False, ())


def test_a_bundle_without_a_last_day_is_written_as_before(made: Callable[..., bytes]) -> None:
    without, with_ = (unpack(made(40, day), "b.zip")[MANIFEST] for day in (None, date(2027, 1, 31)))

    assert b"expires" not in without
    assert b'"expires": "2027-01-31"' in with_
    assert read_manifest(with_, "b.zip").about.expires == date(2027, 1, 31)
    assert key().public.id.encode() in with_
