"""The intermediate form as plain English: tests, conditions, rules, and a whole policy.

`read_ruleset` is what compliance staff read aloud before they sign off; `explain` says the same.
One structure (`Section`, `Item`), written out as text or as Markdown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    Arithmetic,
    AtLeast,
    Conclude,
    Condition,
    Constant,
    Edge,
    Expression,
    FactRef,
    FindingEffect,
    Lookup,
    Moved,
    Not,
    Parameter,
    Reason,
    Rule,
    Ruleset,
    Score,
    Sentence,
    Test,
    Window,
    written,
)
from payer_policy.core.tables import Cell, Table
from payer_policy.core.vocabulary.calendars import HolidayCalendar
from payer_policy.core.vocabulary.codes import families_in
from payer_policy.core.vocabulary.operators import OPERATORS
from payer_policy.core.vocabulary.types import FactType, Value
from payer_policy.determination.model import Citation
from payer_policy.determination.rules import citations_of
from payer_policy.determination.words import (
    WIDTH,
    capital,
    counted,
    day,
    in_unit,
    in_words,
    is_plural,
    is_question,
    label_of,
    listed,
    one_line,
    stop,
    there_is,
    with_article,
    wrapped,
)

CODES_SHOWN: Final = 6
"""Maximum number of codes of a code set that are spelled out."""
IN_ROW: Final = 2
"""Maximum number of conclusions, or overridden rules, in one sentence; more become a list."""

# --- the structure --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Item:
    """One point of a list, with the points under it."""

    text: str
    items: tuple[Item, ...] = ()


Block = str | tuple[Item, ...]
"""A paragraph, or a numbered list."""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, the text under it, and the sections inside it."""

    heading: str
    blocks: tuple[Block, ...] = ()
    sections: tuple[Section, ...] = ()


def as_text(section: Section, *, width: int = WIDTH) -> str:
    """A section as plain text."""
    lines: list[str] = []
    _text_section(section, lines, 0, width)
    return "\n".join(lines).strip("\n") + "\n"


def _text_section(section: Section, lines: list[str], depth: int, width: int) -> None:
    lines.append("")
    heading = wrapped(section.heading, "", "   " if depth > 1 else "", width)
    lines += heading
    indent = ""
    if depth < 2:
        lines.append("═─"[depth] * max(len(line) for line in heading))
    else:
        indent = "   "
    after_list = False
    for block in section.blocks:
        if isinstance(block, str):
            if depth < 2 or after_list:
                lines.append("")
            lines += wrapped(block, indent, indent, width)
        else:
            if depth < 2:
                lines.append("")
            _text_items(block, lines, indent, 0 if depth < 2 else 1, width)
        after_list = depth < 2 and not isinstance(block, str)
    for inner in section.sections:
        _text_section(inner, lines, depth + 1, width)


_ROMAN: Final = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")


def _mark(place: int, level: int) -> str:
    if level % 3 == 1 and place < 26:
        return f"{chr(ord('a') + place)}."
    if level % 3 == 2 and place < len(_ROMAN):
        return f"{_ROMAN[place]}."
    return f"{place + 1}."


def _text_items(
    items: Iterable[Item], lines: list[str], indent: str, level: int, width: int
) -> None:
    for place, item in enumerate(items):
        mark = f"{_mark(place, level):<3} "
        inside = indent + " " * len(mark)
        lines += wrapped(item.text, indent + mark, inside, width)
        _text_items(item.items, lines, inside, level + 1, width)


def as_markdown(section: Section, *, level: int = 1) -> str:
    """A section as Markdown; `level` is that of its heading."""
    lines: list[str] = []
    _markdown_section(section, lines, level)
    return "\n".join(lines).strip("\n") + "\n"


