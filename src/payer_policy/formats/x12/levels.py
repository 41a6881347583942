"""The levels of a transaction set: HL segments as a tree, and what each level says, read once.

Which levels there are, what each belongs to and what its segments mean differs by transaction: that
is a `Hierarchy`. What a level and its parents say applies to everything below it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.types import shown
from payer_policy.formats.x12.envelope import Closed, Envelope, Opened
from payer_policy.formats.x12.form import Form, Slip
from payer_policy.formats.x12.segment_reader import Run, Segment, segment_of

MAX_SEGMENTS = 50_000
"""Maximum number of segments of a claim or a level. A claim of 999 lines has far fewer."""

_MAX_LEVELS = 1_000
"""Maximum number of levels of each kind that are remembered. A child follows its parent closely."""


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """The levels of one transaction."""

    words: Mapping[str, str]
    """What people call a level, by its code (HL03)."""
    parents: Mapping[str, tuple[str, ...]]
    """What a level may belong to, the usual one first; a level that is not here belongs to none."""
    read: Callable[[str, str, Form, Segment], None]
    """Puts into a form what one segment of a level says, by the level's code and whom the segment is
    about: NM101 of the last NM1, with it or before it."""
    own: Mapping[str, JsonPath]
    """By level, the field that it never has from its parents."""
    after_sibling: frozenset[str] = frozenset()
    """Levels that may name the one before them instead of what both belong to: some senders do."""


Flat = tuple[Any, ...] | list[Segment]
"""A run's plain values, or segments."""


class Body:
    """The segments of a loop after its first one: one by one, or a run of them."""

    __slots__ = ("_segments", "run")

    def __init__(self, run: Run | None = None) -> None:
        self.run = run
        """All that there is; None: there are segments that came one by one."""
        self._segments: list[Segment] | None = None if run is not None else []

    @property
    def segments(self) -> list[Segment]:
        """All of them."""
        if self._segments is None:
            assert self.run is not None
            self._segments = self.run.segments()
        return self._segments

    @property
    def is_run(self) -> bool:
        """Whether there are no segments but those of the run, if there is one."""
        return self.run is not None or not self._segments

    def add(self, segment: Segment) -> bool:
        """Add one more; false: there are too many."""
        segments = self.segments
        self.run = None
        if len(segments) >= MAX_SEGMENTS:
            return False
        segments.append(segment)
        return True

    def flat(self) -> Flat:
        """What `body_of` makes it of."""
        return self.segments if self.run is None else self.run.flat()


def body_of(flat: Flat) -> Body:
    """The segments of a loop, as another process receives them."""
    if isinstance(flat, tuple):
        return Body(Run(*flat))
    body = Body()
    for segment in flat:
        body.add(segment)
    return body


@dataclass(eq=False)
class Level:
    """One HL loop without the claims inside it."""

    hl: Segment
    parent: Level | None
    fault: Slip | None
    hierarchy: Hierarchy
    remark: Slip | None = None
    """A mistake that does not keep the level from being read."""
    body: Body = field(default_factory=Body)

    def __post_init__(self) -> None:
        self.code = self.hl.code(3)

    @property
    def segments(self) -> list[Segment]:
        """Its segments, but for the HL."""
        return self.body.segments

    def add(self, segment: Segment) -> None:
        if not self.body.add(segment) and self.fault is None:
            self.fault = too_long(self.hl)

    @cached_property
    def form(self) -> Form:
        """What this level says; asked for once all its segments are there."""
        form, party = Form(), ""
        for segment in self.segments:
            form.check(segment)
            if segment.id == "NM1":
                party = segment.code(1)
            self.hierarchy.read(self.code, party, form, segment)
        return form

    @cached_property
    def everything(self) -> Form:
        """What this level and its parents say. A patient is never as old as the subscriber."""
        form = Form()
        if self.parent is not None:
            form.take(self.parent.everything, without=self.hierarchy.own.get(self.code))
        form.take(self.form)
        return form

    def __reduce__(self) -> tuple[Any, ...]:
        rest = (self.parent, self.fault, self.hierarchy, self.remark)
        return _level, (self.hl.flat(), self.body.flat(), rest)

    def first_fault(self) -> Slip | None:
        """Why this level or one that it belongs to cannot be used."""
        level: Level | None = self
        while level is not None:
            if level.fault is not None:
                return level.fault
            level = level.parent
        return None

    def path(self) -> list[Level]:
        """The levels from the top down to this one."""
        return [*(self.parent.path() if self.parent is not None else ()), self]


def _level(hl: tuple[Any, ...], body: Flat, rest: tuple[Any, Any, Any, Any]) -> Level:
    """A level as another process receives it."""
    return Level(segment_of(*hl), *rest, body_of(body))


