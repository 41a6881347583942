"""The deployment: only what passes comes into force, whole; else the old stays, and it is said once."""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.engines.protocol import EngineUnavailable
from payer_policy.service.deployment import Deployed, Deployment, Event, sources, watching
from payer_policy.service.deployment.sources import age, kind_of
from tests.bundle.making import MORE_UNITS, POLICY, bundle, key, write
from tests.policy.checks.building import BASE

TRUSTED = [key().public]
OVERLAY = "south/iron/2024-01-01.json"


def claim(units: int = 301) -> dict[str, Any]:
    """A synthetic claim of more units than the policy allows."""
    line = {"code": "J1756", "units": units, "date": "2024-06-03"}
    return {"id": "SYN-1", "coverage": {"payer": "NORTH1"}, "lines": [line],
            "facts": {"therapy.phase": "repeat"}}  # fmt: skip


def allowed(deployed: Deployed | None, units: int = 301) -> object:
    """How many units the policies in force allow: 300, or what `limit` says."""
    assert deployed is not None
    (one,) = deployed.engine.decide(claim(units)).determinations
    return one.lines[0].allowed_units


def limit(most: int) -> dict[str, Any]:
    return {"edit": {POLICY: [['"value": 300', f'"value": {most}']]}}


def built(most: int) -> str:
    return f"2026-01-01T00:{most // 60:02}:{most % 60:02}Z"


def quick(source: Path, *trusted: Any, **more: Any) -> Deployment:
    return Deployment(source, trusted, settle=0, interval=0.01, **more)


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [event.kind for event in events]


def codes(events: tuple[Event, ...]) -> list[str]:
    return [one.code for event in events for one in event.problems]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    return write(tmp_path)[0]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> dict[int, bytes]:
    """Bundles by the units that they allow."""
    root = tmp_path_factory.mktemp("bundles")
    return {
        most: bundle(root / str(most), limit(most) if most != 300 else {}, built=built(most))
        for most in (300, 298, 299)
    }


# --- a plain folder -------------------------------------------------------------------------------


def test_a_folder_comes_into_force_and_stays_while_nothing_changes(policies: Path) -> None:
    one = quick(policies)
    assert one.current is None

    (event,) = one.look()

    current = one.current
    assert current is not None
    assert (event.kind, event.before, event.in_force) == ("swapped", None, current.hash)
    assert event.notes == ("a plain folder, not signed",)
    assert (current.hash, current.sequence, current.manifest) == (current.folder_hash, 1, None)
    assert allowed(current) == 300
    assert one.look() == one.look() == ()
    os.utime(policies / POLICY)  # touched, not changed
    (policies / "README.md").write_text("For people.", "utf-8")
    assert one.look() == ()
    assert one.current is current


def test_an_edit_is_swapped_in_and_the_old_object_goes_on(policies: Path) -> None:
    one = quick(policies)
    one.look()
    before = one.current
    text = (policies / POLICY).read_text("utf-8")

    (policies / POLICY).write_text(text.replace('"value": 300', '"value": 299'), "utf-8")
    (event,) = one.look()

    assert before is not None and one.current is not None
    assert (event.kind, event.before, event.in_force) == ("swapped", before.hash, event.hash)
    assert [allowed(before), allowed(one.current)] == [300, 299]
    assert one.current.sequence == 2


def test_a_bad_edit_keeps_the_old_and_is_told_once(policies: Path) -> None:
    one = quick(policies)
    one.look()
    current = one.current
    text = (policies / POLICY).read_text("utf-8")

    (policies / POLICY).write_text(text.replace('"manual"]', '"manuel"]'), "utf-8")
    (policies / OVERLAY).write_text("{", "utf-8")
    events = one.look()

    assert kinds(events) == ["refused"]
    assert set(codes(events)) == {"unknown-citation", "json-syntax"}
    assert (events[0].before, events[0].in_force) == (current and current.hash,) * 2
    assert "did you mean `manual`?" in events[0].text()
    assert f"{current and current.hash[:12]} stays in force" in events[0].text()
    assert one.current is current
    assert one.look() == one.look() == ()
    assert one.refused == events

    # Another fault is told; then it is right again, as another policy.
    (policies / OVERLAY).write_text("[", "utf-8")
    assert kinds(one.look()) == ["refused"] and one.look() == ()
    shutil.copy(BASE / OVERLAY, policies / OVERLAY)
    (policies / POLICY).write_text(text.replace('"value": 300', '"value": 299'), "utf-8")
    assert kinds(one.look()) == ["swapped"]
    assert allowed(one.current) == 299
    assert one.refused == ()


