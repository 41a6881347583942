"""The values in slots and cells of a scenario, checked against vocabulary and policies.

Every name and value of a scenario passes through here, so that a slip is reported as such, with the
nearest right name, before anything is decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from payer_policy.core.diagnostics import did_you_mean, nearest
from payer_policy.core.json_words import said
from payer_policy.core.ruleset import RESERVED, Ruleset
from payer_policy.core.vocabulary.codes import malformed, normalize_code
from payer_policy.core.vocabulary.model import Fact, RecordType
from payer_policy.core.vocabulary.types import (
    FactType,
    Value,
    ValueProblem,
    calendar_date,
    parse_value,
)
from payer_policy.policy.library import Library
from payer_policy.policy.reference.data import Payer
from payer_policy.specs.failures import Wrong
from payer_policy.specs.sentences import Table

_YES_NO: Final = {"yes": True, "true": True, "no": False, "false": False}
_NUMBER: Final = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*(\S.*)?", re.ASCII)

# --- words ---------------------------------------------------------------------------------------


def several(text: str, *, spaced: bool = True) -> list[str]:
    """The items of a list written with commas, "and", or (where items have none) blanks."""
    parts = re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+" + (r"|\s+" if spaced else ""), text.strip())
    return [part for part in parts if part]


def yes_or_no(text: str) -> bool:
    """yes, no, true or false."""
    found = _YES_NO.get(text.strip().casefold())
    if found is None:
        raise Wrong(f'found "{text}"; yes or no was expected')
    return found


def whole_number(text: str, what: str) -> int:
    """A count, such as the number of a line."""
    if not (text.isascii() and text.isdigit()):
        raise Wrong(f'{what}: found "{text}"; a whole number was expected')
    return int(text)


def day(text: str) -> date:
    """A date of service."""
    try:
        return calendar_date(text)
    except ValueProblem as problem:
        raise Wrong(problem.message, problem.hint) from None


def code_of(system: str, text: str) -> str:
    """A code in its one spelling, where it has the form of a code of that system."""
    if (wrong := malformed(system, text)) is not None:
        raise Wrong(f'found "{text}"; {wrong[0]}', wrong[1])
    return normalize_code(system, text)


def payer(library: Library, text: str) -> tuple[str, Payer]:
    """A payer by its folder, its name or one of its identifiers; and what a claim would say."""
    payers = library.reference.payers
    folded = text.casefold()
    for known in payers.values():
        if folded in (known.folder, known.name.casefold()):
            return known.folder, known
    found = library.reference.payer_of(text, None)
    if found is not None:
        return text, found
    names = [*payers, *(known.name for known in payers.values())]
    raise Wrong(
        f"`{text}` is not a payer",
        did_you_mean(text, names) or f"the payers are: {', '.join(sorted(payers))}",
    )


def fact(library: Library, text: str) -> Fact:
    """A fact by its name or its label."""
    found = fact_named(library, text)
    if found is None:
        facts = library.vocabulary.facts
        close = nearest(text, facts) or nearest(text, [one.label for one in facts.values()])
        raise Wrong(
            f"`{text}` is not a fact",
            f"did you mean `{close}`?" if close else "to see all facts: payer-policy facts",
        )
    return found


def fact_named(library: Library, text: str) -> Fact | None:
    """A fact by its name or its label, if there is one."""
    facts = library.vocabulary.facts
    if text in facts:
        return facts[text]
    labels = {_bare(one.label): name for name, one in facts.items()}
    name = labels.get(_bare(text))
    return None if name is None else facts[name]


@lru_cache(maxsize=4096)
def _bare(label: str) -> str:
    words = label.casefold().split()
    return " ".join(words[1:] if words[:1] in (["the"], ["whether"]) else words)


def fact_and_value(library: Library, text: str) -> tuple[Fact, str]:
    """The two sides of `… is …`, wherever else the word "is" may be."""
    sides = text.split(" is ")
    splits = [
        (" is ".join(sides[:at]).strip(), " is ".join(sides[at:]).strip())
        for at in range(1, len(sides))
    ]
    if not splits:
        raise Wrong(f"`{text}` gives no value", "say it as `fact is value`")
    for name, value in splits:
        try:
            return fact(library, name), value
        except Wrong:
            continue
    fact(library, splits[0][0])  # raises what is wrong with it
    raise AssertionError(text)


def value(library: Library, declared: Fact, text: str) -> Value:
    """A value of a fact as a cell has it: `yes`, `not tolerated`, `6 weeks`, `G80.1, G80.2`."""
    return _value(library, declared.name, declared.type, text)


def field(library: Library, kind: RecordType, name: str, text: str) -> Value:
    """A value of a field of a row, written as one of a fact."""
    return _value(library, name, kind.fields[name], text)


def _value(library: Library, name: str, type_: FactType, text: str) -> Value:
    try:
        return parse_value(type_, _raw(library, type_, text))
    except (ValueProblem, Wrong) as problem:
        raise Wrong(f"`{name}`: {problem.message}", problem.hint) from None


def record_type(library: Library, text: str) -> RecordType:
    """A declared type of records about the member, by its name."""
    known = {name: one for name, one in library.vocabulary.records.items() if one.declared}
    kind = known.get(text)
    if kind is None:
        hint = did_you_mean(text, known) or "declare it under `records` of a policy"
        raise Wrong(f"`{text}` is not a type of records", hint)
    if kind.about == "service":
        raise Wrong(f"`{text}` is about one service", "start from an example that has such rows")
    return kind


def _raw(library: Library, type_: FactType, text: str) -> object:
    match type_.kind:
        case "boolean":
            return yes_or_no(text)
        case "integer" | "decimal":
            return _number(type_, text)
        case "choice":
            underscored = re.sub(r"[\s-]+", "_", text.strip())
            by_folded = {choice.casefold(): choice for choice in type_.values}
            for spelling in (text.strip(), underscored):
                if (choice := by_folded.get(spelling.casefold())) is not None:
                    return choice
            return underscored
        case "code":
            return code_of(type_.system or "", text)
        case "codes":
            if text.strip().casefold() == "none":
                return []
            spaced = type_.system not in (None, "identifier")
            items = several(text, spaced=spaced)
            return [_member(library, type_.system or "", one) for one in items]
    return text


def _member(library: Library, system: str, text: str) -> str:
    """One of a list of codes. Words with an own list (documents, say) are checked for slips."""
    code = code_of(system, text)
    if system == "identifier":
        known = library.basis.known_codes.get(system, frozenset())
        if code not in known:
            spelled = re.sub(r"[\s-]+", "_", code)
            if spelled in known:
                return spelled
            close = get_close_matches(code, sorted(known), n=1, cutoff=0.8)
            if close:
                raise Wrong(f"no file knows `{code}`", f"did you mean `{close[0]}`?")
    return code


def _number(type_: FactType, text: str) -> str:
    """A number, maybe with a unit; `unit` and `units` alone say billing units."""
    found = _NUMBER.fullmatch(text.strip())
    if found is not None and found[2] in ("unit", "units"):
        return f"{found[1]} billing units"
    return text.strip()


def reason(library: Library, text: str) -> tuple[str, str]:
    """`CO 50` or `CO-50`: the group and the CARC, both known here."""
    group, _, carc = text.replace("-", " ", 1).partition(" ")
    return reason_code(library, "group", group), reason_code(library, "carc", carc.strip())


def reason_code(library: Library, system: str, text: str) -> str:
    """A code of `reason_codes/`."""
    known = [code for at, code in library.reference.reason_codes if at == system]
    if text in known:
        return text
    name = {"group": "a group code", "carc": "a CARC", "rarc": "a RARC"}[system]
    raise Wrong(
        f"`{text}` is not {name} that reason_codes/{system}.json lists", did_you_mean(text, known)
    )


def rarcs(library: Library, text: str) -> tuple[str, ...]:
    """RARCs in order, as the sentence or cell lists them."""
    return tuple(sorted(reason_code(library, "rarc", one) for one in several(text)))


def rule(rulesets: Sequence[Ruleset], text: str) -> str:
    """The id of a rule that one of the policies has, or of what is found without a rule."""
    known = [*(rule.id for ruleset in rulesets for rule in ruleset.rules), *RESERVED]
    if text in known:
        return text
    names = " and ".join(f"{ruleset.policy} {ruleset.version}" for ruleset in rulesets)
    raise Wrong(
        f"`{text}` is not a rule of {names} on this date of service",
        did_you_mean(text, known) or f"to see its rules: payer-policy read {rulesets[0].policy}",
    )


# --- tables --------------------------------------------------------------------------------------


def named(cell: str, known: Sequence[str], noun: str, line: int | None) -> str:
    """A column or field by its name, in its one spelling."""
    name = spelling(cell)
    if name not in known:
        raise Wrong(
            f"`{name}` is not a {noun} here" if name else f"a {noun} has no name",
            did_you_mean(name, known) or f"the {noun}s are: {', '.join(known)}",
            line,
        )
    return name


def records(table: Table, known: Iterable[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows below the header, each with its line and its cells by column."""
    names, line = list(known), table[0].line
    columns = [named(cell, names, "column", line) for cell in table[0].cells]
    for column in columns:
        if columns.count(column) > 1:
            message = f"the column `{column}` is in this table twice"
            raise Wrong(message, "keep one of the two columns", line)
    _needs_rows(table)
    return [(row.line, dict(zip(columns, row.cells, strict=True))) for row in table[1:]]