def escape_markdown(text: str) -> str:
    """Text that Markdown prints unchanged, and that opens no HTML."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_\[\]|~#])", r"\\\1", text)
    return re.sub(r"^(\d*)([.)+-])", r"\1\\\2", text)


def _markdown_section(section: Section, lines: list[str], level: int) -> None:
    lines += [f"{'#' * min(level, 6)} {escape_markdown(section.heading)}", ""]
    for block in section.blocks:
        if isinstance(block, str):
            lines += [escape_markdown(block), ""]
        else:
            _markdown_items(block, lines, "")
            lines.append("")
    for inner in section.sections:
        _markdown_section(inner, lines, level + 1)


def _markdown_items(items: Iterable[Item], lines: list[str], indent: str) -> None:
    for place, item in enumerate(items, 1):
        mark = f"{place}. "
        lines.append(f"{indent}{mark}{escape_markdown(item.text)}")
        _markdown_items(item.items, lines, indent + " " * len(mark))


# --- the sentences --------------------------------------------------------------------------

_DAYS: Final = {"business_days": "business days"}
_ONE: Final = {
    "is one of": "is",
    "is none of": "is not",
    "include any of": "include",
    "include none of": "do not include",
    "include all of": "include",
    "do not include all of": "do not include",
}
"""How a list of one is read."""
_IN_SET: Final = {
    "is one of": "is in",
    "is none of": "is not in",
    "include any of": "include a code of",
    "include none of": "include no code of",
    "include all of": "include every code of",
    "do not include all of": "do not include every code of",
}
_ROUNDED: Final = ("round_up", "round_down", "round_half_up")
_SUMS: Final = ("sum", "difference", *_ROUNDED)
_LOOSER: Final = {
    "sum": (_ROUNDED,),
    "difference": (_ROUNDED, _SUMS),
    "product": (_SUMS,),
    "quotient": (_SUMS, (*_SUMS, "product", "quotient")),
    "round_up": (_SUMS[:2],),
    "round_down": (_SUMS[:2],),
    "round_half_up": (_SUMS[:2],),
}
"""Operations that need brackets inside each operation: as its first argument, and as a later one."""


class English:
    """The words of one ruleset: its labels, units, parameters and code sets."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset

    # --- facts ----------------------------------------------------------------------------------

    def fact(self, name: str) -> str:
        """A fact's label, ready to be used in a sentence."""
        return label_of(name, self.ruleset.facts.get(name))

    def type_of(self, name: str) -> FactType | None:
        fact = self.ruleset.facts.get(name)
        return None if fact is None else fact.type

    def value(self, name: str, value: Value | None) -> str:
        """A value of that fact, with its unit."""
        return in_words(value, self.type_of(name))

    def states(self, name: str, value: Value | None) -> str:
        """That the fact has the value: "the drug is not packaged", "the phase is initial"."""
        if isinstance(value, bool):
            fact = self.ruleset.facts.get(name)
            if fact is None:
                return f"{name} is {in_words(value)}"
            return fact.states(value)
        if isinstance(value, frozenset) and value:
            return self._says(name, "are", self.value(name, value))
        return self._says(name, "is", self.value(name, value))

    def _says(self, name: str, says: str, words: str) -> str:
        """The fact's label, a verb, and what it says: "the units billed are at most 8 …"."""
        label = self.fact(name)
        if is_question(label):
            said = re.sub(r"^(is|are)( |$)", "", says)
            return f"{label}: {f'{said} {words}' if said else words}"
        if says.startswith("is") and is_plural(label):
            says = f"are{says[2:]}"
        return f"{label} {says} {words}"

    # --- tests ----------------------------------------------------------------------------------

    def test(self, test: Test, *, negated: bool = False) -> str:
        """A test as a clause: "the length of oral therapy is at least 6 weeks (…)"."""
        operator = OPERATORS[test.operator]
        first = test.right[0]
        constant = first if isinstance(first, Constant) else None
        if operator.shape == "flag":
            known = constant is None or constant.value is not False
            label, said = self.fact(test.fact), known is not negated
            if operator.name == "exists":
                return there_is(label)[0 if said else 1]
            verb = "are" if is_plural(label) else "is"
            return f"{label} {verb} {'known' if said else 'not known'}"
        says = operator.says_not if negated else operator.says
        if operator.name in ("is", "is_not"):
            positive = (operator.name == "is") is not negated
            if constant is None:
                return self._says(
                    test.fact,
                    "is the same as" if positive else "is not the same as",
                    self.expression(first, test.fact),
                )
            if isinstance(constant.value, bool):
                stated = self.states(test.fact, constant.value is positive)
                return f"{stated}{self._source(constant)}"
            if isinstance(constant.value, frozenset):
                says = "are exactly" if positive else "are not exactly"
        if operator.shape == "pair":
            low, high = (self._right(test, expression) for expression in test.right)
            return self._says(test.fact, says, f"{low} and {high}")
        if operator.shape == "several" and constant is not None:
            return self._among(test.fact, says, constant)
        return self._says(test.fact, says, self._right(test, first))

    def _among(self, name: str, says: str, constant: Constant) -> str:
        values = constant.value
        if not isinstance(values, (frozenset, set, tuple, list)):
            return self._says(name, says, self._named(constant, self.type_of(name)))
        type_ = self.type_of(name)
        if type_ is not None and type_.kind == "codes":
            type_ = None
        order: list[Any] = sorted(values)
        if type_ is not None and type_.values:
            order.sort(key=lambda value: _place(type_.values, value))
        families = families_in(values)
        if families:
            order.sort(key=families.__contains__)
        words = [
            f"any code of {value}" if value in families else in_words(value, type_)
            for value in order
        ]
        kind, _, set_name = (constant.name or "").partition(":")
        if kind == "code_set":
            spelled = counted(len(words), "code")
            if len(words) <= CODES_SHOWN:
                spelled = listed(words) or "no code on these dates"
            return self._says(
                name, _IN_SET.get(says, says), f"the code set “{set_name}” ({spelled})"
            )
        if len(words) in (1, len(families)):
            says = _ONE.get(says, says)
        both = "and" if "all of" in says else "or"
        return self._says(name, says, listed(words, both) + self._source(constant))

    def _right(self, test: Test, expression: Expression) -> str:
        if isinstance(expression, Constant):
            place = expression.value
            if (
                isinstance(test.left, Score)
                and isinstance(place, int)
                and 0 <= place < len(test.left.values)
            ):
                value = test.left.values[place]
                return self.value(test.fact, value) + self._source(expression)
            return self._named(expression, self.type_of(test.fact))
        if isinstance(test.left, Score) and isinstance(expression, Score):
            return self.fact(expression.fact)
        return self.expression(expression, test.fact)

    # --- expressions ----------------------------------------------------------------------------

    def expression(self, expression: Expression, like: str | None = None) -> str:
        """An expression as a noun: "8 billing units", "the units billed minus the limit".

        `like` is the fact that it is compared with, whose unit and type its constants share.
        """
        match expression:
            case Constant():
                return self._named(expression, None if like is None else self.type_of(like))
            case FactRef(fact):
                return self.fact(fact)
            case Score(fact, _):
                return f"the step of {self.fact(fact)}"
            case Edge(window, last):
                which = "last" if last else "first"
                return f"the {which} day of the {self.expression(window)}"
            case Window(amount, unit, direction, anchor):
                return f"{self._span(amount, unit)} {direction} {self.expression(anchor)}"
            case Lookup(table, column, called):
                by = listed([self.fact(key) for key in table.keys])
                return f"the {column} of the table {table.name} for {by}{defined(called)}"
            case Moved(window, called):
                return f"the day {self.expression(window)}{defined(called)}"
            case Arithmetic(operation, arguments, called):
                return self._arithmetic(operation, arguments, like) + defined(called)

    def looked_up(self, lookup: Lookup, known: Mapping[str, Value | None]) -> str:
        """What a table gives, and by which row: "row adult of the table limits gives 40 mg"."""
        table, at = lookup.table, lookup.table.columns.index(lookup.column)
        keys = [known.get(key) for key in table.keys]
        value = table.reader(lookup.column)(*keys)
        says = in_words(value, table.types[at])
        if value is None:
            return f"{lookup.column} of the table {table.name}: not known"
        if None in keys:
            return f"each row of the table {table.name} that may be meant gives {says}"
        row = table.row(keys)
        if row is None:
            return f"the table {table.name} has no row for it and otherwise gives {says}"
        return f"row {row.id} of the table {table.name} gives {says}"

    def table(self, table: Table) -> Section:
        """A table, a row a point: "adult: the age is from 18 to below 65: dose 40 mg"."""
        by = listed([self.fact(key) for key in table.keys])
        rows = [
            Item(
                f"{row.id}: "
                + ", ".join(
                    self._says(key, "is", self._cell(cell, key))
                    for key, cell in zip(table.keys, row.cells, strict=True)
                    if cell is not None
                )
                + f": {self._given(table, row.values)}."
            )
            for row in table.rows
        ]
        if table.otherwise is not None:
            rows.append(Item(f"Otherwise: {self._given(table, table.otherwise)}."))
        return Section(f"{table.name}, by {by}", (tuple(rows),))

    def _given(self, table: Table, values: Sequence[Value]) -> str:
        given = zip(table.columns, table.types, values, strict=True)
        return ", ".join(f"{name} {in_words(value, type_)}" for name, type_, value in given)

    def _cell(self, cell: Cell, key: str) -> str:
        type_ = self.type_of(key)
        if cell.name is not None:
            name, count = cell.name.partition(":")[2], counted(len(cell.values or ()), "code")
            return f"in the code set “{name}” ({count})"
        if cell.values is not None:
            return listed([in_words(value, type_) for value in sorted(cell.values, key=str)], "or")
        least, most, below = (
            None if bound is None else in_words(bound, type_)
            for bound in (cell.least, cell.most, cell.below)
        )
        end = f"through {most}" if most else f"to below {below}" if below else "on"
        if least is None:
            return f"at most {most}" if most else f"below {below}"
        return f"from {least} {end}"

    def _named(self, constant: Constant, type_: FactType | None) -> str:
        parameter = self._parameter(constant)
        if parameter is not None and parameter.unit is not None:
            # As the policy's author wrote it: 6 weeks stay 6 weeks where the fact counts days.
            text = in_unit(parameter.value, parameter.unit)
        elif constant.unit is not None:
            text = in_unit(constant.value, constant.unit)
        else:
            text = in_words(constant.value, type_)
        return text + self._source(constant)

    def _parameter(self, constant: Constant) -> Parameter | None:
        kind, _, name = (constant.name or "").partition(":")
        return self.ruleset.parameters.get(name) if kind == "parameter" else None

    def _source(self, constant: Constant) -> str:
        kind, _, name = (constant.name or "").partition(":")
        return f" ({kind.replace('_', ' ')} {name})" if name else ""

    def _span(self, amount: Expression, unit: str | HolidayCalendar) -> str:
        if isinstance(unit, HolidayCalendar):
            return f"{self._span(amount, 'business_days')} (calendar {unit.name})"
        words = _DAYS.get(unit, unit)
        if isinstance(amount, Constant):
            parameter = self._parameter(amount)
            if parameter is not None and parameter.unit is not None:
                return self._named(amount, None)
            text = in_words(amount.value)
            return f"{text} {words[:-1] if amount.value == 1 else words}{self._source(amount)}"
        return f"{self.expression(amount)} (in {words})"

    def _arithmetic(
        self, operation: str, arguments: tuple[Expression, ...], like: str | None
    ) -> str:
        says = [
            self._term(argument, like, operation, place) for place, argument in enumerate(arguments)
        ]
        match operation:
            case "sum":
                return " plus ".join(says)
            case "difference":
                return f"{says[0]} minus {says[1]}"
            case "product":
                return " times ".join(says)
            case "quotient":
                return f"{says[0]} divided by {says[1]}"
            case "round_up" | "round_down" | "round_half_up":
                how = operation.removeprefix("round_").replace("_", " ")
                to = f" to a multiple of {says[1]}" if len(says) > 1 else ""
                return f"{says[0]}, rounded {how}{to}"
            case "minimum":
                return f"the lesser of {listed(says)}"
            case "maximum":
                return f"the greater of {listed(says)}"
            case "days_overlapping":
                periods = [f"from {says[at]} through {says[at + 1]}" for at in (0, 2)]
                return f"the days that are both {periods[0]} and {periods[1]}"
            case "days_between":
                return f"the days from {says[0]} to {says[1]}"
            case "years_between":
                return f"the full years from {says[0]} to {says[1]}"
        return f"{operation.replace('_', ' ')} of {listed(says)}"

    def _term(self, argument: Expression, like: str | None, operation: str, place: int) -> str:
        # A factor or a divisor is a bare number, whatever the unit of the fact that it is for.
        words = self.expression(argument, None if operation in ("product", "quotient") else like)
        inner = argument.operation if isinstance(argument, Arithmetic) else ""
        looser = _LOOSER.get(operation, ((),))
        return f"({words})" if inner in looser[0 if place == 0 else -1] else words

    # --- conditions -----------------------------------------------------------------------------

    def condition(self, condition: Condition, *, negated: bool = False) -> Item:
        """A condition: one clause, or "all of these are true:" with the parts under it."""
        test = written(condition)
        if test is not None:
            return Item(self.test(test, negated=negated) + defined(condition.called))
        match condition:
            case Not(part):
                return self.condition(part, negated=not negated)
            case All(parts) | AnyOf(parts) if len(parts) == 1:
                return self.condition(parts[0], negated=negated)
            case All(parts) | AnyOf(parts) | AtLeast(_, parts):
                return Item(lead(condition, negated), tuple(self.condition(part) for part in parts))
        raise AssertionError(condition)

    # --- rules ----------------------------------------------------------------------------------

    def sentence(self, sentence: Sentence) -> str:
        """A sentence with the labels of its slots in brackets."""
        text = sentence.pieces[0]
        for name, piece in zip(sentence.facts, sentence.pieces[1:], strict=True):
            kind, _, rest = name.partition(":")
            parameter = self.ruleset.parameters.get(rest) if kind == "parameter" else None
            if parameter is not None:
                text += in_unit(parameter.value, parameter.unit) + piece
            else:
                text += f"[{self.fact(name)}]{piece}"
        return text

    def part(self, name: str | None) -> str:
        """The label of a part of the lines, with its article; None: the whole service."""
        if name is None:
            return "the whole service"
        return with_article(self.ruleset.line_parts.get(name, name))

    def effect(self, effect: Conclude | FindingEffect) -> tuple[Block, ...]:
        """What a rule does when it applies."""
        if isinstance(effect, Conclude):
            states = [self.states(name, value) for name, value in effect.values]
            return _in_row("Then it is concluded that", states)
        return (self.finding(effect),)

    def finding(self, effect: FindingEffect) -> str:
        """The finding of a rule, as a sentence."""
        where = self.part(effect.part)
        verb = "is" if effect.part is None or not is_plural(where) else "are"
        codes = reason_in_words(effect.reason)
        with_ = f", with {codes}" if codes else ""
        said = f"“{self.sentence(effect.because)}”"
        match effect.kind:
            case "deny":
                does = _DENIES[effect.disposition]
                if effect.review:
                    does = f"{does}, once a clinician confirms it"
                return f"Then {where} {verb} {does}{with_}: {said}"
            case "pend":
                return f"Then {where} {verb} pended for review{with_}: {said}"
            case "advise":
                later = ", for review after payment" if effect.follow_up else ""
                return f"Then an advisory note is added to {where}{later}{with_}: {said}"
            case "certify":
                return f"Then an approval certifies {self._certified(effect)}{with_}: {said}"
            case "reduce":
                together = "" if effect.part is None else " together"
                amount = "some units" if effect.to is None else self._amount(effect.to)
                return (
                    f"Then {where}{together} {verb} allowed at most {amount}; the rest is "
                    f"denied{with_}: {said}"
                )

    def _certified(self, effect: FindingEffect) -> str:
        """What is certified, in words."""
        certifies = effect.certifies
        assert certifies is not None
        quantity = "what is asked" if effect.to is None else f"at most {self._amount(effect.to)}"
        said = [
            quantity
            if certifies.codes is None
            else f"{quantity} of {self.expression(certifies.codes)}"
        ]
        if certifies.per is not None and certifies.every is not None and certifies.every_unit:
            every = self._span(certifies.every, certifies.every_unit)
            said.append(f"at most {self._amount(certifies.per)} every {every}")
        if certifies.first_day is not None:
            said.append(f"from {self.expression(certifies.first_day)}")
        if certifies.last_day is not None:
            said.append(f"through {self.expression(certifies.last_day)}")
        if certifies.length is not None and certifies.length_unit is not None:
            said.append(f"for {self._span(certifies.length, certifies.length_unit)}")
        if effect.review:
            said.append("and a clinician confirms it where nothing is certified")
        return ", ".join(said)

    def _amount(self, expression: Expression) -> str:
        if isinstance(expression, Constant) and expression.unit is None:
            parameter = self._parameter(expression)
            if parameter is None or parameter.unit is None:
                text = in_unit(expression.value, "billing units")
                return text + self._source(expression)
        return self.expression(expression)

    def named(self, id_: str) -> str:
        """A rule by its title and id."""
        try:
            return f"“{self.ruleset.rule(id_).title.rstrip('.')}” ({id_})"
        except KeyError:
            return id_

    def rule(self, rule: Rule, *, number: int | None = None) -> Section:
        """A rule: title, condition, effect, the rules that override it, and its sources."""
        condition = self.condition(rule.condition)
        blocks: list[Block] = []
        if condition.items:
            blocks += [f"When {condition.text}", condition.items]
        else:
            blocks.append(f"When {condition.text}.")
        blocks += self.effect(rule.effect)
        for other in rule.overridden_by:
            blocks.append(f"Overridden by {self.named(other)} whenever that applies.")
        overridden = [one.id for one in self.ruleset.rules if rule.id in one.overridden_by]
        if overridden:
            blocks += _in_row("It overrides", [self.named(id_) for id_ in overridden])
        if rule.assume_not_holding:
            blocks.append(
                "If these facts are missing, the rule is assumed not to apply, and the determination "
                "lists the assumption."
            )
        if rule.note:
            blocks.append(f"Note: {stop(capital(rule.note))}")
        blocks.append(f"Source: {stop(cited(citations_of(self.ruleset, rule)))}")
        heading = stop(rule.title)[:-1] if rule.title.endswith(".") else rule.title
        prefix = "" if number is None else f"{number}. "
        return Section(f"{prefix}{heading} [{rule.id}]", tuple(blocks))


