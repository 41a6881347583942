"""The other payers of an 837: who they are and what they decided of the claim and of its lines.

Loop 2320 with 2330B says it of the claim, from SBR to the first LX; 2430 of a line, from SVD on. What is
wrong there is remarked on and not known: it is no mistake in what this claim asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Final, TypeVar, get_args

from payer_policy.core.json_source import JsonPath
from payer_policy.core.vocabulary.types import ValueProblem, shown
from payer_policy.formats.form import label
from payer_policy.formats.x12.form import Form, Source
from payer_policy.formats.x12.segment_reader import Segment
from payer_policy.formats.x12.values import amount, day, number
from payer_policy.request.models import Group

_RANKS: Final = {"P": "primary", "S": "secondary", "T": "tertiary"}
"""SBR01 (data element 1138); later ones (A to H) and unknown ones (U) have no word here."""
_AMOUNTS: Final = {"D": "paid", "A8": "denied"}
"""AMT01 in loop 2320: what the payer paid, and what it did not cover."""
_GROUPS: Final[tuple[str, ...]] = get_args(Group)
_TRIPLES: Final = range(2, 18, 3)
"""Where reason, amount and quantity of a CAS begin."""

PAYERS: Final = "other_payers"
T = TypeVar("T")


@dataclass
class Adjudication:
    """What another payer decided of a line: an SVD and what follows it."""

    svd: Segment
    adjustments: list[Segment] = field(default_factory=list)
    dates: list[Segment] = field(default_factory=list)

    def read(self, segment: Segment) -> None:
        """A segment after the SVD."""
        if segment.id == "CAS":
            self.adjustments.append(segment)
        elif segment.id == "DTP" and segment.code(1) == "573":
            self.dates.append(segment)


class OtherPayers:
    """Reads the other payers of one claim into its form."""

    def __init__(self, form: Form) -> None:
        self.form = form
        self.count = 0
        self._party = ""
        """Whom the last NM1 is about (NM101)."""
        self._adjustments: list[list[dict[str, Any]]] = []
        self._unclear: set[JsonPath] = set()
        """The fields of which what is stated cannot be used: twice and not alike, or in part."""

    def __bool__(self) -> bool:
        return self.count > 0

    def read(self, segment: Segment) -> None:
        """A segment of the claim, from its first SBR on."""
        match segment.id:
            case "SBR":
                self.count, self._party = self.count + 1, ""
                self._adjustments.append([])
                self._put("rank", _RANKS.get(segment.code(1)), segment, 1)
            case "NM1":
                self._party = segment.code(1)
                if self._party == "PR":
                    self._put("payer", segment.get(9), segment, 9)
                    self._put("payer_name", segment.get(3), segment, 3)
            case "AMT" if segment.code(1) in _AMOUNTS:
                name = _AMOUNTS[segment.code(1)]
                self._put(name, self._read(name, segment, 2, number), segment, 2)
            case "CAS":
                self._adjust(self.count - 1, segment)
            case "DTP" if segment.code(1) == "573" and self._party == "PR":
                self._put("remitted_on", self._read("remitted_on", segment, 3, day), segment, 3)

    def finish(self, lines: Sequence[Sequence[Adjudication]], numbers: Sequence[int]) -> None:
        """What the lines say of these payers, each line with its number."""
        paid: dict[int, dict[int, int | Decimal]] = {}
        days: dict[int, dict[date, Source]] = {}
        for adjudications, own in zip(lines, numbers, strict=True):
            for one in adjudications:
                at = self._payer(one.svd)
                if at is None:
                    continue
                found = self._read("paid", one.svd, 2, number)
                if found is None:
                    self._unclear.add((PAYERS, at, "paid"))
                else:
                    sums = paid.setdefault(at, {})
                    sums[own] = sums.get(own, 0) + found
                for segment in one.adjustments:
                    self._adjust(at, segment, own)
                for segment in one.dates:
                    on = self._read("remitted_on", segment, 3, day)
                    if on is not None:
                        days.setdefault(at, {}).setdefault(on, Source(segment, 3))
        for at in range(self.count):
            self._fill(at, paid.get(at, {}), days.get(at, {}), len(numbers))

    def _fill(
        self,
        at: int,
        paid: dict[int, int | Decimal],
        days: dict[date, Source],
        lines: int,
    ) -> None:
        """What the claim leaves to its lines: the sum where all say it, the day where it is one."""
        form, total, on = self.form, (PAYERS, at, "paid"), (PAYERS, at, "remitted_on")
        if total not in form.values and total not in self._unclear and len(paid) == lines > 0:
            form.values[total] = sum(paid.values())
        if on not in form.values and on not in self._unclear and len(days) == 1:
            ((form.values[on], form.sources[on]),) = days.items()
        if self._adjustments[at]:
            form.values[PAYERS, at, "adjustments"] = self._adjustments[at]

    def _payer(self, svd: Segment) -> int | None:
        """Which payer an SVD is of."""
        payers = range(self.count)
        found = [at for at in payers if self.form.values.get((PAYERS, at, "payer")) == svd.get(1)]
        if len(found) == 1:
            return found[0]
        what = "several other payers have" if found else "no other payer of the claim has"
        message = f"{what} the identifier {shown(svd.get(1))}"
        self._remark(svd, 1, message, "what that payer decided of the line is not read")
        return None

    def _adjust(self, at: int, segment: Segment, line: int | None = None) -> None:
        """The adjustments of a CAS, at most six."""
        rows, group = self._adjustments[at], self._group(segment)
        for element in _TRIPLES:
            reason = segment.get(element)
            if not reason:
                if lone := segment.get(element + 1) or segment.get(element + 2):
                    message = f"found {shown(lone)} without a reason code; it is not read"
                    hint = "put the reason code before the amount, such as CAS*CO*45*12.50"
                    self._remark(segment, element, message, hint)
                continue
            self.form.sources[PAYERS, at, "adjustments", len(rows)] = Source(segment, element)
            taken = self._read("amount", segment, element + 1, amount)
            row = {"group": group, "carc": reason, "amount": taken, "line": line}
            rows.append({name: value for name, value in row.items() if value is not None})

    def _group(self, segment: Segment) -> str | None:
        group = segment.code(1)
        if group in _GROUPS:
            return group
        message = (
            f"found the group {shown(segment.get(1))}; one of {', '.join(_GROUPS)} was expected"
        )
        self._remark(segment, 1, message, "the group of these adjustments is taken as not known")
        return None

    def _read(
        self, name: str, segment: Segment, element: int, parse: Callable[[str], T]
    ) -> T | None:
        """The parsed value of an element; None where it is empty or (with a remark) wrong."""
        if not (text := segment.get(element)):
            return None
        try:
            return parse(text)
        except ValueProblem as problem:
            message = f"{label((name,))}: {problem.message}; it is taken as not known"
            self._remark(segment, element, message, problem.hint)
            return None

    def _put(self, name: str, value: object, segment: Segment, element: int) -> None:
        """Set a field of the last payer; two that differ are not known."""
        form, path = self.form, (PAYERS, self.count - 1, name)
        if value is None or value == "" or path in self._unclear:
            return
        if path not in form.values:
            form.put(path, value, segment, element)
        elif form.values[path] != value:
            first, before = form.sources.pop(path).segment.number, form.values.pop(path)
            message = f"a second {label(path)}, {shown(str(value))}; segment {first} says "
            message += f"{shown(str(before))}; it is taken as not known"
            self._remark(segment, element, message, "leave one of the two")
            self._unclear.add(path)

    def _remark(self, segment: Segment, element: int, message: str, hint: str | None) -> None:
        self.form.slip(segment, element, "not-read", message, hint, "warning")
