"""As many claims are answered or refused as a file holds, by a count that is not the reader's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from payer_policy.cli import payer_policy
from payer_policy.formats import X12Loop, intake_x12, read_requests, x12_loops
from payer_policy.formats.x12.claim_loops import ClaimLoop
from tests.batch.building import POLICIES
from tests.formats.claims.rendering import CASES, DATA

NIGHTLY = Path("examples/claims/nightly.837")
FILES = [
    path
    for path in [NIGHTLY, *sorted(CASES.iterdir()), *sorted((DATA / "public").iterdir())]
    if path.suffix in (".837", ".837i", ".278")
]
CLEAN = [p for p in FILES if p.suffix != ".278" and p.parent != DATA / "public"]
# Some of their transaction sets are no requests, and are refused as a whole.
OTHERS = {"synthetic-review-answer-among-requests.278", "synthetic-two-interchanges.837"}


def count(text: str) -> int:
    """How many claims and patient events a text holds, by its marks alone."""
    claims = re.findall(r"(?<![A-Z0-9*])CLM[^A-Z0-9 ]", text, re.IGNORECASE)
    events = re.findall(r"(?<![A-Z0-9*])HL([^A-Z0-9 ])\w*\1\w*\1EV", text)
    return len(claims) + len(events)


def settled(text: str) -> int:
    """How many claims were read or refused."""
    return sum(not intake.is_note for intake in read_requests(text.encode(), "f"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_a_file_holds_is_read_or_refused(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    if path.name not in OTHERS:
        assert settled(text) == count(text) > 0


def glued(segment: str, before: str) -> tuple[str, str]:
    return segment, before.rstrip()[:-1]


DAMAGE: dict[str, Callable[[str, str], tuple[str, str]]] = {
    "a letter is missing": lambda segment, before: (segment.replace("CLM", "CL"), before),
    "one letter is left": lambda segment, before: (segment.replace("CLM", "C"), before),
    "a letter too many": lambda segment, before: (segment.replace("CLM", "CLMX"), before),
    "another letter": lambda segment, before: (segment.replace("CLM", "CLN"), before),
    "the separator is missing": lambda segment, before: (segment.replace("*", "", 1), before),
    "a terminator inside": lambda segment, before: (segment.replace("*", "~", 1), before),
    "no CLM": lambda segment, before: ("", before),
    "the terminator before it is missing": glued,
}


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.name)
def test_a_damaged_claim_is_never_lost(path: Path, name: str) -> None:
    text = path.read_text(encoding="utf-8")
    held, place = settled(text), -1
    while (place := text.find("CLM*", place + 1)) >= 0:
        end = text.index("~", place)
        segment, before = DAMAGE[name](text[place:end], text[:place])
        damaged = before + segment + text[end + (not segment) :]
        assert settled(damaged) == held, (name, text[place:end])
        intakes = read_requests(damaged.encode(), "f")
        codes = {d.code for i in intakes for d in i.diagnostics if d.severity == "error"}
        assert codes & {"lost-claim", "missing-element"}  # a CLM without its number is refused


@pytest.mark.parametrize("hl", ["", "H*6*3*EV*1~", "HX*6*3*EV*1~", "HL6*3*EV*1~"])
@pytest.mark.parametrize("diagnosis", ["", "HI*ABK:G800~"])
def test_a_damaged_event_is_never_lost(hl: str, diagnosis: str) -> None:
    """Also where it follows the services of another."""
    text = (CASES / "synthetic-review-requests.278").read_text(encoding="utf-8")
    second = f"TRN*1*SYN-PA-8*9SYNTHCLIN~UM*HS*I*3*11:B~{diagnosis}HL*7*6*SS*0~SV1*HC:J0945**UN*1~"
    whole = text.replace("SE*33*", f"HL*6*3*EV*1~{second}SE*33*")
    assert settled(whole) == count(whole) == 4

    damaged = text.replace("SE*33*", f"{hl}{second}SE*33*")
    assert settled(damaged) == 4
    first, lost, *_ = [i for i in read_requests(damaged.encode(), "f") if not i.is_note]
    assert first.request is None and lost.request is None
    assert "lost-claim" in {one.code for one in first.diagnostics}
    assert [one.code for one in lost.diagnostics] == ["lost-claim"]


def damaged_file(folder: Path) -> Path:
    path = folder / "lost.837"
    text = NIGHTLY.read_text(encoding="utf-8")
    path.write_text(text.replace("CLM*SYN-837-WASTE", "CL*SYN-837-WASTE"), encoding="utf-8")
    return path


def test_decide_reports_the_lost_claim(tmp_path: Path) -> None:
    arguments = ["decide", str(damaged_file(tmp_path)), "--policies", str(POLICIES)]

    run = CliRunner().invoke(payer_policy, arguments)
    assert "error[lost-claim]" in run.stderr and 'starts with "CL"' in run.stderr
    assert "warning[unknown-segment]" in run.stderr
    assert run.exit_code == 2

    as_json = CliRunner().invoke(payer_policy, [*arguments, "--json"])
    answers = [json.loads(line) for line in as_json.stdout.splitlines()]
    claims = [answer["claim_id"] for answer in answers if answer["claim_id"]]
    assert claims == ["SYN-837-NO-JZ", "SYN-837-INITIAL"]
    refused = [answer for answer in answers if "lost-claim" in json.dumps(answer)]
    assert len(refused) == 1 and "segment 21 (HI)" in json.dumps(refused)
    assert as_json.exit_code == 2


def test_batch_counts_the_lost_claim_as_a_reject(tmp_path: Path) -> None:
    path, out = damaged_file(tmp_path), tmp_path / "answers"
    arguments = ["batch", str(path), "-o", str(out), "--policies", str(POLICIES)]
    run = CliRunner().invoke(payer_policy, arguments)

    assert "3 records of 1 file: 2 decided, 1 rejected" in run.output
    rejects = "".join(p.read_text(encoding="utf-8") for p in out.glob("rejects*"))
    assert "lost-claim" in rejects


ENVELOPES = {
    "ST01": (r"ST\*(837|278)", "ST*83X"),
    "ST01 of another set that is read": (
        r"ST\*(837|278)", lambda found: "ST*278" if found[1] == "837" else "ST*837"
    ),
    "ST01 is empty": (r"ST\*(837|278)", "ST*"),
    "ST": (r"ST\*(?=837|278)", "SX*"),
    "no ST": (r"ST\*(837|278)[^~]*~", ""),
    "GS08 of dental claims": (r"X22[23]A?\d?|X217", "X224"),
    "GS08": (r"00[45]010X\d{3}[A-Z0-9]*", "0X5"),
    "BHT": (r"BHT\*", "BHX*"),
    "BHT is missing": (r"BHT\*[^~]*~", ""),
    "SE": (r"SE\*", "SX*"),
    "no SE": (r"SE\*[^~]*~", ""),
    "SE runs into GE": (r"(SE\*\d+\*\d+)~\s*GE", r"\1GE"),
    "SE and ST": (r"SE\*[^~]*~\s*ST\*[^~]*~", ""),
    "GE": (r"GE\*", "GX*"),
    "GS": (r"GS\*", "GX*"),
    "IEA": (r"IEA\*", "IEX*"),
}  # fmt: skip
"""What is damaged of an envelope, each time in one place: a pattern, and what is there instead."""


@pytest.mark.parametrize("name", ENVELOPES)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_in_a_damaged_envelope_each_claim_is_answered_or_refused(path: Path, name: str) -> None:
    pattern, instead = ENVELOPES[name]
    text = path.read_text(encoding="utf-8").replace("\n", "")
    if path.name in OTHERS or not text.startswith("ISA*") or "~" not in text:
        return
    numbers = re.findall(r"CLM\*([^*~]*)", text)
    for found in [None, *re.finditer(pattern, text)]:
        damaged = text
        if found is not None:
            into = instead(found) if callable(instead) else found.expand(instead)
            damaged = text[: found.start()] + into + text[found.end() :]

        loops = [one for one in x12_loops(damaged, "f") if isinstance(one, X12Loop)]
        intakes = [intake_x12(one, "f") for one in loops]

        assert len(loops) == count(damaged)
        assert not any(one.is_note for one in intakes)
        assert [one.clm.get(1) for one in loops if isinstance(one, ClaimLoop)] == numbers
        read = {one.claim_id for one in intakes if one.request is not None}
        sets = re.split("ST[*](?:837|278)", text)
        if found is not None and name.startswith("ST") and len(sets) == 2:
            assert not read


def test_batch_has_a_record_for_each_claim_of_a_damaged_set(tmp_path: Path) -> None:
    path, out = tmp_path / "lost.837", tmp_path / "answers"
    path.write_text(NIGHTLY.read_text("utf-8").replace("ST*837", "ST*83X"), encoding="utf-8")
    arguments = ["batch", str(path), "-o", str(out), "--policies", str(POLICIES)]

    run = CliRunner().invoke(payer_policy, arguments)

    assert "3 records of 1 file: 0 decided, 3 rejected" in run.output
    lines = (out / "rejects.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["claim_id"] for line in lines] == [
        "SYN-837-WASTE", "SYN-837-NO-JZ", "SYN-837-INITIAL"
    ]  # fmt: skip
    assert json.loads(lines[0])["reason"].endswith(
        "(CLM): the claim is in a transaction set that is not read: segment 3 (ST) begins a "
        'transaction set "83X"; 837 was expected'
    )


@pytest.mark.parametrize("purpose", ["13", "11"])
def test_a_bht_in_the_middle_of_a_request_does_not_hide_it(purpose: str) -> None:
    text = (CASES / "synthetic-review-requests.278").read_text(encoding="utf-8")
    bht = re.search(r"BHT\*0007\*13\*[^~]*~", text)
    assert bht is not None
    late = text.replace(bht[0], "", 1).replace(
        "*EV*1~", f"*EV*1~{bht[0]}".replace("*13*", f"*{purpose}*"), 1
    )

    loops = [one for one in x12_loops(late, "f") if isinstance(one, X12Loop)]

    assert len(loops) == count(late) == count(text)
    first = intake_x12(loops[0], "f")
    assert first.request is None
    assert "BHT comes after the beginning of a request" in first.diagnostics[0].message