def _in_row(lead_: str, words: Sequence[str]) -> tuple[Block, ...]:
    """A sentence that ends in some words, or a list of them where there are many."""
    if len(words) <= IN_ROW:
        return (f"{lead_} {listed(words)}.",)
    return (f"{lead_}:", tuple(Item(word) for word in words))


def _place(values: Sequence[str], value: Value) -> int:
    return values.index(value) if isinstance(value, str) and value in values else len(values)


def defined(name: str | None) -> str:
    """What is said after something that the policy defines by a name."""
    return f" (definition {name})" if name else ""


def lead(condition: Condition, negated: bool = False) -> str:
    """The words before the parts of a combination: "at least 2 of these are true:"."""
    if condition.called:
        words = lead(replace(condition, called=None), negated)
        return f"{words.removesuffix(':')}{defined(condition.called)}:"
    match condition:
        case All():
            return "not all of these are true:" if negated else "all of these are true:"
        case AnyOf():
            return "none of these is true:" if negated else "any of these is true:"
        case AtLeast(count, _):
            verb = "is" if count == 1 else "are"
            return f"{'fewer than' if negated else 'at least'} {count} of these {verb} true:"
        case _:
            return ""


def reason_in_words(reason: Reason) -> str:
    """Reason codes in a row: `CO 50, N386`."""
    first = " ".join(code for code in (reason.group, reason.carc) if code)
    return ", ".join(code for code in (first, *reason.rarcs) if code)


