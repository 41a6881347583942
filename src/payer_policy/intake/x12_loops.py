"""The loops of an 837: who bills, for which subscriber and patient, and what is a claim's.

HL segments make a tree (billing provider 20, subscriber 22, patient 23); a claim belongs to the
level that it stands in and to that level's parents. What a level says is read once for all of them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from payer_policy.diagnostics import Diagnostic
from payer_policy.intake.x12 import Segment
from payer_policy.intake.x12_envelope import Closed, Envelope, Kind, Opened, diagnostic
from payer_policy.intake.x12_form import Form, Slip
from payer_policy.intake.x12_values import LINES_OF_BUSINESS, day
from payer_policy.vocabulary.types import shown

_PARENTS = {"22": "20", "23": "22"}
_WORDS = {"20": "billing provider", "22": "subscriber", "23": "patient"}
_BIRTH = ("patient", "birth_date")
_MAX_SEGMENTS = 50_000
"""A claim of 999 lines has fewer by far; so has what is said of one party."""

_MAX_LEVELS = 1_000
"""So many levels of each kind are remembered. A child follows its parent at once, or nearly."""


class Level:
    """One HL loop without its claims."""

    def __init__(self, hl: Segment, parent: Level | None, fault: Slip | None) -> None:
        self.code = hl.code(3)
        self.hl = hl
        self.parent = parent
        self.fault = fault
        self.segments: list[Segment] = []

    def add(self, segment: Segment) -> None:
        if len(self.segments) < _MAX_SEGMENTS:
            self.segments.append(segment)
        elif self.fault is None:
            self.fault = _too_long(self.hl)

    @cached_property
    def form(self) -> Form:
        """What this level says; asked for once all its segments are there."""
        form = Form()
        for segment in self.segments:
            form.check(segment)
            match self.code, segment.id, segment.code(1):
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
                    form.put(_BIRTH, form.read(_BIRTH, segment, 2, day), segment, 2)
        return form

    @cached_property
    def everything(self) -> Form:
        """What this level and its parents say. A patient is never as old as the subscriber."""
        form = Form()
        if self.parent is not None:
            form.take(self.parent.everything, without=_BIRTH if self.code == "23" else None)
        form.take(self.form)
        return form


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
        if len(self.segments) < _MAX_SEGMENTS:
            self.segments.append(segment)
        elif self.fault is None:
            self.fault = _too_long(self.clm)


class _Tree:
    """The levels of one transaction set."""

    def __init__(self) -> None:
        self.current: Level | None = None
        self._by_id: dict[str, Level] = {}
        self._latest: dict[str, Level] = {}
        self._order: dict[str, deque[tuple[str, Level]]] = {}

    def add(self, hl: Segment) -> None:
        code, parent_id = hl.code(3), hl.get(2)
        parent, fault = None, None
        if wanted := _PARENTS.get(code):
            parent = self._by_id.get(parent_id) if parent_id else self._latest.get(wanted)
            if parent is None or parent.code != wanted:
                found = f"its parent (HL02) is {shown(parent_id)}" if parent_id else "none is open"
                message = f"a {_WORDS[code]} belongs to a {_WORDS[wanted]} level; {found}"
                parent, fault = None, Slip(hl, 2, "broken-hierarchy", message)
        elif code != "20":
            message = f"found the level {shown(code)}; 20, 22 or 23 was expected"
            fault = Slip(hl, 3, "broken-hierarchy", message)
        self.current = Level(hl, parent, fault)
        self._remember(hl.get(1), self.current)

    def _remember(self, id_: str, level: Level) -> None:
        code = level.code if level.code in _WORDS else ""
        self._latest[code] = self._by_id[id_] = level
        order = self._order.setdefault(code, deque())
        order.append((id_, level))
        if len(order) > _MAX_LEVELS:
            gone, oldest = order.popleft()
            if self._by_id.get(gone) is oldest:
                del self._by_id[gone]

    def fault(self, clm: Segment) -> Slip | None:
        """Why a claim cannot stand here."""
        level = self.current
        if level is None or level.code == "20":
            where = "before any HL" if level is None else "in a billing provider level"
            message = f"the claim stands {where}; a subscriber (HL03 22) or patient (23) is missing"
            return Slip(clm, 0, "broken-hierarchy", message)
        while level is not None:
            if level.fault is not None:
                return level.fault
            level = level.parent
        return None


def claim_loops(envelope: Envelope) -> Iterator[ClaimLoop | Diagnostic]:
    """Every claim of every 837, in order, each whole when it is handed over; and, as soon as they
    are known, the notes on the envelopes."""
    claim: ClaimLoop | None = None
    tree, kind, count = _Tree(), None, 0
    for item in envelope.contents():
        if envelope.notes:
            yield from envelope.taken()
        if isinstance(item, Opened):
            claim, tree, kind, count = None, _Tree(), item.kind, 0
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
                claim = ClaimLoop(item, kind, tree.current, fault=tree.fault(item))
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


def _too_long(first: Segment) -> Slip:
    message = f"more than {_MAX_SEGMENTS:,} segments belong to this one"
    return Slip(first, 0, "too-large", message, "is a CLM, HL or SE missing?")


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
