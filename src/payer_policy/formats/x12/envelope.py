"""The envelopes of X12: interchange (ISA/IEA), group (GS/GE), transaction set (ST/SE).

Hands on what is inside 837 and 278 transaction sets, and notes what is wrong with the envelopes.
Counts and control numbers that do not agree are warnings, a broken envelope is an error; neither
stops a claim or a request that is there in full.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from payer_policy.core.diagnostics import Diagnostic, Location, Position, Severity
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.segment_reader import (
    Broken,
    Read,
    Run,
    Segment,
    Segments,
    Separators,
    is_segment_name,
)

Kind = Literal["professional", "institutional"]

_GUIDE = re.compile(r"X(\d{3})")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("222", "098", "298"), "professional"),
    **dict.fromkeys(("223", "096", "299"), "institutional"),
}
_DENTAL = frozenset({"224", "097", "300"})
_TRANSACTIONS = {
    "270": "an eligibility question (270)",
    "271": "an eligibility answer (271)",
    "275": "an attachment (275)",
    "276": "a claim status question (276)",
    "277": "a claim status answer (277)",
    "820": "a premium payment (820)",
    "824": "an application advice (824)",
    "834": "an enrollment (834)",
    "835": "a payment (835)",
    "837D": "a dental claim (837D)",
    "997": "an acknowledgement (997)",
    "999": "an acknowledgement (999)",
}


_READ = frozenset({"837", "278"})
_NAMES = """
AAA AMT BHT CAS CL1 CLM CN1 CR1 CR2 CR3 CR4 CR5 CR6 CR7 CR8 CRC CTP CUR DMG DN1
DN2 DTP FRM HCP HCR HI HL HSD INS K3 LIN LQ LX MEA MIA MOA MSG N2 N3 N4 NM1 NTE OI PAT
PER PRV PS1 PWK QTY REF SBR SV1 SV2 SV3 SV4 SV5 SV6 SV7 SVD TOO TRN UM
"""
SEGMENTS = frozenset(_NAMES.split())
"""What a claim or a request may hold (guides of 004010 and 005010). Most of it is not read."""
EXPECTED = "an 837P, an 837I or a 278 request"
"""What is read, for sentences that say what was expected."""

_OUTSIDE = "is an ST, or a separator before it, missing?"
_MAX_OTHERS = 100
"""Of transactions and of unknown segments: more kinds than this are not listed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An 837 or a 278 begins. `kind` is what its guide says of an 837; None: no guide is known."""

    st: Segment
    kind: Kind | None
    transaction: Literal["837", "278"] = "837"
    guide: str = ""
    """The number of the guide that ST03, or else GS08, names: `217`."""
    isa: Segment | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """An 837 or a 278 ends; not `complete`: without its SE, so that the last claim may be cut off."""

    st: Segment
    complete: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A claim (CLM) or patient event (HL) where none is read: outside of a transaction set, or in one of
    another kind. It is refused alone, so that each one in a file is answered or refused."""

    segment: Segment
    code: str
    message: str
    hint: str
    around: Opened
    """What it is in; outside of a transaction set, it is treated as its first segment."""


