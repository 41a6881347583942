"""Claims of 837s in bulk: each part of a claim that the strict reader cannot tell from one that it has
read is not read again.

A part is a line, what comes before the lines, or the levels above. The strict reader reads a part once,
with marks in place of the elements that it only passes on (`_PASSED`), and it is observed which other
elements it looks at. Every part with the same names and the same texts in those elements takes the same
way through the reader, so it says the same, with its own texts where the marks came out. A claim with
anything wrong, or whose parts bear on one another in an unusual way, is left to the strict reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import count, islice
from operator import itemgetter
from typing import Any, Final, NamedTuple

from payer_policy.core.columns import Flags
from payer_policy.core.diagnostics import Position
from payer_policy.core.vocabulary.types import ValueProblem
from payer_policy.formats.form import MAX_PROBLEMS
from payer_policy.formats.x12.claim import ClaimReader
from payer_policy.formats.x12.claim_lines import LineReader
from payer_policy.formats.x12.claim_loops import ClaimLoop, ClaimSet
from payer_policy.formats.x12.envelope import Kind
from payer_policy.formats.x12.form import Form
from payer_policy.formats.x12.levels import Level
from payer_policy.formats.x12.other_payers import PAYERS
from payer_policy.formats.x12.segment_reader import BLANK, Run, Segment, Separators
from payer_policy.formats.x12.values import days, number
from payer_policy.request.in_columns import ReadColumns
from payer_policy.request.models import MAX_LINES
from payer_policy.request.reading_in_columns import (
    LINE_FIELDS,
    REQUEST_FIELDS,
    Assembly,
    Own,
    assembled,
    defaults_of_lines,
    defaults_of_requests,
    field_reader,
    line_reader,
)

_Passed = Mapping[str, tuple[tuple[int, str], ...]]
_PASSED: Final[_Passed] = {
    "CLM": ((1, "text"), (2, "number")),
    "DMG": ((2, "days"),),
    "DTP": ((3, "days"),),
    "NM1": ((9, "text"),),
    "REF": ((2, "text"),),
    "SV1": ((2, "number"),),
    "SV2": ((3, "number"),),
}
"""By segment the elements of which the readers ask no more than whether they are empty and what value
they have (`ClaimReader`, `LineReader`, the levels of `claim_loops`): they differ from claim to claim."""
_PASSED_BEFORE_LINES: Final[_Passed] = {**_PASSED, "NTE": ((2, "text"),)}
"""The same before the lines. A claim has one note, as a rule; those of a line are made one text."""
_TOTAL: Final = 1
"""The claim's charge among what its CLM passes on."""
_RENDERING: Final = "provider.rendering_npi"
_SPECIALTY: Final = "provider.rendering_specialty"
_HERE: Final = Position(1, 1)
_TEXT: Final = "\ue000"
_NUMBER: Final = "73509182"
"""What texts and numbers begin with that stand for others; a part that has such a thing itself is left
to the strict reader."""
_FIRST_DAY: Final = date(1800, 1, 1)
_MOST_TEXTS: Final = 50_000
_MOST_PARTS: Final = 40_000
"""Maximum number of segments and of parts that are remembered."""

Pick = Callable[[str], Any]
"""The value of a text that is passed on; None: it has none."""


class _Slot(NamedTuple):
    """A field whose value is passed on."""

    name: str
    at: int
    """Its place among the texts that a part passes on."""
    pick: Pick


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    """What parts say that are alike."""

    fields: Mapping[str, Any]
    slots: tuple[_Slot, ...]
    warnings: Counter[str]
    undated: bool = False
    """Whether it is a line of an institutional claim without a date."""
    pointed: bool = False
    """Whether it is a line that points to diagnoses."""
    listed: bool = False
    """Whether it comes before the lines and lists codes (HI)."""
    statement: int | None = None
    """Where the dates of the whole claim are among what is passed on."""
    charge: int | None = None
    """The same of a line's charge."""
    rendering: int | None = None
    """The same of the number of the rendering provider."""
    specialty: str | None = None
    """What the rendering provider of a line does."""


