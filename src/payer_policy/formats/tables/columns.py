"""What the columns of a table mean: facts of a service, or lines of claims.

A table with a column `line.…` has one row a claim line; any other table has one row a service, whose
columns are facts. A column that means nothing makes the whole call wrong: a misspelled fact would
otherwise be a fact that is not known, on every row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import FactType
from payer_policy.formats.source import WrongCall
from payer_policy.request.models import Coverage, Patient, Provider, Request

_NO_NAMES: Final[Mapping[str, str]] = {}
ID: Final = "id"
LINE: Final = "line."

Cell = Literal["text", "number", "whole", "date", "words", "codes", "wholes"]
"""What a field of a claim holds; `words` are short, so that a comma or a colon separates them."""

LINE_FIELDS: Final[Mapping[str, Cell]] = {
    "number": "whole",
    "code": "text",
    "modifiers": "words",
    "units": "number",
    "date": "date",
    "through": "date",
    "place_of_service": "text",
    "revenue_code": "text",
    "ndc": "text",
    "ndc_quantity": "number",
    "ndc_unit": "text",
    "charge": "number",
    "diagnosis_pointers": "wholes",
    "description": "text",
    "authorization_number": "text",
}

_DATES: Final = frozenset({"received", "patient.birth_date"})
_PARTS: Final[Mapping[str, Any]] = {
    "coverage": Coverage,
    "patient": Patient,
    "provider": Provider,
}
_ELSEWHERE: Final = frozenset({"lines", "authorizations", "history", "facts"})


def _request_fields() -> dict[str, Cell]:
    names = [name for name in Request.model_fields if name not in (*_PARTS, *_ELSEWHERE)]
    names += [f"{part}.{name}" for part, model in _PARTS.items() for name in model.model_fields]
    cells: dict[str, Cell] = {name: "date" if name in _DATES else "text" for name in names}
    return {**cells, "diagnoses": "codes"}


REQUEST_FIELDS: Final[Mapping[str, Cell]] = _request_fields()


class Kept(NamedTuple):
    """A column that is carried to the answers as it is; it may be read too."""

    name: str
    place: int
    type: Any = None
    """Its Arrow type; None: text."""


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a table, checked."""

    names: tuple[str, ...]
    """What those that are read mean."""
    form: Literal["facts", "lines"]
    places: tuple[int, ...]
    """Where each of them is in a row, from 0."""
    width: int
    """How many columns the table has, read or not."""
    separator: str = ","
    """Between the cells of a row of text."""
    written: frozenset[str] = frozenset()
    """The names as the file has them."""
    kept: tuple[Kept, ...] = ()


def checked_columns(
    names: Sequence[str],
    facts: Mapping[str, Fact],
    file: str,
    separator: str = ",",
    renamed: Mapping[str, str] = _NO_NAMES,
    keep: Sequence[str] = (),
) -> Columns:
    """The columns of a table by their names.

    Args:
        names: As the file has them.
        facts: Of the vocabulary.
        file: For messages.
        separator: Between the cells of a row of text.
        renamed: What some names mean.
        keep: Columns to carry to the answers, by their names in the file; one of them need not mean
            anything.

    Raises:
        WrongCall: a column means nothing, or is there twice, or one to keep is not there.
    """
    written, places = tuple(names), {name: place for place, name in enumerate(names)}
    kept = tuple(Kept(name, _place_of(name, places, file)) for name in keep)
    names = [renamed.get(name, name) for name in names]
    for name in names:
        if names.count(name) > 1:
            raise WrongCall(f"{file}: the column `{name}` is there twice; leave one of the two.")
    lines = any(
        name.startswith(LINE) and (name.removeprefix(LINE) in LINE_FIELDS or own not in keep)
        for own, name in zip(written, names, strict=True)
    )
    known = [ID, *facts]
    if lines:
        known = [*REQUEST_FIELDS, *(LINE + name for name in LINE_FIELDS), *facts]
    read: list[tuple[str, int]] = []
    for place, name in enumerate(names):
        is_kept = written[place] in keep and written[place] not in renamed
        concluded = name in facts and facts[name].derived and name not in REQUEST_FIELDS
        if is_kept and (name not in known or concluded):
            continue
        read.append((name, place))
        if name not in known:
            what = "a field of a claim, a field of its lines or a fact" if lines else "a fact"
            shown = name if name.isprintable() else repr(name)
            hint = did_you_mean(name, known)
            more = f" {hint[0].upper()}{hint[1:]}" if hint else ""
            more = more or (
                " `payer-policy facts` lists the facts; leave out what is none of them, or carry it "
                f"to the answers with --keep {shown}."
            )
            raise WrongCall(f"{file}: the column `{shown}` is not {what}.{more}")
        if concluded:
            raise WrongCall(
                f"{file}: the fact `{name}` is concluded by rules and is not given; leave it out."
            )
    if ID not in (name for name, _ in read) and lines:
        raise WrongCall(
            f"{file}: a table of claim lines needs the column `{ID}`: which claim it is."
        )
    return Columns(
        tuple(name for name, _ in read),
        "lines" if lines else "facts",
        tuple(place for _, place in read),
        len(written),
        separator,
        frozenset(written),
        kept,
    )


def _place_of(name: str, places: Mapping[str, int], file: str) -> int:
    if name not in places:
        hint = did_you_mean(name, places)
        more = f" {hint[0].upper()}{hint[1:]}" if hint else ""
        raise WrongCall(f"{file}: --keep {name}: the table has no column `{name}`.{more}")
    return places[name]


def expected(name: str, form: str, facts: Mapping[str, Fact]) -> Cell | FactType:
    """What the cells of a checked column hold."""
    if form == "lines":
        if name.startswith(LINE):
            return LINE_FIELDS[name.removeprefix(LINE)]
        if name in REQUEST_FIELDS:
            return REQUEST_FIELDS[name]
    return "text" if name == ID else facts[name].type
