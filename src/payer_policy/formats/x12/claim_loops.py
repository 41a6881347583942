"""The loops of an 837: who bills, for which subscriber and patient, and what is a claim's.

HL segments make a tree (billing provider 20, subscriber 22, patient 23); a claim belongs to the
level that it is in and to that level's parents. What a level says is read once for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.envelope import SEGMENTS, Closed, Envelope, Kind, Misplaced, Opened
from payer_policy.formats.x12.form import Form, Slip
from payer_policy.formats.x12.levels import Body, Flat, Hierarchy, Level, LoopSet, body_of, too_long
from payer_policy.formats.x12.providers import specialty, tax_number
from payer_policy.formats.x12.review_loops import ReviewLoop, ReviewSet, refused_event
from payer_policy.formats.x12.segment_reader import Segment, Separators, segment_of
from payer_policy.formats.x12.values import LINES_OF_BUSINESS, day

BIRTH = ("patient", "birth_date")

_NAMES = """
AMT CAS CL1 CN1 CR1 CR2 CR3 CR5 CR6 CR7 CRC CTP DN1 DN2 DTP FRM HCP HI HSD K3 LIN LQ LX
MEA MIA MOA NTE OI PS1 PWK QTY SV1 SV2 SV3 SV5 SVD TOO
"""
_OF_CLAIMS = frozenset(_NAMES.split())
"""Segments that only a claim has, never the levels above it (guides of 004010 and 005010)."""

_AROUND = frozenset({"HL", "CLM"})
_OF_LEVELS = frozenset({"SBR", "PAT", "DMG"})
_BEFORE_LINES = _OF_LEVELS | {"HI", "CL1"}
"""Segments that no service line has: after one, another claim or level has begun."""


def _names(names: Iterable[str], separators: Separators) -> str:
    """What matches closed segments with some names, each on one line."""
    element, terminator = re.escape(separators.element), re.escape(separators.terminator)
    known = "|".join(sorted(names))
    return rf"(?:{known}){element}[^{terminator}\r\n]*+{terminator}(?:\r?\n)?+"


def _until(names: Iterable[str], separators: Separators) -> str:
    """What matches before a segment with some names."""
    return rf"(?=(?:{'|'.join(sorted(names))}){re.escape(separators.element)})"


_END = _AROUND | {"SE"}


@lru_cache(maxsize=64)
def _level_run(separators: Separators) -> re.Pattern[str]:
    """All segments of a level, as `ClaimSet.add` takes them one by one."""
    names = SEGMENTS - _OF_CLAIMS - _AROUND
    return re.compile(f"(?:{_names(names, separators)})++{_until(_END, separators)}")


@lru_cache(maxsize=64)
def _claim_run(separators: Separators) -> re.Pattern[str]:
    """The same of a claim: what comes before its first line, and its lines."""
    before = _names(SEGMENTS - _AROUND - {"LX"}, separators)
    lines = _names(SEGMENTS - _AROUND - _BEFORE_LINES, separators)
    return re.compile(f"(?:{before})*+(?:{lines})*+{_until(_END, separators)}")


def _says(level: str, party: str, form: Form, segment: Segment) -> None:
    match level, segment.id, segment.code(1):
        case "20", "NM1", "85" if segment.code(8) == "XX":
            form.put(("provider", "billing_npi"), segment.get(9), segment, 9)
        case "20", "REF", _ if party == "85":
            tax_number(form, segment)
        case "20", "PRV", "BI":
            specialty(form, segment, ("provider", "billing_specialty"))
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
    body: Body = field(default_factory=Body)
    fault: Slip | None = None
    """Why the claim cannot be read, whatever it says."""

    @property
    def segments(self) -> list[Segment]:
        """Its segments, but for the CLM."""
        return self.body.segments

    @property
    def first(self) -> Segment:
        """The CLM."""
        return self.clm

    def add(self, segment: Segment) -> None:
        if not self.body.add(segment) and self.fault is None:
            self.fault = too_long(self.clm)

    def __reduce__(self) -> tuple[Any, ...]:
        rest = (self.kind, self.level, self.body.flat(), self.fault)
        return _claim_loop, (self.clm.flat(), *rest)


def _claim_loop(
    clm: tuple[Any, ...],
    kind: Kind | None,
    level: Level | None,
    body: Flat,
    fault: Slip | None,
) -> ClaimLoop:
    """A claim as another process receives it."""
    return ClaimLoop(segment_of(*clm), kind, level, body_of(body), fault)


class ClaimSet(LoopSet[ClaimLoop]):
    """The claims of one 837."""

    hierarchy = _CLAIMS
    what = "claim"
    begins = "claim (CLM)"

    def __init__(self, opened: Opened, envelope: Envelope) -> None:
        super().__init__(opened, envelope)
        self._in_lines = False
        """Whether an LX came since the last CLM or HL."""
        self._unknown: Segment | None = None
        """The last segment with an unknown name since the last CLM, HL or LX."""
        self._fault: Slip | None = None
        """Why no claim can be read until the next HL."""

    def add(self, segment: Segment) -> Iterator[ClaimLoop]:
        if segment.id in ("HL", "CLM"):
            yield from self._done()
            self._in_lines, self._unknown, self._lost = False, None, False
            if segment.id == "HL":
                self._tree.add(segment).body = Body(self._envelope.run(_level_run))
                self._fault = None
            else:
                self._count += 1
                level = self._tree.current
                fault = self._fault or _misplaced(level, segment)
                run = self._envelope.run(_claim_run)
                self._loop = ClaimLoop(segment, self._opened.kind, level, Body(run), fault)
            return
        if self._in_lines and self._starts_anew(segment):
            yield from self._cut(segment)
        if segment.id == "LX":
            self._in_lines, self._unknown = True, None
        elif segment.id not in SEGMENTS:
            self._unknown = segment
        if self._loop is not None:
            self._loop.add(segment)
        elif self._lost:
            pass
        elif segment.id in _OF_CLAIMS:
            self._lost = True
            self._count += 1
            message = f"{segment.id} belongs to a claim, but no claim (CLM) is open"
            self._envelope.note("lost-claim", message, segment, hint=self._cause("CLM"))
        elif self._tree.current is not None:
            self._tree.current.add(segment)

    def _starts_anew(self, segment: Segment) -> bool:
        """Whether a segment after a line is of another claim or level, whose CLM or HL is lost."""
        if segment.id == "LX":  # line numbers may repeat; an unknown segment before says more
            return self._unknown is not None and segment.get(1) == "1"
        return segment.id in _BEFORE_LINES

    def _cut(self, segment: Segment) -> Iterator[ClaimLoop]:
        """End the claim: the segments before may belong to the one whose start is lost."""
        missing = "HL" if segment.id in _OF_LEVELS else "CLM"
        message = f"{segment.id} comes after the lines of a claim; its {missing} is missing, so "
        message += "two claims may run together"
        fault = Slip(segment, 0, "lost-claim", message, self._cause(missing))
        if self._loop is not None and self._loop.fault is None:
            self._loop.fault = fault
        yield from self._done()
        self._in_lines = False
        self._lost = missing == "HL"
        if missing == "HL":
            self._fault = fault

    def _cause(self, missing: str) -> str:
        unknown = self._unknown
        if unknown is None:
            return f"is the {missing}, or the segment terminator before it, missing?"
        return f"is segment {unknown.number}, which starts with {shown(unknown.id)}, a damaged {missing}?"


def _misplaced(level: Level | None, clm: Segment) -> Slip | None:
    """Why a claim cannot be here."""
    if level is None or level.code == "20":
        where = "before any HL" if level is None else "in a billing provider level"
        message = f"the claim is {where}; a subscriber (HL03 22) or patient (23) is missing"
        return Slip(clm, 0, "broken-hierarchy", message)
    return level.first_fault()


def _refused(item: Misplaced) -> ClaimLoop | ReviewLoop:
    """The claim or request that stands where none is read."""
    fault = Slip(item.segment, 0, item.code, item.message, item.hint)
    if item.segment.id == "CLM":
        return ClaimLoop(item.segment, None, None, fault=fault)
    return refused_event(item.around, item.segment, fault)


def loops(envelope: Envelope) -> Iterator[ClaimLoop | ReviewLoop | Diagnostic]:
    """Every claim of every 837 and every event of every 278, in order, each whole when it is handed
    over; and, as soon as they are known, the notes on the envelopes."""
    inside: ClaimSet | ReviewSet | None = None
    for item in envelope.contents():
        if envelope.notes:
            yield from envelope.taken()
        if isinstance(item, Misplaced):
            yield _refused(item)
        elif isinstance(item, Opened):
            made = ReviewSet if item.transaction == "278" else ClaimSet
            inside = made(item, envelope)
        elif inside is not None:
            yield from inside.end(item) if isinstance(item, Closed) else inside.add(item)
    yield from envelope.taken()