class _Watched(list[str]):
    """Elements that remember which of them were looked at."""

    def __init__(self, elements: Sequence[str]) -> None:
        super().__init__(elements)
        self.seen: set[int] = set()

    def __getitem__(self, index: Any) -> Any:
        at = range(len(self))[index]
        self.seen.update([at] if isinstance(at, int) else at)
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[str]:
        self.seen |= set(range(len(self)))
        return super().__iter__()


@lru_cache(maxsize=1 << 16)
def _number(text: str) -> int | Decimal | None:
    try:
        return number(text)
    except ValueProblem:
        return None


@lru_cache(maxsize=1 << 16)
def _days(text: str) -> tuple[date | None, date | None]:
    try:
        return days(text)
    except ValueProblem:
        return None, None


def _first(text: str) -> date | None:
    return _days(text)[0]


def _last(text: str) -> date | None:
    return _days(text)[1]


def _shape(kind: str, text: str) -> str:
    """What of a text that is passed on decides what is read."""
    if not text:
        return ""
    return "range" if kind == "days" and "-" in text else kind


class _Marks:
    """Texts that stand for those that are passed on, and the values that are read from them."""

    def __init__(self) -> None:
        self.picks: dict[Any, tuple[int, Pick]] = {}

    def text(self, at: int, shape: str) -> str:
        """A text of a shape, unlike all others; `at` is its place among those that are passed on."""
        day = _FIRST_DAY + timedelta(days=2 * at)
        match shape:
            case "":
                return ""
            case "number":
                made = f"{_NUMBER}{at:04d}.5"
                self.picks[Decimal(made)] = at, _number
            case "days":
                made = f"{day:%Y%m%d}"
                self.picks[day] = at, _first
            case "range":
                last = day + timedelta(days=1)
                made = f"{day:%Y%m%d}-{last:%Y%m%d}"
                self.picks |= {day: (at, _first), last: (at, _last)}
            case _:
                made = f"{_TEXT}{at}"
                self.picks[made] = at, str
        return made

    def slots(self, values: dict[str, Any]) -> tuple[_Slot, ...] | None:
        """The fields whose values are passed on, taken out of those that were read; None: a mark came
        out within something else."""
        made = []
        for name, value in list(values.items()):
            found = self.picks.get(value) if isinstance(value, Hashable) else None
            if found is not None:
                made.append(_Slot(name, *found))
                del values[name]
            elif _TEXT in str(value):
                return None
        return tuple(made)


Read = Callable[[Any, list[Segment], _Marks], _Said | None]


class _Part(NamedTuple):
    """A part of a claim: what it says, and the texts that it passes on."""

    said: _Said
    passed: Sequence[str]

    def text(self, at: int | None) -> str | None:
        """One of these texts by its place, if it has one."""
        return None if at is None else self.passed[at]