def cited(citations: Iterable[Citation], *, links: bool = True) -> str:
    """Citations in a row, with their addresses."""
    return "; ".join(
        f"{citation.title} <{citation.href}>" if links and citation.href else citation.title
        for citation in citations
    )


# --- a whole policy -------------------------------------------------------------------------

_HOW_TO_READ: Final = (
    "Every rule below applies, does not apply, or cannot be determined from the facts given. A line is "
    "denied if a rule that denies it applies. Otherwise it pends if a rule that pends it applies, or if "
    "any rule that denies, pends or reduces it cannot be determined. Otherwise it is approved, for fewer "
    "units if a rule reduces it. A line is never approved because information is missing."
)
_DENIES: Final = {
    None: "denied",
    "return": "returned, to be corrected and billed anew",
    "packaged": "denied, since its payment lies in another line",
}
_GROUPS: Final = (
    ("deny", "What is denied"),
    ("pend", "What pends"),
    ("reduce", "What is reduced"),
    ("certify", "What an approval certifies"),
    ("advise", "Advisory notes"),
)


_SPANS: Final = {
    "first-day": "A claim line over several days is decided as of its first day.",
    "per-diem": "The units of a claim line over several days are divided by its days, and each day is "
    "decided by itself.",
}


def _applies_to(english: English, condition: Condition) -> tuple[Any, ...]:
    if condition == All(()):
        return (
            "It is a module: it decides nothing by itself, only in the policies that extend it.",
        )
    applies = english.condition(condition)
    if applies.items:
        return f"It applies when {applies.text}", applies.items
    return (f"It applies when {applies.text}.",)