class Tree:
    """The levels of one transaction set, in the order in which they come."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self.current: Level | None = None
        self._hierarchy = hierarchy
        self._by_id: dict[str, Level] = {}
        self._latest: dict[str, Level] = {}
        self._order: dict[str, deque[tuple[str, Level]]] = {}

    def add(self, hl: Segment) -> Level:
        """The level that an HL begins; its fault says what is wrong with its place."""
        code, parent_id = hl.code(3), hl.get(2)
        words, wanted = self._hierarchy.words, self._hierarchy.parents.get(code, ())
        parent, fault, remark = None, None, None
        if wanted:
            parent = self._by_id.get(parent_id) if parent_id else self._last_of(wanted)
            if parent is not None and parent.code == code in self._hierarchy.after_sibling:
                parent = parent.parent
                if parent is self._last_of(wanted):
                    message = f"its parent (HL02) {shown(parent_id)} is another {words[code]}; the "
                    message += f"{words[wanted[0]]} that holds both is used"
                    remark = Slip(hl, 2, "sibling-as-parent", message, None, "warning")
                else:
                    parent = None
            if parent is None or parent.code not in wanted:
                found = f"its parent (HL02) is {shown(parent_id)}" if parent_id else "none is open"
                owner = " or ".join(words[one] for one in wanted)
                message = f"a {words[code]} belongs to a {owner} level; {found}"
                parent, fault = None, Slip(hl, 2, "broken-hierarchy", message)
        elif code not in words:
            *first, last = words
            message = f"found the level {shown(code)}; {', '.join(first)} or {last} was expected"
            fault = Slip(hl, 3, "broken-hierarchy", message)
        self.current = Level(hl, parent, fault, self._hierarchy, remark)
        self._remember(hl.get(1), self.current)
        return self.current

    def _last_of(self, codes: tuple[str, ...]) -> Level | None:
        """The newest of the levels that a level without HL02 can belong to."""
        found = [level for code in codes if (level := self._latest.get(code)) is not None]
        return max(found, key=lambda level: level.hl.number, default=None)

    def _remember(self, id_: str, level: Level) -> None:
        code = level.code if level.code in self._hierarchy.words else ""
        self._latest[code] = self._by_id[id_] = level
        order = self._order.setdefault(code, deque())
        order.append((id_, level))
        if len(order) > _MAX_LEVELS:
            gone, oldest = order.popleft()
            if self._by_id.get(gone) is oldest:
                del self._by_id[gone]


def too_long(first: Segment) -> Slip:
    """The problem of a level or claim that never ends."""
    message = f"more than {MAX_SEGMENTS:,} segments belong to this one"
    return Slip(first, 0, "too-large", message, "is a CLM, HL or SE missing?")


class Loop(Protocol):
    """A claim or a request, still as segments."""

    fault: Slip | None

    @property
    def first(self) -> Segment:
        """The segment that it begins with."""


L = TypeVar("L", bound=Loop)


class LoopSet(Generic[L]):
    """The claims or requests of one transaction set, as its segments are read."""

    hierarchy: ClassVar[Hierarchy]
    what: ClassVar[str]
    """What people call one of them."""
    begins: ClassVar[str]
    """And with the segment that begins it."""

    def __init__(self, opened: Opened, envelope: Envelope) -> None:
        self._opened = opened
        self._envelope = envelope
        self._tree = Tree(self.hierarchy)
        self._loop: L | None = None
        self._count = 0
        """How many there are, including those whose first segment is lost."""
        self._lost = False
        """Whether the next segments belong to a claim or level whose first segment is missing."""

    def add(self, segment: Segment) -> Iterator[L]:
        """The claim or request that a segment ends, if it ends one."""
        raise NotImplementedError

    def end(self, closed: Closed) -> Iterator[L]:
        """The last one; and into the envelope's notes what is wrong with the whole set."""
        st, note = self._opened.st, self._envelope.note
        name, again = f"the transaction set {shown(st.get(2))}", "send the file again, whole"
        if self._loop is not None:
            if not closed.complete:
                message = f"this {self.what} and others may be cut off: {closed.reason} ({name})"
                self._cut_off(self._loop, Slip(self._loop.first, 0, "truncated", message, again))
            yield from self._done()
        elif not closed.complete:
            note("truncated", f"{name} is not complete: {closed.reason}", st, hint=again)
        elif not self._count and not self._envelope.refused_in_set:
            note("no-claims", f"{name} holds no {self.begins}", st, hint=self._older())

    def _cut_off(self, loop: L, fault: Slip) -> None:
        loop.fault = fault

    def _older(self) -> str | None:
        """What to do where the set follows an older guide."""
        return None

    def _done(self) -> Iterator[L]:
        if self._loop is not None:
            yield self._loop
            self._loop = None