class _Parts:
    """Parts of one kind and what they say."""

    def __init__(self, separators: Separators, read: Read, passed: _Passed = _PASSED) -> None:
        self._separators, self._read, self._passed = separators, read, passed
        self._seen: dict[str, frozenset[int]] = {}
        self._looked_at: dict[str, tuple[Callable[[list[str]], Any], int]] = {}
        """By the name of a segment what takes the elements out of it that were looked at, its name among
        them, and the last one's number."""
        self._texts: dict[str, tuple[int, tuple[str, ...]]] = {}
        """By segment its class, and what it passes on."""
        self._classes: dict[tuple[Any, ...], int] = {}
        self._said: dict[tuple[Any, ...], _Said | None] = {}

    def part(self, head: Any, texts: Sequence[str]) -> _Part | None:
        """A part of a claim; None: it is for the strict reader.

        Args:
            head: What else decides how it is read; can be hashed.
            texts: Its segments.
        """
        classes: list[Any] = [head]
        passed: list[str] = []
        known = self._texts
        for text in texts:
            found = known.get(text)
            if found is None:
                found = self._classified(text)
            classes.append(found[0])
            passed += found[1]
        key = tuple(classes)
        said = self._said[key] if key in self._said else self._read_new(head, texts)
        return None if said is None else _Part(said, passed)

    def _classified(self, text: str) -> tuple[int, tuple[str, ...]]:
        elements = text.split(self._separators.element)
        name, length = elements[0], len(elements)
        passed: list[str] = []
        for at, kind in self._passed.get(name, ()):
            own = elements[at].strip(BLANK) if at < length else ""
            passed.append(own)
            if own:
                elements[at] = _shape(kind, own)
        chosen, last = self._looked_at.get(name, (tuple, 0))
        key = (length, chosen(elements) if last < length else tuple(elements))
        made = self._classes.setdefault(key, len(self._classes)), tuple(passed)
        if len(self._texts) >= _MOST_TEXTS:
            self._texts.clear()
        self._texts[text] = made
        return made

    def _read_new(self, head: Any, texts: Sequence[str]) -> _Said | None:
        marks, segments, at = _Marks(), list[Segment](), count()
        own_marks = any(mark in text for text in texts for mark in (_TEXT, _NUMBER))
        for place, text in enumerate(texts, 1):
            elements = _Watched(text.split(self._separators.element))
            for index, kind in self._passed.get(list.__getitem__(elements, 0), ()):
                own = next(at)
                if index < len(elements):
                    raw = list.__getitem__(elements, index).strip(BLANK)
                    elements[index] = marks.text(own, _shape(kind, raw))
            id_ = list.__getitem__(elements, 0)
            segments.append(Segment(place, id_, elements, _HERE, None, self._separators, True))
        said = None if own_marks else self._read(head, segments, marks)
        if len(self._said) >= _MOST_PARTS or self._see(segments):
            self._forget()
        classes = [self._texts.get(text) or self._classified(text) for text in texts]
        self._said[(head, *[found[0] for found in classes])] = said
        return said

    def _see(self, segments: Sequence[Segment]) -> bool:
        """Remember which elements were looked at; true: some for the first time."""
        grown = False
        for segment in segments:
            assert isinstance(segment.elements, _Watched)
            before = self._seen.get(segment.id)
            seen = segment.elements.seen.union(before or (0,))
            if before is None or len(seen) > len(before):
                self._seen[segment.id] = frozenset(seen)
                self._looked_at[segment.id] = itemgetter(*sorted(seen)), max(seen)
                grown = True
        return grown

    def _forget(self) -> None:
        for known in (self._texts, self._classes, self._said):
            known.clear()


def _made(values: dict[str, Any], form: Form, marks: _Marks, **more: Any) -> _Said | None:
    slots = marks.slots(values)
    if form.wrong or slots is None:
        return None
    warnings = Counter(slip.code for slip in form.slips)
    return _Said(values, slots, warnings, **more)


def _read_line(head: None, segments: list[Segment], marks: _Marks) -> _Said | None:
    if not segments:
        return None
    form = Form()
    reader = LineReader(form, segments[0], 0)
    for segment in segments:
        reader.read(segment)
    reader.finish(None)
    rendering = None
    if reader.rendering is not None:
        rendering = marks.picks.get(reader.rendering[0], (None,))[0]
    if form.wrong or reader.service is None or (reader.rendering and rendering is None):
        return None
    if reader.adjudications:  # what they say goes to the claim's other payers
        return None
    values = {str(path[-1]): value for path, value in form.values.items()}
    if values.get("through") == values.get("date"):  # as `request_of` has it
        values.pop("through", None)
    undated = reader.service.id == "SV2" and "date" not in values
    pointed = "diagnosis_pointers" in values
    charge = marks.picks.get(values.get("charge"), (None,))[0]
    specialty = reader.specialty[0] if reader.specialty is not None else None
    more = {"charge": charge, "rendering": rendering, "specialty": specialty}
    return _made(values, form, marks, undated=undated, pointed=pointed, **more)


def _read_head(head: Kind, segments: list[Segment], marks: _Marks) -> _Said | None:
    clm, *rest = segments
    form = Form()
    reader = ClaimReader(ClaimLoop(clm, head, None), form)
    for segment in rest:
        reader.header(segment)
    reader.claim(clm)
    if form.wrong or reader.others:  # hardly two claims say the same of other payers
        return None
    diagnoses = reader.known_diagnoses()
    values = {".".join(map(str, path)): value for path, value in form.values.items()}
    values[PAYERS] = []
    if diagnoses is not None and not form.other_diagnoses:
        values["diagnoses"] = [code for code, _ in diagnoses]
    statement = None
    if reader.statement is not None:
        statement = marks.picks[reader.statement[0]][0]
    listed = any(segment.id == "HI" for segment in rest)
    rendering = marks.picks.get(values.get(_RENDERING), (None,))[0]
    passed = {"statement": statement, "rendering": rendering}
    return _made(values, form, marks, listed=listed, **passed)