def describe_ruleset(ruleset: Ruleset) -> Section:
    """A whole policy in plain English, as a structure."""
    english = English(ruleset)
    sections = [Section("Who it applies to", _applies_to(english, ruleset.applies_to))]
    if ruleset.parameters:
        points = tuple(_parameter(ruleset, one) for one in ruleset.parameters.values())
        sections.append(Section("Parameters", (points,)))
    if tables := tuple(map(english.table, ruleset.tables.values())):
        sections.append(Section("Tables", (), tables))
    number = 0
    concluding = [rule for rule in ruleset.rules if isinstance(rule.effect, Conclude)]
    if concluding:
        blocks: tuple[Block, ...] = ()
        defaults = tuple(
            Item(stop(capital(english.states(derived.name, derived.otherwise))))
            for derived in ruleset.derived.values()
            if derived.otherwise is not None
        )
        if defaults:
            blocks = ("Unless a rule of this part concludes otherwise:", defaults)
        rules = tuple(
            english.rule(rule, number=number + place) for place, rule in enumerate(concluding, 1)
        )
        number += len(concluding)
        sections.append(Section("Intermediate conclusions", blocks, rules))
    for kind, heading in _GROUPS:
        finding = sorted(
            (
                rule
                for rule in ruleset.rules
                if isinstance(rule.effect, FindingEffect) and rule.effect.kind == kind
            ),
            key=lambda rule: rule.id,
        )
        if finding:
            rules = tuple(
                english.rule(rule, number=number + place) for place, rule in enumerate(finding, 1)
            )
            number += len(finding)
            sections.append(Section(heading, (), rules))
    if ruleset.references:
        sources = tuple(
            Item(
                " ".join(
                    [f"{one.title} [{one.id}]"]
                    + ([f"<{one.href}>"] if one.href else [])
                    + ([stop(one.note)] if one.note else [])
                )
            )
            for one in ruleset.references.values()
        )
        sections.append(Section("Sources", (sources,)))
    return Section(ruleset.title, _head(ruleset), tuple(sections))


