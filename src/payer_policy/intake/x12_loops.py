"""The loops of an 837: who bills, for which subscriber and patient, and what is a claim's.

HL segments make a tree (billing provider 20, subscriber 22, patient 23); a claim belongs to the
level that it stands in and to that level's parents. What a level says is read once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from payer_policy.diagnostics import Diagnostic
from payer_policy.intake.x12 import Segment
from payer_policy.intake.x12_278_loops import ReviewLoop, ReviewSet
from payer_policy.intake.x12_envelope import Closed, Envelope, Kind, Opened, diagnostic
from payer_policy.intake.x12_form import Form, Slip
from payer_policy.intake.x12_levels import MAX_SEGMENTS, Hierarchy, Level, Tree, too_long
from payer_policy.intake.x12_values import LINES_OF_BUSINESS, day
from payer_policy.vocabulary.types import shown

BIRTH = ("patient", "birth_date")


def _says(level: str, form: Form, segment: Segment) -> None:
    match level, segment.id, segment.code(1):
        case "20", "NM1", "85" if segment.code(8) == "XX":
            form.put(("provider", "billing_npi"), segment.get(9), segment, 9)
        case "22", "NM1", "IL":
            form.put(("coverage", "member_id"), segment.get(9), segment, 9)
        case "22", "NM1", "PR":
            form.put(("coverage", "payer"), segment.get(9), segment, 9)
            form.put(("coverage", "payer_name"), segment.get(3), segment, 3)
        case "22", "SBR", _:
            element = 3 if segment.get(3) else 4
            form.put(("coverage", "plan"), segment.get(element), segment, element)
            business = LINES_OF_BUSINESS.get(segment.code(9))
            form.put(("coverage", "line_of_business"), business, segment, 9)
        case "22" | "23", "DMG", _:
            form.put(BIRTH, form.read(BIRTH, segment, 2, day), segment, 2)


_CLAIMS = Hierarchy(
    {"20": "billing provider", "22": "subscriber", "23": "patient"},
    {"22": ("20",), "23": ("22",)},
    _says,
    {"23": BIRTH},
)


@dataclass(slots=True)
class ClaimLoop:
    """The segments of one claim, from CLM to the next claim, level or end, and where it stands."""

    clm: Segment
    kind: Kind | None
    level: Level | None
    segments: list[Segment] = field(default_factory=list)
    fault: Slip | None = None
    """Why the claim cannot be read, whatever it says."""

    def add(self, segment: Segment) -> None:
        if len(self.segments) < MAX_SEGMENTS:
            self.segments.append(segment)
        elif self.fault is None:
            self.fault = too_long(self.clm)


def _misplaced(level: Level | None, clm: Segment) -> Slip | None:
    """Why a claim cannot stand here."""
    if level is None or level.code == "20":
        where = "before any HL" if level is None else "in a billing provider level"
        message = f"the claim stands {where}; a subscriber (HL03 22) or patient (23) is missing"
        return Slip(clm, 0, "broken-hierarchy", message)
    return level.first_fault()


def loops(envelope: Envelope) -> Iterator[ClaimLoop | ReviewLoop | Diagnostic]:
    """Every claim of every 837 and every event of every 278, in order, each whole when it is handed
    over; and, as soon as they are known, the notes on the envelopes."""
    claim: ClaimLoop | None = None
    review: ReviewSet | None = None
    tree, kind, count = Tree(_CLAIMS), None, 0
    for item in envelope.contents():
        if envelope.notes:
            yield from envelope.taken()
        if isinstance(item, Opened):
            claim, tree, kind, count = None, Tree(_CLAIMS), item.kind, 0
            review = ReviewSet(item, envelope) if item.transaction == "278" else None
        elif review is not None:
            if isinstance(item, Closed):
                yield from review.end(item)
            else:
                yield from review.add(item)
        elif isinstance(item, Closed):
            if claim is not None:
                if not item.complete:
                    claim.fault = _truncated(claim, item)
                yield claim
                claim = None
            else:
                _note_end(envelope, item, count)
        elif item.id in ("HL", "CLM"):
            if claim is not None:
                yield claim
                claim = None
            if item.id == "HL":
                tree.add(item)
            else:
                count += 1
                fault = _misplaced(tree.current, item)
                claim = ClaimLoop(item, kind, tree.current, fault=fault)
        elif claim is not None:
            claim.add(item)
        elif tree.current is not None:
            tree.current.add(item)
    yield from envelope.taken()


def _truncated(claim: ClaimLoop, end: Closed) -> Slip:
    message = (
        f"the claim may be cut off: {end.reason} (transaction set {shown(end.st.get(2))}); "
        f"claims after it may be missing too"
    )
    return Slip(claim.clm, 0, "truncated", message, "send the file again, whole")


def _note_end(envelope: Envelope, end: Closed, count: int) -> None:
    if not end.complete:
        message = f"the transaction set {shown(end.st.get(2))} is not complete: {end.reason}"
        code, hint = "truncated", "send the file again, whole"
    elif count == 0:
        message = f"the transaction set {shown(end.st.get(2))} holds no claim (CLM)"
        code, hint = "no-claims", None
    else:
        return
    envelope.notes.append(diagnostic(envelope.file, end.st, 0, code, message, hint))