def _read_levels(
    head: Sequence[tuple[str, int]], segments: list[Segment], marks: _Marks
) -> _Said | None:
    rest = iter(segments)
    level: Level | None = None
    if not segments:
        return None
    for code, size in head:
        own = list(islice(rest, size))
        hl = replace(segments[0], id="HL", elements=["HL", "", "", code])
        level = Level(hl, level, None, ClaimSet.hierarchy)
        for segment in own:
            level.add(segment)
    assert level is not None
    form = level.everything
    values = {".".join(map(str, path)): value for path, value in form.values.items()}
    return _made(values, form, marks)


class _Known:
    """What is known of the parts of claims with some separators."""

    def __init__(self, separators: Separators) -> None:
        self.levels = _Parts(separators, _read_levels)
        self.heads = _Parts(separators, _read_head, _PASSED_BEFORE_LINES)
        self.lines = _Parts(separators, _read_line)
        self.numbers = [f"LX{separators.element}{number}" for number in range(1, MAX_LINES + 1)]
        """How the lines of a claim begin, one after the other."""


_known = lru_cache(maxsize=8)(_Known)


class _Claim(NamedTuple):
    """The parts of a claim."""

    levels: _Part
    head: _Part
    lines: Sequence[_Part]

    def is_common(self) -> bool:
        """Whether what the parts say together is sound, and needs no remark."""
        head, dates = self.head.said, self.statement
        return (
            (dates is None or _first(dates) is not None)
            and (head.listed or not any(line.said.pointed for line in self.lines))
            and self._charges_agree()
            and (not self.named or self._name_one())
        )

    @property
    def statement(self) -> str | None:
        """The dates of the whole claim."""
        return self.head.text(self.head.said.statement)

    @property
    def npi(self) -> str | None:
        """The rendering provider of the claim."""
        return self.head.text(self.head.said.rendering)

    @property
    def named(self) -> set[str | None]:
        """The other rendering providers that lines name."""
        return self._npis - {None, self.npi}

    def _name_one(self) -> bool:
        """Whether all lines name one rendering provider of one specialty, and the claim names none."""
        specialties = {line.said.specialty for line in self.lines}
        unsaid = self.npi is None and _SPECIALTY not in self.head.said.fields
        return unsaid and len(self._npis) == len(specialties) == 1

    @property
    def _npis(self) -> set[str | None]:
        """What lines name; None: one names none."""
        return {line.text(line.said.rendering) for line in self.lines}

    def _charges_agree(self) -> bool:
        """Whether the lines add up to the claim's charge, as far as all are known."""
        text = self.head.passed[_TOTAL]
        total = _number(text)
        if total is None:
            return not text
        charges = [_number(line.text(line.said.charge) or "") for line in self.lines]
        known = [charge for charge in charges if charge is not None]
        return len(known) < len(charges) or sum(known) == total