class Envelope:
    """Reads a text once: iterate `contents`, and take the notes that were made on the way."""

    def __init__(self, file: str, source: str | Read) -> None:
        self.file = file
        self.notes: list[Diagnostic] = []
        self._segments = Segments(source)
        self._last: Segment | Run | None = None
        self._noted = False
        self._isa: Segment | None = None
        self._gs: Segment | None = None
        self._st: Segment | None = None
        self._read: str | None = None
        """What the set that is open is read as: 837 or 278; None: it is not read."""
        self._kind = ""
        self._refused: set[str] = set()
        """The kinds of sets in which claims were refused one by one."""
        self.refused_in_set = 0
        """How many were in the set that is open, or was last."""
        self._counts = {"IEA": 0, "GE": 0, "SE": 0}
        self._others: dict[str, tuple[Segment, int]] = {}
        self._stray: Segment | None = None
        self._unknown: set[str] = set()
        self._sets = 0

    def contents(self) -> Iterator[Opened | Segment | Closed | Misplaced]:
        """What is inside the 837s and 278s of the text, and claims that are elsewhere, in order."""
        for item in self._segments:
            if isinstance(item, Broken):
                what = "another interchange (ISA) begins" if item.is_header else "it breaks off"
                yield from self._end_set(f"{what} before its SE")
                self._isa = self._gs = None
                self._broken(item)
                continue
            self._last = item
            match item.id:
                case "ISA":
                    yield from self._end_set("another interchange (ISA) begins before its SE")
                    self._missing(item, self._gs, "GE")
                    self._missing(item, self._isa, "IEA")
                    self._isa, self._gs = item, None
                    self._counts["IEA"] = 0
                case "GS":
                    yield from self._end_set("another group (GS) begins before its SE")
                    self._missing(item, self._gs, "GE")
                    self._gs = item
                    self._counts["IEA"] += 1
                    self._counts["GE"] = 0
                case "ST":
                    yield from self._end_set("another transaction set (ST) begins before its SE")
                    if item.closed:
                        yield from self._open_set(item)
                case "SE":
                    yield from self._close_set(item)
                case "GE":
                    yield from self._end_set("its group ends (GE) before its SE")
                    self._check(item, self._gs, "GE", 6, "transaction sets")
                    self._gs = None
                case "IEA":
                    yield from self._end_set("its interchange ends (IEA) before its SE")
                    self._missing(item, self._gs, "GE")
                    self._check(item, self._isa, "IEA", 13, "groups")
                    self._isa = self._gs = None
                case "TA1" if self._st is None:
                    pass
                case _ if item.closed:
                    yield from self._content(item)
                case _ if self._st is None:
                    self.note("truncated", "the file ends inside this segment", item)
        last = self._last.segments()[-1] if isinstance(self._last, Run) else self._last
        if self._st is not None:
            yield from self._end_set("the file ends before its SE")
        elif last is not None and self._isa is not None:
            missing = "GE and IEA" if self._gs is not None else "IEA"
            message = f"the file ends here, without {missing}; claims after this may be missing"
            self.note("truncated", message, last, hint="send the file again, whole")
        self._sum_up(last)

    def run(self, pattern: Callable[[Separators], re.Pattern[str]]) -> Run | None:
        """The next segments of the set that is open, at once, if they are of a pattern of names that are
        known; None: they come one by one."""
        run = self._segments.run(pattern)
        if run is not None:
            self._last = run
            self._counts["SE"] += run.count
        return run

    def taken(self) -> list[Diagnostic]:
        """The notes since the last time."""
        notes, self.notes = self.notes, []
        self._noted = self._noted or bool(notes)
        return notes

    def _open_set(self, st: Segment) -> Iterator[Opened]:
        self._st, self._sets = st, self._sets + 1
        self._counts["GE"] += 1
        self._counts["SE"] = 1
        guides = [st.code(3), self._gs.code(8) if self._gs else ""]
        numbers = [found.group(1) for guide in guides if (found := _GUIDE.search(guide))]
        kind = st.code(1)
        if kind == "837" and next(iter(numbers), None) in _DENTAL:
            kind = "837D"
        self._kind, self._read, self.refused_in_set = kind, kind if kind in _READ else None, 0
        if self._read:
            claims = next((_KINDS[n] for n in numbers if n in _KINDS), None)
            guide = next(iter(numbers), "")
            transaction: Literal["837", "278"] = "837" if kind == "837" else "278"
            yield Opened(st, claims, transaction, guide, self._isa)
        elif kind in self._others or len(self._others) < _MAX_OTHERS:
            first, count = self._others.get(kind, (st, 0))
            self._others[kind] = (first, count + 1)

    def _content(self, segment: Segment) -> Iterator[Segment | Misplaced]:
        belongs = _belongs_to(segment)
        if self._st is not None:
            self._counts["SE"] += 1
        misplaced = belongs is not None and (self._st is None or belongs != self._read)
        if misplaced and belongs is not None:
            yield self._misplaced(segment, belongs)
        if self._st is None:
            self._stray = self._stray or (None if misplaced else segment)
        elif self._read:  # what is read ends there
            self._name(segment)
            yield segment

    def _misplaced(self, segment: Segment, belongs: Literal["837", "278"]) -> Misplaced:
        what = "the claim" if belongs == "837" else "the request"
        around = Opened(self._st or segment, None, belongs, "", self._isa)
        if self._st is None:
            message = f"{what} is outside of a transaction set"
            return Misplaced(segment, "broken-envelope", message, _OUTSIDE, around)
        self._refused.add(self._kind)
        self.refused_in_set += 1
        named = _TRANSACTIONS.get(self._kind, f"a transaction set {shown(self._kind)}")
        begins = f"segment {self._st.number} (ST) begins {named}; {belongs} was expected"
        message = f"{what} is in a transaction set that is not read: {begins}"
        damaged = "ST03 or GS08" if self._kind == "837D" else "ST01"
        hint = f"if {damaged} is damaged, correct it and send the file again"
        return Misplaced(segment, "wrong-transaction", message, hint, around)

    def _name(self, segment: Segment) -> None:
        """Note an unknown name of a segment, once. What is not a name at all refuses its claim."""
        id_ = segment.id
        if id_ in SEGMENTS or id_ in self._unknown or not is_segment_name(id_):
            return
        if len(self._unknown) < _MAX_OTHERS:
            self._unknown.add(id_)
            message = f"{shown(id_)} is not the name of a segment of claims; it is not read"
            hint = "is its name damaged, or is a segment terminator missing?"
            self.note("unknown-segment", message, segment, hint=hint, severity="warning")

    def _close_set(self, se: Segment) -> Iterator[Closed]:
        st, self._st = self._st, None
        self._counts["SE"] += 1
        self._check(se, st, "SE", 2, "segments")
        if st is not None and self._read:
            yield Closed(st, complete=True)

    def _end_set(self, reason: str) -> Iterator[Closed]:
        st, self._st = self._st, None
        if st is not None and self._read:
            yield Closed(st, complete=False, reason=reason)
        elif st is not None:
            self.note("truncated", f"this transaction set is not complete: {reason}", st)

    def _missing(self, here: Segment, opener: Segment | None, closer: str) -> None:
        if opener is not None:
            where = f"segment {opener.number}"
            message = f"{opener.id} ({where}) is not closed: {here.id} comes before its {closer}"
            self.note("broken-envelope", message, here)

    def _check(
        self, closer: Segment, opener: Segment | None, id_: str, control: int, what: str
    ) -> None:
        """Compare a closing segment's count and control number with what was opened."""
        if opener is None:
            opening = {"SE": "ST", "GE": "GS", "IEA": "ISA"}[id_]
            message = f"{id_} closes nothing: no {opening} is open here"
            self.note("broken-envelope", message, closer)
            return
        said, found = closer.get(1), self._counts[id_]
        severity: Severity = "warning" if closer.closed else "error"  # not closed: cut off
        if not (said.isdecimal() and len(said) < 12 and int(said) == found):
            message = f"{id_}01 says {shown(said)} {what}; found {found}"
            hint = "something may have been lost or added on the way"
            self.note("envelope-mismatch", message, closer, 1, hint, severity)
        if closer.get(2) != opener.get(control):
            opened = f"{opener.id}{control:02d} is {shown(opener.get(control))}"
            message = f"{id_}02 says {shown(closer.get(2))}; the control number in {opened}"
            self.note("envelope-mismatch", message, closer, 2, severity=severity)

    def _broken(self, broken: Broken) -> None:
        line, column = broken.start
        name, hint = f"segment {broken.number}", "is a segment terminator missing?"
        if broken.is_header:
            name += " (ISA)"
            hint = "an ISA has 106 characters; send the file as it left the sender's system"
        where = Location(self.file, name, broken.start, Position(line, column + 3))
        message = f"{name}: {broken.reason}"
        found = Diagnostic("broken-envelope", message, where, hint, excerpt=broken.excerpt)
        self.notes.append(found)

    def _sum_up(self, last: Segment | None) -> None:
        for kind, (st, count) in self._others.items():
            what = _TRANSACTIONS.get(kind, f"a transaction set {shown(kind)}")
            more = f" ({count} of them in this file)" if count > 1 else ""
            message = f"this is {what}{more}; {EXPECTED} was expected"
            # Where each claim was refused alone, this is a summary.
            severity: Severity = "warning" if kind in self._refused else "error"
            self.note("wrong-transaction", message, st, 1, severity=severity)
        if self._stray is not None:
            message = f"found {shown(self._stray.id)} outside of a transaction set"
            self.note("broken-envelope", message, self._stray, hint=_OUTSIDE)
        if not (self._sets or self._noted or self.notes) and last is not None:
            message = f"the file holds no transaction set (ST); {EXPECTED} was expected"
            self.note("no-claims", message, last)

    def note(
        self,
        code: str,
        message: str,
        segment: Segment,
        element: int = 0,
        hint: str | None = None,
        severity: Severity = "error",
    ) -> None:
        self.notes.append(diagnostic(self.file, segment, element, code, message, hint, severity))


def _belongs_to(segment: Segment) -> Literal["837", "278"] | None:
    """The transaction that a segment begins a claim or a request of; None: it begins neither."""
    if segment.id == "CLM":
        return "837"
    return "278" if segment.id == "HL" and segment.code(3) == "EV" else None


def diagnostic(
    file: str,
    segment: Segment,
    element: int,
    code: str,
    message: str,
    hint: str | None = None,
    severity: Severity = "error",
    about: str = "",
) -> Diagnostic:
    """A diagnostic at a segment or one of its elements; the message names the segment."""
    name = segment.id if is_segment_name(segment.id) else "?"
    part = f"{name}{element:02d}" if element else name
    where = segment.location(file, f"segment {segment.number} ({part})", element)
    excerpt = segment.excerpt_at(where.start) if where.start else None
    message = f"{about}segment {segment.number} ({part}): {message}"
    return Diagnostic(code, message, where, hint, severity, excerpt)
