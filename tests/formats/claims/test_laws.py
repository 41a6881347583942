"""Laws that hold for every input: nothing raises, nothing is lost, nothing changes in transport."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy.core.diagnostics import PolicyError
from payer_policy.formats import Intake, read_requests, read_supplements
from payer_policy.formats.intake import guarded
from payer_policy.formats.x12.segment_reader import Segment, Segments
from payer_policy.request.models import MAX_LINES, Request
from tests.examples import examples
from tests.formats.claims.rendering import CASES

X12_FILES = sorted(p for p in CASES.iterdir() if p.suffix in (".837", ".837i", ".278"))
JSON_FILES = sorted(
    p
    for p in CASES.iterdir()
    if p.name.startswith("synthetic-")
    and p.suffix in (".json", ".jsonl")
    and not p.name.endswith(".requests.json")
)
SOURCES = [*X12_FILES, *JSON_FILES]
ONE_INTERCHANGE = [p for p in X12_FILES if "two-interchanges" not in p.name]


for first in (b"?", b"PAR1"):  # what is imported on first use takes no example's time
    read_requests(first, "f")


def sound(data: bytes) -> list[Intake]:
    """Read, and check what must be true of every reading."""
    intakes = read_requests(data, "f")
    assert intakes, "every file has something to say"
    lines = data.count(b"\n") + 1
    for intake in intakes:
        errors = [d for d in intake.diagnostics if d.severity == "error"]
        assert (intake.request is None) or not errors
        assert intake.request is not None or intake.diagnostics, "a refusal gives its reason"
        for found in intake.diagnostics:
            assert found.code != "internal-error", found.message
            assert found.location.start is not None
            assert 1 <= found.location.start.line <= lines
            assert found.location.start.column >= 1
            found.message.encode()  # no half characters
            (found.hint or "").encode()
        assert len((intake.claim_id or "").splitlines()) < 2
    return intakes


def by_number(intakes: list[Intake]) -> dict[tuple[str | None, str | None], Request]:
    return {(i.claim_id, i.frequency): i.request for i in intakes if i.request}


# --- nothing raises ------------------------------------------------------------------------------


@given(st.binary(max_size=400))
def test_no_bytes_raise(data: bytes) -> None:
    sound(data)
    sound(b"ISA*" + data)
    sound(b"{" + data)
    sound(b"[" + data)
    try:
        read_supplements(data, "f")
        read_supplements(b'{"a":' + data, "f")
    except PolicyError as error:
        assert error.diagnostics


@given(st.sampled_from(SOURCES), st.data())
@settings(max_examples=examples(300))
def test_no_damage_to_a_good_file_raises(path: Path, data: st.DataObject) -> None:
    content = path.read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        end = min(len(content), start + data.draw(st.integers(0, 30)))
        middle = data.draw(
            st.binary(max_size=8)
            | st.sampled_from(
                [b"~", b"*", b":", b'"', b"}", b"null", b"1e999", b"\xff", b"\\ud800"]
            )
        )
        content = content[:start] + middle + content[end:]
    sound(content)


POOL = sorted(
    {
        tuple(item.elements)
        for path in ONE_INTERCHANGE
        for item in Segments(path.read_text(encoding="utf-8"))
        if isinstance(item, Segment) and item.id != "ISA"
    }
)
ISA = (CASES / "synthetic-professional-wastage.837").read_text(encoding="utf-8").split("\n")[0]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(POOL),
            st.integers(0, 9),
            st.sampled_from(["", "-1", "x:y", "9" * 30, ":"]),
        ),
        max_size=40,
    )
)
@settings(max_examples=examples(300))
def test_segments_in_any_order_do_not_raise(drawn: list[tuple[tuple[str, ...], int, str]]) -> None:
    out = [ISA, "GS*HC*A*B*20240101*0000*1*X*005010X222A1~", "ST*837*1~"]
    for elements, where, other in drawn:
        changed = list(elements)
        if 0 < where < len(changed):
            changed[where] = other
        out.append("*".join(changed) + "~")
    sound("\n".join(out).encode())


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from([*Request.model_fields, "code", "units", "date", "modifiers", "x"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON_VALUES, st.booleans())
@settings(max_examples=examples(300))
def test_no_json_raises(value: object, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    sound(text.encode("utf-8", "surrogatepass"))
    sound(
        f'{{"id": "A", "lines": [{{"code": {text}}}], "facts": {text}}}'.encode("utf-8", "replace")
    )


def much_of_the_same(count: int) -> dict[str, bytes]:
    """X12 that says one thing over and over."""
    return {
        "many broken ISAs": b"ISA*1~" * (5 * count),
        "many empty segments": ISA.encode() + b"~" * (50 * count),
        "claims without anything": (ISA + "ST*837*1~" + "CLM*A~" * count).encode(),
        "many levels": (ISA + "ST*837*1~" + "HL*1**20~HL*2*1*22~HL*3*2*23~" * count).encode(),
        "a level that says everything twice": (
            ISA
            + "ST*837*1~HL*1**20~HL*2*1*22~"
            + "NM1*IL*1*A*B****MI*1~NM1*IL*1*A*B****MI*2~" * count
            + "CLM*A~" * (count // 10)
        ).encode(),
    }


HOSTILE = {
    "nothing": b"",
    "blanks": b" \r\n\t ",
    "a byte-order mark": b"\xef\xbb\xbf",
    "NULs": b"\x00" * 1000,
    "UTF-16": '{"id": "A"}'.encode("utf-16"),
    "a million brackets": b"[" * 1_000_000,
    "a million braces": b'{"a":' * 1_000_000,
    "a deep fact": b'{"facts": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
    "5000 digits": b'{"lines": [{"code": "A", "units": ' + b"9" * 5000 + b"}]}",
    "a text without an end": b'{"id": "' + b"a" * 6_000_000,
    "a lone surrogate": b'{"id": "\\ud800"}',
    "a wide file of nothing": b"[" + b"{}," * 25_000 + b"{}]",
    "many unknown keys": b"{" + b",".join(b'"k%d": 1' % i for i in range(50_000)) + b"}",
    "many separators": b"ISA" + b"*" * 1_000_000,
    "one endless segment": ISA.encode() + b"GS" + b"*" * 3_000_000,
    **much_of_the_same(20_000),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_in_good_time(name: str) -> None:
    began = time.monotonic()
    intakes = sound(HOSTILE[name])
    assert time.monotonic() - began < 20
    if name != "a wide file of nothing":
        assert not any(intake.request for intake in intakes)


# --- nothing changes in transport ----------------------------------------------------------------


def re_encoded(
    text: str, element: str, component: str, terminator: str, line_break: str, width: int
) -> str:
    """The same interchange with other separators and line breaks."""
    out = []
    for item in Segments(text):
        assert isinstance(item, Segment)
        elements = [e.replace(item.separators.component, component) for e in item.elements]
        if item.id == "ISA":
            elements[16] = component
        out.append(element.join(elements) + terminator + line_break)
    joined = "".join(out)
    if width:
        joined = "\r\n".join(joined[i : i + width] for i in range(0, len(joined), width))
    return joined


MARKS = st.lists(
    st.sampled_from("*|:>!\\{}+%=?`\x1c\x1d\x1e\x1f\x07§"), min_size=3, max_size=3, unique=True
)


@given(
    st.sampled_from(ONE_INTERCHANGE),
    MARKS,
    st.sampled_from(["", "\n", "\r\n", "\r", "\n\n "]),
    st.sampled_from(["", "\ufeff", "\n\n", "\ufeff  \r\n"]),
    st.sampled_from([0, 80, 131]),
)
@settings(max_examples=examples(200), deadline=None)
def test_separators_and_line_breaks_change_nothing(
    path: Path, marks: list[str], line_break: str, lead: str, width: int
) -> None:
    text = path.read_text(encoding="utf-8")
    element, component, terminator = marks
    other = re_encoded(text, element, component, terminator, "" if width else line_break, width)
    was, now = by_number(sound(text.encode())), by_number(sound((lead + other).encode()))
    assert was
    assert was == now


def other_marks() -> list[tuple[Path, str]]:
    """Each file with each mark that it does not use for something else."""
    texts = {path: path.read_text(encoding="utf-8") for path in ONE_INTERCHANGE}
    return [(p, mark) for p, text in texts.items() for mark in ":>^|<\\" if mark not in text[106:]]


@pytest.mark.parametrize(("path", "mark"), other_marks(), ids=lambda x: getattr(x, "name", x))
def test_a_composite_separated_by_another_mark_than_the_isa_says(path: Path, mark: str) -> None:
    text = path.read_text(encoding="utf-8")
    isa, rest = text[:106], text[106:]
    other = isa + rest.replace(text[104], mark)
    assert by_number(sound(text.encode())) == by_number(sound(other.encode()))


@given(st.sampled_from(ONE_INTERCHANGE))
def test_lower_case_changes_no_code(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    kept = ("units", "charge", "code", "modifiers", "date", "revenue_code", "ndc", "ndc_quantity")
    was, now = (
        [
            [(tuple(getattr(line, name) for name in kept)) for line in intake.request.lines]
            for intake in sound(data.encode())
            if intake.request
        ]
        for data in (text, text.lower())
    )
    assert was == now


# --- nothing is lost -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.name)
def test_a_truncated_file_never_gives_another_request(path: Path) -> None:
    content = path.read_bytes()
    whole = by_number(sound(content))
    for length in range(len(content)):
        intakes = sound(content[:length])
        part = by_number(intakes)
        for key, request in part.items():
            # A claim refused for its duplicate is read alone while the duplicate is cut off.
            assert whole.get(key, request) == request, f"cut at {length}"
        if whole.keys() - part.keys():
            trailing = not content[length:].strip()
            told = any(d.severity == "error" for i in intakes for d in i.diagnostics)
            assert told or trailing or _between_wholes(content, length), f"cut at {length}"


def _between_wholes(content: bytes, length: int) -> bool:
    """Whether the cut is between two requests of JSON Lines or two interchanges."""
    before, after = content[:length].rstrip(), content[length:].lstrip(b"~\r\n\xef\xbb\xbf ")
    return before.endswith(b"}") or after.startswith(b"ISA")


def test_a_fault_of_this_program_is_one_claims_and_is_told() -> None:
    [good] = read_requests(b'{"id": "A"}', "f")
    assert guarded(lambda: good, "A", good.place) is good
    refused = guarded(lambda: [good][1], "A", good.place)
    assert (refused.claim_id, refused.request) == ("A", None)
    assert [d.code for d in refused.diagnostics] == ["internal-error"]


def test_a_large_claim_is_read_and_a_larger_one_is_counted() -> None:
    base = (CASES / "synthetic-professional-wastage.837").read_text(encoding="utf-8")
    head = base.partition("LX*1~")[0]

    def claim(lines: int) -> list[Intake]:
        body = "".join(f"LX*{i}~SV1*HC:J0475*1*UN*1***1~" for i in range(1, lines + 1))
        total = head.replace("*1480*", f"*{lines}*")
        return sound(f"{total}{body}SE*{23 + 2 * lines}*0001~GE*1*101~IEA*1*000000101~".encode())

    [good] = [i for i in claim(MAX_LINES) if not i.is_note]
    assert good.request is not None
    assert len(good.request.lines) == MAX_LINES
    [bad] = [i for i in claim(MAX_LINES + 1) if not i.is_note]
    assert [(d.code, "found 1000 lines" in d.message) for d in bad.diagnostics] == [
        ("too-many-lines", True)
    ]
    listed = json.dumps({"id": "A", "lines": [{"code": "J0475"}] * (MAX_LINES + 1)})
    [bad] = sound(listed.encode())
    assert [d.code for d in bad.diagnostics] == ["too-many-lines"]


def test_many_claims_are_read_in_linear_time() -> None:
    base = (CASES / "synthetic-professional-wastage.837").read_text(encoding="utf-8")
    head, _, rest = base.partition("HL*2*1*22*0~\n")
    first = rest.partition("HL*3")[0]
    count = 2_000
    body = "".join(
        f"HL*{i}*1*22*0~\n{first}".replace("SYN-1001", f"SYN-{i}") for i in range(2, count + 2)
    )
    segment_count = 11 + count * (first.count("~") + 1) + 1
    began = time.monotonic()
    intakes = sound(f"{head}{body}SE*{segment_count}*0001~GE*1*101~IEA*1*000000101~".encode())
    assert time.monotonic() - began < 10
    assert len([i for i in intakes if i.request]) == count
    assert len(intakes) == count
