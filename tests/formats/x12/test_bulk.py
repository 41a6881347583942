"""What is cut and read in bulk is what is cut and read segment by segment, or it is left to that."""

from __future__ import annotations

import pickle
from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.model import Vocabulary
from payer_policy.formats import Intake
from payer_policy.formats.x12.bulk import ClaimsInBulk
from payer_policy.formats.x12.claim_loops import ClaimLoop, loops
from payer_policy.formats.x12.envelope import Envelope
from payer_policy.formats.x12.file import intake_x12
from payer_policy.formats.x12.review_loops import ReviewLoop
from payer_policy.policy.loading import open_library
from payer_policy.request.requests_in_columns import gathered
from tests.formats.claims.rendering import CASES
from tests.generated_claims import claims
from tests.generated_forms import institutional, professional
from tests.places import POLICIES

SAMPLES = sorted(one for one in CASES.iterdir() if one.suffix in (".837", ".837i", ".278"))
GIVEN = list(claims(41, 400))
for at, claim in enumerate(GIVEN):
    if at % 3:
        claim["provider"] |= {"billing_tin": f"{at:09}", "billing_specialty": "207L00000X"}
    if at % 5 == 0:
        claim["description"] = f"NOTE {at}"
    if at % 2:
        claim["provider"]["rendering_specialty"] = "208VP0014X"
FILES = {"professional": professional(GIVEN).text, "institutional": institutional(GIVEN).text}

ELEMENTS = (
    *("", " ", "1", "82", "XX", "G1", "F8", "434", "472", "D8", "RD8", "DT", "UN", "MJ", "N4", "ML", "x"),
    *("20250310", "20250310-20250312", "20250310-20250310", "202503101200", "20250230", "18000101"),
    *("HC:J0475:JW", "ZZ:J0475", "HC:J0475:JZ:KX", "hc:j0475", "HC", "ABK:G801", "BK:3439", "ABF:Z451"),
    *("1:2", "9", "11:B:1", "131:A:7", "22:B:8", "12.50", "-1", "1e3", "735091820000.5", "1679576722"),
    *("PE", "BI", "AT", "PXC", "207L00000X", "208VP0014X", "EI", "SY", "000000001", "00-0000002"),
    *("\ue0000", "\ue0001", "PLAN ONE", "MB", "CI", "7777", "10", "0", "3"),
)  # fmt: skip
SEGMENTS = (
    *("NM1*82*1*EXAMPLE*DOCTOR****XX*1245319599", "NM1*82*1*OTHER*ONE****XX*1679576722", "NM1*DN*1*X"),
    *("REF*6R*SYNTHETIC-1", "REF*G1*SYN-AUTH-7", "REF*G1*SYN-AUTH-8**X", "REF*F8*SYN-O-1", "REF*D9*77"),
    *("NTE*ADD*COMPOUNDED DRUG", "NTE*DCP*PUMP REFILL", "SVD*X*1*HC:J0475", "CAS*CO*45*1", "AMT*F5*1"),
    *("HI*ABF:I69051", "HI*ABK:G801*ABF:E119", "HI*BK:3439", "HI*ABN:W19", "HI*BP:1", "SBR*S*18"),
    *("DTP*434*RD8*20250310-20250312", "DTP*434*D8*20250310", "DTP*472*D8*20250311", "CL1*1"),
    *("LIN**N4*66794015502", "LIN**EN*1234567890123", "CTP****2*ML", "CTP****2*XX"),
    *("SV1*HC:J0475:JW*12.50*UN*3***1:2", "SV1*HC:J0475*12.50*MJ*3*11", "SV3*AD:D0120*5", "LX*9"),
    *("DMG*D8*19620101", "DMG*D8*19620101-19620102", "PAT*01", "N3*1 SYNTHETIC WAY", "QQ*1", "K3*NOTE"),
    *("PRV*PE*PXC*207L00000X", "PRV*PE*ZZ*208VP0014X", "PRV*BI*PXC*207L00000X", "PRV*BI*XX*1"),
    *("PRV*AT*PXC*1", "NTE*CER*X", "NTE*ADD", "NM1*85*2*X*****XX*1234567893"),
    *("REF*EI*000000001", "REF*EI*00-0000002", "REF*EI*12", "REF*SY*000000001"),
    *("SBR*P*18*X", "NM1*PR*2*X*****PI*P1", "CAS*PR*1*12.50**2*x", "CAS*CO*45*-1", "AMT*D*9"),
    *("SVD*P1*4*HC:J0475**1", "DTP*573*D8*20250401", "AMT*A8*1", "SVD*P2*1"),
    *("CLM*SYN-X*1.00***11:B:1", "HL*900*1*22*0", "HL*901*900*23*0", "LX*1", "SV2*0636*HC:J0475*9*UN*1"),
)  # fmt: skip