def test_an_edit_that_is_taken_back_is_told_too(policies: Path) -> None:
    one = quick(policies)
    one.look()
    current, text = one.current, (policies / POLICY).read_text("utf-8")
    (policies / POLICY).write_text("{", "utf-8")
    one.look()

    (policies / POLICY).write_text(text, "utf-8")
    events = one.look()

    assert kinds(events) == ["recovered"] and one.current is current
    assert "the refused policies are no longer there" in events[0].text()
    assert one.look() == () and one.refused == ()


def test_policies_that_are_gone_are_named(policies: Path) -> None:
    one = quick(policies)
    one.look()

    shutil.rmtree(policies / "south")
    assert one.look()[0].notes == (
        "no longer there: south/iron",
        "a plain folder, not signed",
    )
    shutil.rmtree(policies / "north")
    assert one.look()[0].notes[:2] == ("no longer there: north/iron", "it has no policies")


def test_a_folder_that_goes_away_keeps_the_old(policies: Path) -> None:
    one = quick(policies)
    one.look()
    policies.rename(policies.with_name("away"))

    assert codes(one.look()) == ["no-folder"] and one.look() == ()
    assert allowed(one.current) == 300
    policies.write_bytes(b"now a file")
    assert codes(one.look()) == ["no-folder"]
    policies.unlink()
    policies.with_name("away").rename(policies)
    assert kinds(one.look()) == ["recovered"]


def test_the_first_of_all_may_come_late(tmp_path: Path) -> None:
    one = quick(tmp_path / "policies")

    (event,) = one.look()
    assert codes((event,)) == ["unreadable"] and one.look() == ()
    assert "nothing is in force, so nothing can be decided" in event.text()
    assert one.current is None
    write(tmp_path)
    assert kinds(one.look()) == ["swapped"]
    assert allowed(one.current) == 300


def test_the_whole_folder_by_one_rename_of_a_link(tmp_path: Path) -> None:
    """As Kubernetes and many deployment tools change a folder."""
    for name, case in (("one", {}), ("two", limit(299))):
        (tmp_path / name).mkdir()
        write(tmp_path / name, case)
    link = tmp_path / "policies"
    link.symlink_to("one/policies")
    one = quick(link)
    one.look()

    (tmp_path / "new").symlink_to("two/policies")
    (tmp_path / "new").replace(link)

    assert kinds(one.look()) == ["swapped"]
    assert allowed(one.current) == 299