def pairs(table: Table, left: str) -> list[tuple[int, str, str]]:
    """The rows of a table `| left | value |`."""
    names = tuple(spelling(cell) for cell in table[0].cells)
    if names != (left, "value"):
        raise Wrong(f"the first row must be | {left} | value |", None, table[0].line)
    _needs_rows(table)
    return [(row.line, row.cells[0], row.cells[1]) for row in table[1:]]


def fields(table: Table, known: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """The rows of a table `| field | value |`: line, field and text of each."""
    lines: dict[str, int] = {}
    for line, name, text in pairs(table, "field"):
        field = named(name, list(known), "field", line)
        once(lines, field, line)
        yield line, field, text


def once(lines: dict[str, int], name: str, line: int) -> None:
    """Refuse a name that an earlier row of the same table has; `lines` is where each name was seen."""
    first = lines.setdefault(name, line)
    if first != line:
        raise Wrong(
            f"`{name}` is in this table twice, in lines {first} and {line}",
            "keep one of the two rows; to change it later, write another step",
            line,
        )


def _needs_rows(table: Table) -> None:
    if len(table) == 1:
        raise Wrong("the table has no row below its column names", None, table[0].line)


def spelling(cell: str) -> str:
    """A column's name without capitals, underscores and needless blanks."""
    return " ".join(cell.replace("_", " ").casefold().split())


def spoken(name: str) -> str:
    """A field's name as a column: `ndc_quantity` is `ndc quantity`."""
    return name.replace("_", " ")


@contextmanager
def in_row(line: int) -> Iterator[None]:
    """Reports what is wrong inside as wrong in this row of a table."""
    try:
        yield
    except Wrong as error:
        error.line = error.line or line
        raise


def checked(
    model: type[BaseModel], raw: Mapping[str, Any], names: Mapping[str, str], line: int | None
) -> None:
    """Refuse a row whose cells the request's own model would refuse.

    `names`: what the row calls the model's fields.
    """
    try:
        model.model_validate(raw)
    except ValidationError as error:
        detail = error.errors(include_url=False)[0]
        path = ".".join(str(step) for step in detail["loc"] if isinstance(step, str))
        problem = said(detail)
        name = next((names[one] for one in names if f"{path}.".startswith(f"{one}.")), spoken(path))
        raise Wrong(f"`{name}`: {problem.message}", problem.hint, line) from None