def mutated(random: Random, text: str) -> str:
    """A file with segments that are gone, doubled, moved, new, or of other elements."""
    parts = text.split("~\n")
    for _ in range(random.randint(1, 25)):
        at = random.randrange(3, len(parts) - 4)
        match random.randrange(7):
            case 0:
                del parts[at]
            case 1:
                parts.insert(at, parts[random.randrange(3, len(parts) - 4)])
            case 2:
                parts[at], parts[at + 1] = parts[at + 1], parts[at]
            case 3:
                parts[at] = random.choice((" ", "")) + parts[at].lower()
            case 4 | 5:
                parts.insert(at, random.choice(SEGMENTS))
            case _:
                elements = parts[at].split("*")
                place = random.randrange(1, len(elements) + 1)
                elements[place : place + 1] = [random.choice(ELEMENTS)]
                parts[at] = "*".join(elements)
    ends = ["~\n"] * 8 + ["~", "~\r\n", "~\n\n", "~ \n"]
    end = random.choice(ends)
    return end.join(parts)


def mutated_file(seed: int) -> str:
    random = Random(seed)
    claims_ = random.sample(GIVEN, 40)
    form = random.choice((professional, institutional))(claims_)
    return mutated(random, form.text)


def parts_of(text: str) -> list[Any]:
    return list(loops(Envelope("f", text)))