class _Used:
    """The parts of one kind in a block."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._parts: dict[_Said, tuple[int, list[tuple[int, Own]]]] = {}
        self._own: dict[tuple[str, Pick], Own] = {}
        self.of_rows: list[int] = []

    def add(self, part: _Part) -> bool:
        """Give the next row a part; false: something that it passes on is no value."""
        row, (said, passed) = len(self.of_rows), part
        found = self._parts.get(said)
        if found is None:
            found = self._parts[said] = self._part(said)
        self.of_rows.append(found[0])
        sound = True
        for at, own in found[1]:
            sound = own(row, passed[at]) and sound
        return sound

    def _part(self, said: _Said) -> tuple[int, list[tuple[int, Own]]]:
        slots = []
        for name, at, pick in said.slots:
            if (name, pick) not in self._own:
                self._own[name, pick] = self._assembly.own(name, pick, optional=pick is _last)
            slots.append((at, self._own[name, pick]))
        return self._assembly.part(said.fields), slots


class ClaimsInBulk:
    """Reads claims one after the other; `made` are all of them as columns."""

    def __init__(self) -> None:
        self._requests = Assembly(
            {path: field_reader(path) for path in (*REQUEST_FIELDS, PAYERS)}, defaults_of_requests()
        )
        self._lines = Assembly(
            {name: line_reader(name) for name in LINE_FIELDS}, defaults_of_lines()
        )
        self._levels, self._heads = _Used(self._requests), _Used(self._requests)
        self._parts_of_lines = _Used(self._lines)
        self._named = self._requests.own(_RENDERING, str)
        self._specialty = self._requests.own(_SPECIALTY, str)
        self._undated = self._lines.own("date", _first)
        self._sizes: list[int] = []
        self._refused: list[bool] = []
        self._warned: list[tuple[int, Counter[str]]] = []

    def read(self, loop: object) -> bool:
        """Read a claim; false: it is for the strict reader, and nothing was read."""
        claim = _parts_of(loop) if isinstance(loop, ClaimLoop) else None
        if claim is None or not claim.is_common():
            return False
        row, parts = len(self._sizes), [claim.levels, claim.head, *claim.lines]
        sound = self._levels.add(claim.levels)
        sound = self._heads.add(claim.head) and sound
        for npi in filter(None, claim.named):  # the one that all lines name
            sound = self._named(row, npi) and sound
            specialty = claim.lines[0].said.specialty
            sound = (specialty is None or self._specialty(row, specialty)) and sound
        dates = claim.statement
        for line in claim.lines:
            sound = self._parts_of_lines.add(line) and sound
            if line.said.undated and dates is not None and _last(dates) is None:
                # It is for one day; of several, none would be the line's.
                self._undated(len(self._parts_of_lines.of_rows) - 1, dates)
        warned = [part.said.warnings for part in parts if part.said.warnings]
        self._sizes.append(len(claim.lines))
        self._refused.append(not sound or sum(one.total() for one in warned) >= MAX_PROBLEMS)
        self._warned += [(row, one) for one in warned]
        return True

    def made(self) -> ReadColumns:
        """All that was read."""
        made = assembled(
            self._requests,
            (self._levels.of_rows, self._heads.of_rows),
            self._lines,
            self._parts_of_lines.of_rows,
            self._sizes,
            self._refused,
        )
        return made._replace(remarks=self._remarks)

    def _remarks(self, rows: Flags) -> Counter[str]:
        """How often which warning is given on some claims."""
        made: Counter[str] = Counter()
        for row, warnings in self._warned:
            if rows[row]:
                made += warnings
        return made


def _texts(run: Run) -> list[str]:
    """The segments of a run."""
    *texts, _ = run.text.replace("\r", "").replace("\n", "").split(run.separators.terminator)
    return texts


def _parts_of(loop: ClaimLoop) -> _Claim | None:
    """The parts of a claim; None: it is for the strict reader."""
    run, level, clm = loop.body.run, loop.level, loop.clm
    if run is None or level is None or loop.kind is None or loop.fault or clm.elements[0] != "CLM":
        return None
    known, texts, path = _known(run.separators), _texts(run), level.path()
    starts = [at for at, text in enumerate(texts) if text[:2] == "LX"]
    is_numbered = [texts[at] for at in starts] == known.numbers[: len(starts)]
    if not starts or not is_numbered or not all(one.body.is_run for one in path):
        return None
    above = [_texts(one.body.run) if one.body.run is not None else [] for one in path]
    shape = tuple([(one.code, len(own)) for one, own in zip(path, above, strict=True)])
    levels = known.levels.part(shape, [text for own in above for text in own])
    first = run.separators.element.join(clm.elements)
    head = known.heads.part(loop.kind, [first, *texts[: starts[0]]])
    lines = []
    for start, end in zip(starts, [*starts[1:], len(texts)], strict=True):
        line = known.lines.part(None, texts[start + 1 : end])
        if line is None:
            return None
        lines.append(line)
    return None if levels is None or head is None else _Claim(levels, head, lines)
