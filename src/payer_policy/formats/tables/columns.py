"""What the columns of a table mean: facts of a service, or lines of claims.

A table with a column `line.…` has one row a claim line; any other table has one row a service, whose
columns are facts. A column that means nothing makes the whole call wrong: a misspelled fact would
otherwise be a fact that is not known, on every row.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from pydantic import BaseModel

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import FactType
from payer_policy.formats.source import WrongCall
from payer_policy.request.models import Coverage, Line, Patient, Provider, Request

_NO_NAMES: Final[Mapping[str, str]] = {}
ID: Final = "id"
LINE: Final = "line."

Cell = Literal["text", "number", "whole", "date", "time", "boolean", "words", "codes", "wholes"]
"""What a field of a claim holds; `words` are short, so that a comma or a colon separates them."""

_CELLS: Final[Mapping[str, Cell]] = {
    "birth_date": "date",
    "charge": "number",
    "date": "date",
    "diagnoses": "codes",
    "diagnosis_pointers": "wholes",
    "expedited": "boolean",
    "modifiers": "words",
    "ndc_quantity": "number",
    "number": "whole",
    "received": "date",
    "received_at": "time",
    "through": "date",
    "units": "number",
}
"""The fields of the request and its lines that hold something else than text."""
_PARTS: Final[Mapping[str, type[BaseModel]]] = {
    "coverage": Coverage,
    "patient": Patient,
    "provider": Provider,
}
_ELSEWHERE: Final = frozenset(
    {
        *_PARTS,
        "lines",
        "authorizations",
        "history",
        "other_payers",
        "eligibility",
        "facts",
        "records",
    }
)


def _cells(model: type[BaseModel], part: str = "") -> dict[str, Cell]:
    names = [name for name in model.model_fields if name not in _ELSEWHERE]
    return {part + name: _CELLS.get(name, "text") for name in names}


LINE_FIELDS: Final[Mapping[str, Cell]] = _cells(Line)
REQUEST_FIELDS: Final[Mapping[str, Cell]] = {
    **_cells(Request),
    **{
        name: cell
        for part, model in _PARTS.items()
        for name, cell in _cells(model, f"{part}.").items()
    },
}


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
    read: dict[str, int] = {}
    for place, name in enumerate(names):
        is_kept = written[place] in keep and written[place] not in renamed
        concluded = name in facts and facts[name].derived and name not in REQUEST_FIELDS
        if is_kept and (name not in known or concluded):
            continue
        if name not in known:
            what = "a field of a claim, a field of its lines or a fact" if lines else "a fact"
            name = name if name.isprintable() else repr(name)
            more = _advice(name, known) or (
                " `payer-policy facts` lists the facts; remove the column, or carry it to the "
                f"answers with --keep {name}."
            )
            raise WrongCall(f"{file}: the column `{name}` is not {what}.{more}")
        if concluded:
            message = f"the fact `{name}` is concluded by rules and is not given; leave it out."
            raise WrongCall(f"{file}: {message}")
        read[name] = place
    if lines and ID not in read:
        message = f"a table of claim lines needs the column `{ID}`: which claim it is."
        raise WrongCall(f"{file}: {message}")
    form: Literal["facts", "lines"] = "lines" if lines else "facts"
    places_read = tuple(read.values())
    shape = len(written), separator, frozenset(written)
    return Columns(tuple(read), form, places_read, *shape, kept)


def _place_of(name: str, places: Mapping[str, int], file: str) -> int:
    if name not in places:
        message = f"--keep {name}: the table has no column `{name}`."
        raise WrongCall(f"{file}: {message}{_advice(name, places)}")
    return places[name]


def _advice(name: str, known: Iterable[str]) -> str:
    """Which known name was probably meant, as a sentence; empty: none is close."""
    hint = did_you_mean(name, known)
    return f" {hint[0].upper()}{hint[1:]}" if hint else ""


def expected(name: str, form: str, facts: Mapping[str, Fact]) -> Cell | FactType:
    """What the cells of a checked column hold."""
    if form == "lines":
        if name.startswith(LINE):
            return LINE_FIELDS[name.removeprefix(LINE)]
        if name in REQUEST_FIELDS:
            return REQUEST_FIELDS[name]
    return "text" if name == ID else facts[name].type