def _head(ruleset: Ruleset) -> tuple[Block, ...]:
    """The text above all sections: the policy, and how to read it."""
    until = "on" if ruleset.last_day is None else f"through {day(ruleset.last_day)}"
    head: list[Block] = [
        f"Policy {ruleset.policy}, version {ruleset.version}, for dates of service from "
        f"{day(ruleset.first_day)} {until}.",
        _HOW_TO_READ,
    ]
    if ruleset.information_request is not None:
        head.append(
            "Where lines pend because something is not known, it is asked for with "
            f"{reason_in_words(ruleset.information_request)}."
        )
    if ruleset.spans != "pend":
        head.append(_SPANS[ruleset.spans])
    head.append(f"Policy content hash: {ruleset.hash}.")
    return tuple(head)


def _parameter(ruleset: Ruleset, parameter: Parameter) -> Item:
    text = f"{parameter.name} is {in_unit(parameter.value, parameter.unit)}."
    if parameter.note:
        text += f" {stop(capital(parameter.note))}"
    titles = [
        ruleset.references[id_].title if id_ in ruleset.references else id_
        for id_ in parameter.cites
    ]
    return Item(f"{text} Source: {stop(listed(titles))}" if titles else text)


def read_ruleset(ruleset: Ruleset, *, form: Literal["text", "markdown"] = "text") -> str:
    """A whole policy in plain English, to be read aloud: text, or Markdown."""
    section = describe_ruleset(ruleset)
    return as_markdown(section) if form == "markdown" else as_text(section)
