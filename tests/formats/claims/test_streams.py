"""Read as a stream, a file gives what it gives as a whole, in whatever portions it comes."""

from __future__ import annotations

import io
import pickle
import tracemalloc
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats import Intake, intake_x12, x12_loops, x12_text
from payer_policy.formats.x12 import levels as x12_levels
from payer_policy.formats.x12.file import read_x12
from payer_policy.formats.x12.segment_reader import Segment, Segments, reading
from tests.examples import examples
from tests.formats.claims.rendering import CASES
from tests.formats.claims.test_laws import HOSTILE, ISA, much_of_the_same

SAMPLES = sorted(p for p in CASES.iterdir() if p.suffix in (".837", ".837i", ".835", ".278"))


def portions(text: str, size: int) -> io.BytesIO:
    """A file that gives so many bytes at a time."""

    class Slow(io.BytesIO):
        def read1(self, wanted: int | None = -1, /) -> bytes:
            return super().read1(size)

        def read(self, wanted: int | None = -1, /) -> bytes:
            return super().read(size)

    return Slow(text.encode("utf-8", "surrogateescape"))


def streamed(text: str, size: int) -> list[Intake]:
    """As a batch reads it: in portions, claims handed from process to process some at a time."""
    found = []
    parts = x12_loops(x12_text(portions(text, size)), "f")
    while some := list(islice(parts, 200)):
        for part in pickle.loads(pickle.dumps(some)):
            found.append(intake_x12(part, "f"))
    return found


def in_order(intakes: list[Intake]) -> list[Intake]:
    return sorted(intakes, key=lambda i: (i.place.start or (0, 0), i.claim_id or "", str(i)))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_a_stream_gives_the_same_claims_and_messages(path: Path, size: int) -> None:
    text = path.read_text(encoding="utf-8")

    assert in_order(streamed(text, size)) == in_order(read_x12(text, "f"))


@given(
    st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=2),
    st.sampled_from([0, 40, 80]),
    st.booleans(),
    st.lists(
        st.tuples(
            st.integers(0, 4000),
            st.integers(0, 20),
            st.sampled_from(["", "~", "*", "\n", "ISA*", "IEA*1", "\r\n\r\n", "SE*1*1~", "é"]),
        ),
        max_size=3,
    ),
    st.integers(1, 500),
)
@settings(max_examples=examples(150), deadline=None)
def test_a_damaged_file_too(
    paths: list[Path],
    width: int,
    one_line: bool,
    damage: list[tuple[int, int, str]],
    size: int,
) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in paths)
    if one_line:
        text = text.replace("\n", "")
    if width:
        text = "\n".join(text[at : at + width] for at in range(0, len(text), width))
    for at, length, other in damage:
        text = text[:at] + other + text[at + length :]
    if not text.startswith("ISA"):
        text = ISA + text

    assert in_order(streamed(text, size)) == in_order(read_x12(text, "f"))


@given(st.sampled_from(SAMPLES), st.integers(1, 60))
def test_a_segment_knows_its_place_however_it_was_read(path: Path, size: int) -> None:
    text = path.read_text(encoding="utf-8")
    rest = [text[at : at + size] for at in range(0, len(text), size)]
    parts = iter(rest)

    found = list(Segments(lambda _: next(parts, "")))

    assert found == list(Segments(reading(text)))
    lines = text.split("\n")
    for one in found:
        assert isinstance(one, Segment)
        line, column = one.start
        assert lines[line - 1][column - 1 :].startswith(one.elements[0])
        assert one.excerpt == lines[line - 1]


MONOTONOUS = much_of_the_same(2_000)  # many portions' worth; ten times as much is read in test_laws
HOSTILE_X12 = {name: data for name, data in HOSTILE.items() if data.startswith(b"ISA")} | MONOTONOUS


@pytest.mark.parametrize("name", HOSTILE_X12)
def test_hostile_files_are_refused_alike(name: str) -> None:
    text = HOSTILE_X12[name].decode()

    assert in_order(streamed(text, 1 << 12)) == in_order(read_x12(text, "f"))


def many_claims(count: int) -> Iterator[str]:
    """A file of many subscribers in one transaction set, piece by piece."""
    base = (CASES / "synthetic-professional-wastage.837").read_text(encoding="utf-8")
    head, _, rest = base.partition("HL*2*1*22*0~\n")
    first = rest.partition("HL*3")[0]
    yield head
    for number in range(2, count + 2):
        yield f"HL*{number}*1*22*0~\n{first}".replace("SYN-1001", f"SYN-{number}")
    segment_count = 11 + count * (first.count("~") + 1) + 1
    yield f"SE*{segment_count}*0001~GE*1*101~IEA*1*000000101~"


def most_memory(pieces: Iterator[str]) -> tuple[int, int]:
    """How many requests a file holds that comes in pieces, and the most memory that reading it takes."""
    tracemalloc.start()
    found = 0
    for part in x12_loops(lambda _: next(pieces, ""), "f"):
        assert not isinstance(part, Diagnostic)
        found += intake_x12(part, "f").request is not None
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return found, peak


def test_memory_does_not_grow_with_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is kept of a file at most, made smaller, so that a file need not be large to be more.
    monkeypatch.setattr(x12_levels, "_MAX_LEVELS", 30)

    few, small = most_memory(many_claims(200))
    many, large = most_memory(many_claims(600))

    assert (few, many) == (200, 600)
    assert large < small * 1.2, (small, large)


def many_requests(count: int) -> Iterator[str]:
    """A file of many 278 requests, each in a set of its own, piece by piece."""
    base = (CASES / "synthetic-review-requests.278").read_text(encoding="utf-8")
    head, _, rest = base.partition("ST*278*0001")
    first = "ST*278*0001" + rest.partition("ST*278*0002")[0]
    yield head
    for number in range(count):
        yield first.replace("SYN-PA-1*", f"SYN-{number}*")
    yield f"GE*{count}*301~IEA*1*000000301~"


def test_memory_does_not_grow_with_the_number_of_requests() -> None:
    few, small = most_memory(many_requests(200))
    many, large = most_memory(many_requests(800))

    assert (few, many) == (200, 800)
    assert large < small * 1.2, (small, large)
