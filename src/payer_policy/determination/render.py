"""A determination for people at a terminal: what `payer-policy decide` prints.

Plain text; colors only where asked for. Everything printed is one line's worth of printable text,
so that what a biller typed cannot steer a terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Final, TypeVar

from payer_policy.core.ruleset import Reason
from payer_policy.core.semantics import total
from payer_policy.core.vocabulary.types import Units
from payer_policy.determination.english import reason_in_words
from payer_policy.determination.explain import (
    CONFLICT,
    RECOMMENDED,
    SILENT,
    disagreement,
    disposed_in_words,
    units_in_words,
)
from payer_policy.determination.interview import Item
from payer_policy.determination.model import (
    Determination,
    Finding,
    LineOutcome,
    NoPolicy,
    Question,
    Unsettled,
)
from payer_policy.determination.words import (
    WIDTH,
    capital,
    certified_in_words,
    counted,
    day,
    in_words,
    line_list,
    listed,
    one_line,
    reversal_of,
    service_in_words,
    stop,
    wrapped,
)

FOLD: Final = 5
"""Longer lists are counted, and the rest is listed on request."""
_WORDS: Final = {
    "approve": "APPROVED",
    "deny": "DENIED",
    "pend": "PENDED",
    "partial": "PARTLY APPROVED",
    "void": "VOID",
    "not_required": "NOT REQUIRED",
    "no_policy": "NO POLICY",
}
_COLORS: Final = {
    "approve": "32",
    "advise": "36",
    "deny": "31",
    "pend": "33",
    "reduce": "35",
    "partial": "35",
    "void": "36",
    "not_required": "36",
    "no_policy": "36",
}
_HASH_SHOWN: Final = 12
SHORT: Final = 2
"""Lines of an answer after which the policy needs no blank line before it."""
T = TypeVar("T")
_UNKNOWN: Final = {
    "amount": "applies; how many units it leaves is not known",
    "line units": "applies; the units billed are not known",
    "earlier lines": "applies; what it leaves depends on earlier lines that pend",
    "authorization": "applies; whether an authorization covers the service is not known",
    "preauthorization": "all lines wait for that",
    "lines followed": "whether a line that these follow is paid is not decided yet",
}


class _Page:
    """Lines of text, with colors where they are wanted."""

    def __init__(
        self, width: int, color: bool, full: bool = False, how_to_list_all: str = ""
    ) -> None:
        self.lines: list[str] = []
        self._width, self._color, self.full = width, color, full
        self.how = f" ({how_to_list_all} lists all)" if how_to_list_all else ""

    def paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text

    def add(self, text: str, indent: int = 0, hang: int | None = None) -> None:
        rest = " " * (indent if hang is None else hang)
        self.lines += wrapped(text, " " * indent, rest, self._width)

    def folded(self, items: Sequence[T], add: Callable[[T], None], noun: str) -> None:
        """Add the first items of a list, and how many more there are."""
        shown = items if self.full else items[:FOLD]
        for item in shown:
            add(item)
        if more := len(items) - len(shown):
            self.add(f"… {counted(more, f'more {noun}')}{self.how}", 2, 4)

    def names(self, names: Sequence[str]) -> str:
        """Names in a row, or the first of them and how many more there are."""
        if self.full or len(names) <= FOLD:
            return listed(names)
        return listed([*names[:FOLD], f"{len(names) - FOLD} more"])

    def heading(self, text: str) -> None:
        self.lines += ["", self.paint(text, "1")]

    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines) + "\n"


def render_determination(
    determination: Determination,
    *,
    color: bool = False,
    width: int = WIDTH,
    full: bool = False,
    how_to_list_all: str = "",
    first: Item | None = None,
) -> str:
    """A determination as text: the decision, the lines, the findings and what is missing.

    Args:
        determination: What was decided.
        color: Whether to color it for a terminal.
        width: Maximum number of characters in a line.
        full: List everything, also where a list is longer than five, and the checks that were not
            made.
        how_to_list_all: What a reader of a folded list can add to see all of it.
        first: The question whose answer says which of the others matter, if there is one.
    """
    page = _Page(width, color, full, how_to_list_all)
    word = _WORDS[determination.decision]
    what = [
        determination.claim_id or "",
        service_in_words(determination.code, determination.service_date),
    ]
    code = f"1;{_COLORS[determination.decision]}"
    page.lines.append(
        f"{page.paint(word, code)}  {one_line(' · '.join(one for one in what if one))}"
    )
    if determination.voids is not None:
        page.add(reversal_of(determination.voids), 2)
    if determination.recommended is not None:
        page.add(RECOMMENDED, 2)
    if determination.certified is not None:
        page.add(certified_in_words(determination.certified.to_json()), 2, 4)
    if determination.internal is not None:
        page.heading("Pended: internal error")
        page.add(determination.internal, 2)
    if determination.conflicts:
        page.heading("Rules of the policy contradict one another")
        for conflict in determination.conflicts:
            page.add(f"{disagreement(conflict)}. {CONFLICT}", 2)
    if determination.lines:
        _lines(page, determination)
    for kind, heading in (
        ("deny", "Denied because"),
        ("pend", "Pended because"),
        ("reduce", "Reduced because"),
        ("certify", "Certified by"),
    ):
        found = [one for one in determination.findings if one.kind == kind]
        found.sort(key=lambda one: one.rule != determination.headline)
        _findings(page, heading, found)
    if first is not None and not full:
        _first_question(page, determination, first)
    else:
        _questions(page, determination)
    _unsettled(page, determination)
    _findings(page, "To note", [one for one in determination.findings if one.kind == "advise"])
    if len(page.lines) > SHORT:
        page.lines.append("")
    _assumed(page, determination)
    page.add(f"{_policy(determination)}, engine {determination.engine}")
    return page.text()


def _first_question(page: _Page, determination: Determination, first: Item) -> None:
    """The question that splits the case, and how many come after it."""
    assert first.question is not None
    left = sorted({answer.left for answer in first.answers})
    page.heading("1 question first, whose answer says what else is needed")
    _question(page, 1, first.question)
    span = f"{left[0]} to {left[-1]}" if len(left) > 1 else str(left[0])
    page.add(f"Then {span} more, depending on the answer{page.how}.", 2)
    _asked_with(page, determination)


def _question(page: _Page, place: int, question: Question) -> None:
    mark = f"{place}. "
    page.add(f"{mark}{question.question}", 2, 2 + len(mark))
    by = f" · from the {question.supplied_by}" if question.supplied_by else ""
    page.add(f"{question.fact}{by}", 2 + len(mark))


def _asked_with(page: _Page, determination: Determination) -> None:
    if determination.information_request is not None:
        codes = reason_in_words(determination.information_request)
        page.add(f"Asked for with {codes}.", 2)


def _questions(page: _Page, determination: Determination) -> None:
    questions = list(enumerate(determination.missing, 1))
    if not questions:
        return

    def add(one: tuple[int, Question]) -> None:
        _question(page, *one)

    page.heading(f"{counted(len(questions), 'question')} that would decide this claim")
    page.folded(questions, add, "question")
    _asked_with(page, determination)


def _unsettled(page: _Page, determination: Determination) -> None:
    if not determination.unsettled:
        return
    every = {line.number for line in determination.lines}

    def add(rule: Unsettled) -> None:
        about = [f"? {rule.title.rstrip('.')} · {rule.rule}"]
        if rule.unknown != "condition":
            about.append(_UNKNOWN[rule.unknown])
        if set(rule.lines) != every:
            about.append(line_list(rule.lines))
        page.add(" · ".join(about), 2, 4)

    page.heading("Not determined")
    page.folded(determination.unsettled, add, "rule")


def _assumed(page: _Page, determination: Determination) -> None:
    """The checks that were not run because facts are missing, and the facts that are assumed."""
    rules = [one for one in determination.assumptions if one.rule is not None]
    if rules:
        facts = list(dict.fromkeys(fact for one in rules for fact in one.waits_for))
        page.add(f"{counted(len(rules), 'check')} not run: {page.names(facts)} not provided.", 0, 2)
    if page.full:
        for rule in rules:
            page.add(f"~ {rule.title.rstrip('.')} · {rule.rule}", 2, 4)
            if rule.waits_for:
                page.add(f"not known: {listed(rule.waits_for)}", 4, 6)
    if silent := [one.name for one in determination.assumptions if one.fact is not None]:
        page.add(f"{SILENT}: {page.names(silent)}.", 0, 2)


def _policy(determination: Determination) -> str:
    policy = determination.policy
    if policy.version is None or policy.hash is None:
        why = "the date of service is not settled"
        if determination.voids is not None:
            why = "no rule is evaluated for a void"
        return f"Policy {policy.address}, no version of it: {why}"
    until = "on" if policy.last_day is None else f"through {day(policy.last_day)}"
    return (
        f"Policy {policy.address} {policy.version} "
        f"(service dates {day(policy.first_day)} {until}), hash {policy.hash[:_HASH_SHOWN]}"
    )


def _units(units: Units | None) -> str:
    return "?" if units is None else in_words(units)


def _allowed(line: LineOutcome) -> str:
    """The allowed units; of a line that pends, how many at most where that is fewer than billed."""
    if line.outcome != "pend":
        return _units(line.allowed_units)
    most, billed = line.allowed_most, line.billed_units
    return "—" if most is None or most == billed else f"≤ {in_words(most)}"


def _lines(page: _Page, determination: Determination) -> None:
    lines = determination.lines
    if all(line.outcome == "approve" for line in lines) and not page.full:
        units = [line.billed_units for line in lines]
        known = [one for one in units if one is not None]
        billed = units_in_words(total(*known)) if len(known) == len(units) else "all units"
        page.add(
            f"{capital(line_list([line.number for line in lines]))}: {billed} allowed as billed."
        )
        return
    head = ("line", "part", "billed", "allowed", "outcome")
    rows = [
        (
            str(line.number),
            listed(line.parts) or "—",
            _units(line.billed_units),
            _allowed(line),
            disposed_in_words(line),
        )
        for line in lines
    ]
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    page.lines.append("")
    page.lines.append("  " + page.paint(_row(head, widths), "2"))
    for row, line in zip(rows, lines, strict=True):
        text = _row(row, widths)
        plain = text[: len(text) - len(row[-1])]
        page.lines.append(f"  {plain}{page.paint(row[-1], _COLORS[line.outcome])}")


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    left = (1, 4)
    padded = [
        cell.ljust(width) if place in left else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "   ".join(padded).rstrip()


def _findings(page: _Page, heading: str, findings: Iterable[Finding]) -> None:
    findings = list(findings)
    if not findings:
        return
    page.heading(heading)
    for place, found in enumerate(findings):
        if place:
            page.lines.append("")
        codes = reason_in_words(Reason(found.group, found.carc, found.rarcs))
        where = [found.on or "the whole service"]
        if found.lines:
            where.append(line_list(found.lines))
        if found.silenced:
            where.append("advice only: an authorization covers the service")
        if found.review is not None:
            where.append("a clinician must confirm it")
        if found.follow_up:
            where.append("to be reviewed after payment")
        page.add(stop(found.because), 2)
        page.add(" · ".join(one for one in (codes, *where, found.rule) if one), 4, 6)
        for citation in found.citations:
            page.add(
                f"{citation.title} <{citation.href}>" if citation.href else citation.title, 4, 6
            )


def render_no_policy(service: NoPolicy, *, color: bool = False, width: int = WIDTH) -> str:
    """A service without a policy as text: what was looked for, and what nearly applied."""
    page = _Page(width, color)
    what = " · ".join(
        one
        for one in (service.claim_id or "", service_in_words(service.code, service.service_date))
        if one
    )
    word = page.paint(_WORDS["no_policy"], f"1;{_COLORS['no_policy']}")
    page.lines.append(f"{word}  {one_line(what)}")
    which = line_list(service.lines) if service.lines else "this service"
    page.add(f"No policy applies to {which}, so nothing is decided: neither approved nor denied.")
    if service.looked_for:
        page.heading("Looked for")
    width_of_labels = max((len(label) for label, _ in service.looked_for), default=0)
    for label, value in service.looked_for:
        said = "not given" if value is None else in_words(value)
        page.add(f"{label:<{width_of_labels}}  {said}", 2, 4 + width_of_labels)
    if service.near:
        page.heading("Nearly applied")
        for sentence in service.near:
            page.add(f"· {stop(sentence)}", 2, 4)
    return page.text()


def as_of_in_words(day_filled_in: date) -> str:
    """That a day was filled in as the date of service."""
    return f"As of {day(day_filled_in)}: the request gives no date of service.\n"