def test_what_is_still_being_written_is_not_taken(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the two readings of a look, somebody goes on copying."""
    one = quick(policies)
    one.look()
    current, text = one.current, (policies / POLICY).read_text("utf-8")
    real, steps = sources.found_folder, iter(range(5))

    def read_while_somebody_writes(source: Path) -> sources.Candidate:
        if (step := next(steps, None)) is not None:
            (policies / POLICY).write_text(text[: 200 * step], "utf-8")
        return real(source)

    monkeypatch.setattr(sources, "found_folder", read_while_somebody_writes)

    assert [one.look(), one.look()] == [(), ()]
    assert one.current is current and one.refused == () and one.unsettled == 2
    steps = iter(())
    (policies / POLICY).write_text(text.replace('"value": 300', '"value": 299'), "utf-8")
    assert kinds(one.look()) == ["swapped"]
    assert one.unsettled == 0


def test_what_is_written_without_end_is_told(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = sources.found_folder, iter(range(10_000))

    def read_while_somebody_writes(source: Path) -> sources.Candidate:
        (policies / OVERLAY).write_text(f"[{next(count)}]", "utf-8")
        return real(source)

    monkeypatch.setattr(sources, "found_folder", read_while_somebody_writes)
    one = quick(policies)
    with one:
        assert one.current is None
        assert codes(one.refused) == ["changed-while-read"]
    monkeypatch.setattr(sources, "found_folder", real)
    shutil.copy(BASE / OVERLAY, policies / OVERLAY)
    assert kinds(one.look()) == ["swapped"] and one.refused == ()


def test_a_start_waits_for_what_is_just_being_written(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, text = sources.found_folder, (policies / POLICY).read_text("utf-8")
    steps = iter([text[:100], text[:500], text[:900], text])

    def read_while_somebody_writes(source: Path) -> sources.Candidate:
        if (step := next(steps, None)) is not None:
            (policies / POLICY).write_text(step, "utf-8")
        return real(source)

    monkeypatch.setattr(sources, "found_folder", read_while_somebody_writes)
    told: list[Event] = []
    with quick(policies, on_event=told.append) as one:
        assert allowed(one.current) == 300
    assert kinds(tuple(told)) == ["swapped"]


def test_the_two_readings_are_apart(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    real = sources.found_folder
    monkeypatch.setattr(sources, "found_folder", lambda source: done.append("read") or real(source))
    one = Deployment(policies, settle=0.25)
    monkeypatch.setattr(one._stopping, "wait", lambda seconds: done.append(seconds))

    one.look()
    assert done == ["read", 0.25, "read"]
    one.look()  # nothing new: nothing to wait for, and nothing is read twice
    assert done == ["read", 0.25, "read", "read"]


# --- bundles --------------------------------------------------------------------------------------


def test_a_bundle_is_taken_from_who_is_trusted_alone(
    tmp_path: Path, bundles: dict[int, bytes]
) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(bundles[300])

    assert codes(quick(path).look()) == ["no-trusted-key"]
    assert codes(quick(path, key("other").public).look()) == ["untrusted-key"]
    one = quick(path, *TRUSTED)
    (event,) = one.look()
    assert event.notes == ("it was built without scenarios",)
    assert one.current is not None and one.current.manifest is not None
    assert one.current.to_json()["about"]["built"] == built(300)
    assert one.current.to_json()["signed_by"] == key().public.id
    assert one.current.hash != one.current.folder_hash


def test_where_signatures_are_wanted_a_plain_folder_is_refused(policies: Path) -> None:
    one = quick(policies, *TRUSTED)

    (event,) = one.look()
    assert codes((event,)) == ["not-signed"] and one.current is None
    assert "a plain folder has no signature" in event.text()


def test_every_half_of_a_bundle_is_refused_and_the_whole_is_taken(
    tmp_path: Path, bundles: dict[int, bytes]
) -> None:
    path, data = tmp_path / "b.zip", bundles[299]
    path.write_bytes(bundles[300])
    one = quick(path, *TRUSTED)
    one.look()
    current = one.current

    for length in (0, 3, 30, 1_000, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:length])
        assert set(codes(one.look())) <= {"not-a-bundle", "foreign-bytes"}
        assert one.current is current and one.look() == ()
    path.write_bytes(data)
    assert kinds(one.look()) == ["swapped"]
    assert allowed(one.current) == 299


def test_an_older_bundle_is_a_rollback_and_is_said_to_be_one(
    tmp_path: Path, bundles: dict[int, bytes]
) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(bundles[299])
    one = quick(path, *TRUSTED)
    one.look()

    path.write_bytes(bundles[298])
    (event,) = one.look()
    assert (event.kind, event.rollback) == ("swapped", True)
    assert (
        f"a rollback: it was built at {built(298)}, the one before at {built(299)}" in event.text()
    )
    path.write_bytes(bundles[300])
    (event,) = one.look()
    assert (event.kind, event.rollback) == ("swapped", False)


@pytest.mark.parametrize(
    ("before", "after", "older"),
    [
        ({"built": "2026-02-01T00:00:00Z"}, {"built": "2026-01-31T23:59:59Z"}, True),
        ({"built": "2026-02-01T00:00:00Z"}, {"built": "2026-02-01T00:00:00Z"}, False),
        ({"built": "2026-02-01T00:00:00Z"}, {"sequence": 1}, False),
        ({"sequence": 2, "built": "2026-01-01T00:00:00Z"},
         {"sequence": 3, "built": "2025-01-01T00:00:00Z"}, False),
        ({"sequence": 2}, {"sequence": 2}, False),
        ({}, {}, False),
    ],
)  # fmt: skip
def test_what_is_older(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], older: bool
) -> None:
    one = quick(tmp_path / "b.zip", *TRUSTED)
    for name, about, case in (("one", before, {}), ("two", after, MORE_UNITS)):
        (tmp_path / "b.zip").write_bytes(bundle(tmp_path / name, case, **about))
        events = one.look()
    assert [event.rollback for event in events] == [older]


def test_in_a_folder_of_bundles_the_newest_that_passes_is_in_force(
    tmp_path: Path, bundles: dict[int, bytes]
) -> None:
    folder = tmp_path / "bundles"
    folder.mkdir()
    one = quick(folder, *TRUSTED)
    assert codes(one.look()) == ["missing-file"]

    (folder / "2026-9.zip").write_bytes(bundles[300])
    (folder / ".2026-12.zip.1234").write_bytes(b"half of one")
    (folder / "notes.txt").write_bytes(b"for people")
    assert kinds(one.look()) == ["swapped", "recovered"]
    # The newest does not pass: the one before stays, and that is told once.
    (folder / "2026-11.zip").write_bytes(bundles[299][:-1])
    events = one.look()
    assert kinds(events) == ["refused"] and events[0].name.endswith("2026-11.zip")
    assert one.look() == () and allowed(one.current) == 300
    # One between them does.
    (folder / "2026-10.zip").write_bytes(bundles[298])
    assert kinds(one.look()) == ["swapped"] and allowed(one.current) == 298
    assert [event.name for event in one.refused] == [events[0].name]
    # The newest is put right.
    (folder / "2026-11.zip").write_bytes(bundles[299])
    assert kinds(one.look()) == ["swapped"] and allowed(one.current) == 299
    assert one.refused == ()
    # It is damaged in its place: what is in force stays, and no older one comes back.
    (folder / "2026-11.zip").write_bytes(b"PK")
    assert kinds(one.look()) == ["refused"] and one.look() == ()
    assert allowed(one.current) == 299
    # It is taken away: that is a rollback.
    (folder / "2026-11.zip").unlink()
    (event, recovered) = one.look()
    assert (event.kind, event.rollback, recovered.kind) == ("swapped", True, "recovered")
    assert allowed(one.current) == 298
    # All are taken away: the last one stays.
    for path in folder.glob("*.zip"):
        path.unlink()
    assert codes(one.look()) == ["missing-file"] and one.look() == ()
    assert allowed(one.current) == 298


def test_one_bundle_under_a_newer_name_is_no_swap(
    tmp_path: Path, bundles: dict[int, bytes]
) -> None:
    (tmp_path / "1.zip").write_bytes(bundles[300])
    one = quick(tmp_path, *TRUSTED)
    one.look()
    engine = one.current and one.current.engine

    (tmp_path / "2.zip").write_bytes(bundles[300])
    assert one.look() == ()
    (tmp_path / "1.zip").unlink()
    assert one.look() == ()
    assert one.current is not None and one.current.engine is engine
    assert one.current.name.endswith("2.zip")


def test_names_sort_as_people_read_them() -> None:
    names = ["a-2.zip", "a-10.zip", "2026-09-30.zip", "2026-10-01.zip", "a-002.zip", "A.zip",
             "9" * 5_000 + ".zip"]  # fmt: skip
    assert sorted(names, key=age)[-3:] == ["a-002.zip", "a-2.zip", "a-10.zip"]
    assert sorted(names, key=age)[:2] == ["2026-09-30.zip", "2026-10-01.zip"]


def test_what_a_source_is(tmp_path: Path, policies: Path, bundles: dict[int, bytes]) -> None:
    (tmp_path / "empty").mkdir()
    assert kind_of(policies, False) == kind_of(policies, True) == "folder"
    assert kind_of(tmp_path / "empty", False) == "folder"
    assert kind_of(tmp_path / "empty", True) == "bundles"
    assert kind_of(tmp_path / "nowhere", False) == "bundle"
    (tmp_path / "empty" / "b.zip").write_bytes(bundles[300])
    assert kind_of(tmp_path / "empty", False) == "bundles"


# --- while decisions are made ---------------------------------------------------------------------


@pytest.fixture
def often() -> Iterator[None]:
    """Threads change places a thousand times as often, so that a race shows."""
    import sys

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_every_decision_is_by_one_version_alone(
    tmp_path: Path, bundles: dict[int, bytes], often: None
) -> None:
    path = tmp_path / "b.zip"
    path.write_bytes(bundles[300])
    wrong: list[object] = []
    seen: set[tuple[str, object]] = set()
    done = threading.Event()
    expected = {}
    for most, data in bundles.items():
        path.write_bytes(data)
        each = quick(path, *TRUSTED)
        each.look()
        assert each.current is not None
        outcome = each.current.engine.decide(claim())
        expected[each.current.hash] = (outcome, most)
        assert outcome.determinations[0].lines[0].allowed_units == most
    path.write_bytes(bundles[300])

    def decide(deployment: Deployment) -> None:
        while not done.is_set():
            try:
                taken = deployment.current
                assert taken is not None
                outcome, most = expected[taken.hash]
                if taken.engine.decide(claim()) != outcome:
                    wrong.append(taken.hash)
                seen.add((taken.hash, most))
            except BaseException as error:
                wrong.append(error)

    with quick(path, *TRUSTED) as one:
        held = one.current
        threads = [threading.Thread(target=decide, args=(one,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for turn in range(9):
            beside = tmp_path / "new"
            beside.write_bytes(bundles[(299, 298, 300)[turn % 3]])
            beside.replace(path)
            wait_for(lambda turn=turn: one.current.sequence >= turn + 2)  # type: ignore[misc,union-attr]
        done.set()
        for thread in threads:
            thread.join()

    assert wrong == []
    assert {most for _, most in seen} == {300, 299, 298}
    assert allowed(held) == 300  # taken before nine swaps, and still what it was
    assert one.current is not None and one.current.sequence == 10


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.002)


def test_the_thread_tells_and_goes_on_whatever_the_listener_does(policies: Path) -> None:
    told: list[Event] = []

    def listen(event: Event) -> None:
        told.append(event)
        raise RuntimeError("the log is full")

    one = quick(policies, on_event=listen)
    with one:
        assert one.current is not None  # at once, so that a service can begin
        one.start()  # a second time does nothing
        (policies / POLICY).write_text("{", "utf-8")
        wait_for(lambda: len(told) == 2)
        policies.rename(policies.with_name("away"))
        build_in_place(policies, limit(299))
        wait_for(lambda: one.current is not None and one.current.sequence == 2)
    assert [event.sequence for event in told] == list(range(1, len(told) + 1))
    assert told[-1].kind == "swapped" and allowed(one.current) == 299
    before = threading.active_count()
    shutil.rmtree(policies)
    time.sleep(0.05)
    assert one.refused == () and threading.active_count() == before  # nobody looks any more
    assert kinds(one.look()) == ["refused"]  # unless asked


def build_in_place(policies: Path, case: dict[str, Any]) -> None:
    from tests.policy.checks.building import build

    build(case, policies.with_name("beside"))
    policies.with_name("beside").rename(policies)


def test_before_the_swap_everything_is_ready(
    policies: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = quick(policies)
    one.look()
    assert one.current is not None
    compiled: list[object] = []
    real = Engine._compile
    monkeypatch.setattr(Engine, "_compile", lambda *a: compiled.append(a) or real(*a))

    assert allowed(one.current) == 300
    assert compiled == []


def test_a_fault_of_ours_stops_nothing(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = quick(policies)
    one.look()

    def fail(*_: object) -> None:
        raise ZeroDivisionError("words with data in them")

    (policies / POLICY).write_text(
        (policies / POLICY).read_text("utf-8").replace('"value": 300', '"value": 299'), "utf-8"
    )
    with monkeypatch.context() as patch:
        patch.setattr(watching, "warm_up", fail)
        events = one.look()
        assert codes(events) == ["internal"] and "ZeroDivisionError" in events[0].text()
        assert "data" not in events[0].text() and allowed(one.current) == 300
        patch.setattr(sources, "found_folder", fail)
        assert codes(one.look()) == ["internal"] and one.look() == ()
    assert gc.isenabled()
    assert allowed(one.current) == 300


def test_an_engine_that_is_not_there(policies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="fastest"):
        Deployment(policies, engine="fastest")
    monkeypatch.setattr(watching, "why_unavailable", lambda name: "install it")
    with pytest.raises(EngineUnavailable, match="install it"):
        Deployment(policies)


def test_events_are_values_with_a_time_only_from_a_clock(policies: Path) -> None:
    def clock() -> datetime:
        return datetime(2026, 1, 31, 8, tzinfo=UTC)

    (event,) = quick(policies, clock=clock).look()
    (without,) = quick(policies).look()

    assert event.at == "2026-01-31T08:00:00.000+00:00" and without.at is None
    assert event == without == replace(event)
    assert event.to_json() == {
        "schema": "payer-policy/deployment-event/1",
        "kind": "swapped",
        "sequence": 1,
        "name": policies.as_posix(),
        "hash": event.hash,
        "in_force": event.hash,
        "before": None,
        "problems": [],
        "notes": ["a plain folder, not signed"],
        "rollback": False,
        "expires": None,
        "at": "2026-01-31T08:00:00.000+00:00",
    }