def shown(part: Any) -> Any:
    """All that a claim, a request or a note consists of."""
    if isinstance(part, ReviewLoop):
        return part.event.segments, [one.segments for one in part.services], part.fault
    if not isinstance(part, ClaimLoop):
        return part
    above = part.level.path() if part.level is not None else []
    levels = [(one.hl, one.segments, one.fault) for one in above]
    return part.clm, part.kind, levels, part.segments, part.fault


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Reads a text segment by segment."""

    def read(text: str) -> list[Any]:
        with monkeypatch.context() as patch:
            patch.setattr(Envelope, "run", lambda *_: None)
            return parts_of(text)

    return read


@pytest.mark.parametrize("path", SAMPLES, ids=lambda one: str(one.name))
def test_a_sample_is_cut_alike_in_runs(path: Any, one_by_one: Any) -> None:
    text = path.read_text(encoding="utf-8", errors="surrogateescape")

    assert [shown(one) for one in parts_of(text)] == [shown(one) for one in one_by_one(text)]


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_file_is_cut_alike_in_runs(seed: int, one_by_one: Any) -> None:
    text = mutated_file(seed)
    wanted = [shown(one) for one in one_by_one(text)]

    assert [shown(one) for one in parts_of(text)] == wanted
    assert [shown(one) for one in pickle.loads(pickle.dumps(parts_of(text)))] == wanted


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return open_library(POLICIES).vocabulary


def held(text: str, vocabulary: Vocabulary) -> tuple[int, int]:
    """Compare what is read in bulk with what the strict reader reads; how many were, of how many."""
    bulk, alone = ClaimsInBulk(), list[Intake]()
    pieces = [one for one in parts_of(text) if not isinstance(one, Diagnostic)]
    for piece in pieces:
        if bulk.read(piece):
            alone.append(intake_x12(piece, "f"))
    made = bulk.made()
    known = [at for at, refused in enumerate(made.refused) if not refused]
    requests = [alone[at].request for at in known]
    assert None not in requests, [alone[at] for at in known if alone[at].request is None]
    wanted = gathered([one for one in requests if one is not None], vocabulary).columns
    for name, column in wanted.fields.items():
        if name not in ("authorizations", "history"):
            found = made.columns.fields.get(name)
            values = [None if found is None else found[at] for at in known]
            assert values == [column[row] for row in range(len(known))], name
    rows = [
        row
        for at in known
        for row in range(made.columns.lines.starts[at], made.columns.lines.starts[at + 1])
    ]
    for name, column in wanted.line_fields.items():
        found = made.columns.line_fields.get(name)
        values = [None if found is None else found[row] for row in rows]
        assert values == [column[row] for row in range(len(rows))], name
    for at, intake in enumerate(alone):
        only = np.arange(len(alone)) == at
        warned = Counter(one.code for one in intake.diagnostics if one.severity == "warning")
        assert made.refused[at] or made.remarks(only) == warned, intake
    return len(known), len(pieces)


@pytest.mark.parametrize("name", FILES)
def test_common_claims_are_read_in_bulk(name: str, vocabulary: Vocabulary) -> None:
    for _ in range(2):  # the second time all is known
        read, given = held(FILES[name], vocabulary)

        assert read == given > 40


def named_by_lines(text: str, npis: tuple[str, ...], specialties: tuple[str, ...]) -> str:
    """The same claims, with providers and specialties that the lines name one after the other."""
    parts, at = [], 0
    for part in text.split("~\n"):
        parts.append(part)
        if part.startswith(("SV1*", "SV2*")):
            parts.append(f"NM1*82*1*EXAMPLE*DOCTOR****XX*{npis[at % len(npis)]}")
            if specialties[at % len(specialties)]:
                parts.append(f"PRV*PE*PXC*{specialties[at % len(specialties)]}")
            at += 1
    return "~\n".join(parts)


@pytest.mark.parametrize("name", FILES)
def test_providers_that_lines_name(name: str, vocabulary: Vocabulary) -> None:
    text = FILES[name].replace("NM1*82*1*EXAMPLE*DOCTOR****XX*1245319599~\n", "")
    bare = text.replace("PRV*PE*PXC*208VP0014X~\n", "")
    npis, specialties = ("1245319599", "1679576722"), ("207L00000X", "208VP0014X")

    one, given = held(named_by_lines(bare, npis[:1], specialties[:1]), vocabulary)
    several, _ = held(named_by_lines(bare, npis, specialties[:1]), vocabulary)
    differ, _ = held(named_by_lines(bare, npis[:1], specialties), vocabulary)
    some, _ = held(named_by_lines(text, npis[:1], ("207L00000X", "", "")), vocabulary)

    assert given > one > given / 2, "some claims name another one"
    for found in (several, differ):
        assert given / 2 > found > 0, "only claims of one line are read in bulk"
    assert one > some > 0, "some claims give a specialty themselves, and some lines none"


@pytest.mark.parametrize("path", SAMPLES, ids=lambda one: str(one.name))
def test_a_sample_is_read_in_bulk_as_by_itself_or_not_at_all(
    path: Any, vocabulary: Vocabulary
) -> None:
    held(path.read_text(encoding="utf-8", errors="surrogateescape"), vocabulary)


@pytest.mark.parametrize("first", range(1000, 1120, 10))
def test_damaged_files_are_read_in_bulk_as_by_themselves_or_not_at_all(
    first: int, vocabulary: Vocabulary
) -> None:
    found = [held(mutated_file(seed), vocabulary) for seed in range(first, first + 10)]

    read, given = (sum(one) for one in zip(*found, strict=True))
    assert read > given / 4, "most damage is of one claim among many"
