"""The common request, read without the models' own validators: `read_quickly(value)`.

It gives the very request that the models would make of the value, its lines numbered, or None where
anything is out of the ordinary: then the models read it, and say what is wrong. What a field may hold is
read from its declaration in `models`, so that nothing is declared twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache, lru_cache
from types import NoneType
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from payer_policy.core.vocabulary.types import MAX_NUMBER, MAX_TEXT, code_of, exact_number, moment
from payer_policy.request.models import (
    SPELLED,
    Amount,
    Date,
    Description,
    Line,
    Moment,
    Quantity,
    Request,
    quantity,
)

_Read = Callable[[Any], Any]

_KEPT: Final = 4096
"""Maximum number of texts, for each code system, of which the code is kept."""
_LONGEST_CODE: Final = 40
"""Characters of a code with all that may be around it; what is kept is no longer."""
MOST_INSIDE: Final = 40
"""Values in a list, or facts, within a line or an authorization. More are no common request."""
_PLAIN: Final = frozenset({bool, Decimal, date, NoneType})
_new: Final = object.__new__
_set_values, _set_given, _set_extra, _set_private = (
    vars(BaseModel)[f"__{name}__"].__set__
    for name in ("dict", "pydantic_fields_set", "pydantic_extra", "pydantic_private")
)
"""What every instance of a model has, as its own constructor fills it in."""


def read_quickly(value: object) -> Request | None:
    """The request that a JSON value describes, its lines numbered; None: the models are to read it.

    No part of the value is kept, but for codes, each by itself. Whether the parts of the request agree is
    not looked at.
    """
    try:
        request: Request = _reader(Request)(value)
    except Exception:  # whatever it is, the models report it
        return None
    return request


@cache
def _reader(model: type[BaseModel]) -> _Read:
    """What reads values of a model as its validator does, or raises."""
    hints = get_type_hints(model, include_extras=True)
    fields = model.model_fields
    reads = {name: _read(hints[name], field) for name, field in fields.items()}
    nothing = {name: None for name in fields if NoneType in get_args(hints[name])}
    defaults = {name: field.default for name, field in fields.items()}
    made_anew: list[tuple[str, Callable[..., Any]]] = [
        (name, field.default_factory) for name, field in fields.items() if field.default_factory
    ]
    required = [name for name, field in fields.items() if field.is_required()]

    def read(value: Any) -> Any:
        if type(value) is not dict:
            raise TypeError
        own = defaults.copy()
        for name, raw in value.items():
            own[name] = reads[name](raw) if raw is not None else nothing[name]
        for name, make in made_anew:
            if name not in value:
                own[name] = make()
        for name in required:
            if name not in value:
                raise KeyError
        made = _new(model)
        _set_values(made, own)
        _set_given(made, set(value))
        _set_extra(made, None)
        _set_private(made, None)
        return made

    return read


@cache
def quick_reader(model: type[BaseModel], name: str) -> _Read:
    """What reads the common values of a field, that are not null, as the model would.

    It raises where a value is out of the ordinary: then the model is to read it.
    """
    return _read(get_type_hints(model, include_extras=True)[name], model.model_fields[name])


# --- what a field may hold -------------------------------------------------------------------------


def _read(hint: Any, field: FieldInfo) -> _Read:
    """What reads the values of a field that are not null."""
    if NoneType in get_args(hint):
        hints = [one for one in get_args(hint) if one is not NoneType]
        if len(hints) > 1:
            return _listed_or_object(*[_read(one, field) for one in hints])
        (hint,) = hints
    for type_, read in (
        (Quantity, _quantity),
        (Date, _day),
        (Description, _description),
        (Moment, moment),
        (Amount, exact_number),
    ):
        if hint == type_:
            return read
    for type_, system in SPELLED:
        if hint == type_:
            return _identifier if system == "identifier" else _code(system)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        (bounds,) = arguments[1:]
        if arguments[0] is int:
            return _one_of(range(_bound(bounds, "ge"), _bound(bounds, "le") + 1))
        return _read(arguments[0], bounds)
    if origin is Literal:
        return {text: text for text in arguments}.__getitem__
    if origin in (tuple, frozenset):
        item = _read(arguments[0], field)
        if not (isinstance(arguments[0], type) and issubclass(arguments[0], BaseModel)):
            return _list(origin, item, MOST_INSIDE)
        most = _bound(field, "max_length")
        return _numbered(item, most) if arguments[0] is Line else _list(tuple, item, most)
    if origin is dict:
        return _facts
    if hint is bool:
        return _one_of((True, False))
    return _reader(hint)


def _bound(field: FieldInfo, name: str) -> int:
    """A limit that a field declares."""
    return int(next(getattr(one, name) for one in field.metadata if hasattr(one, name)))


def _one_of(values: range | tuple[bool, bool]) -> _Read:
    kind = type(values[0])

    def one_of(raw: Any) -> Any:
        if type(raw) is kind and raw in values:
            return raw
        raise ValueError

    return one_of


def _list(make: Callable[[list[Any]], Any], item: _Read, most: int) -> _Read:
    kinds = (list, tuple, frozenset) if make is frozenset else (list, tuple)

    def items(raw: Any) -> Any:
        if type(raw) not in kinds or len(raw) > most:
            raise ValueError
        return make([item(one) for one in raw])

    return items


def _listed_or_object(listed: _Read, described: _Read) -> _Read:
    """Reads a list, or an object with such a list."""
    return lambda raw: (described if type(raw) is dict else listed)(raw)


def _numbered(line: _Read, most: int) -> _Read:
    """Reads lines; one without a number gets its position."""

    def lines(raw: Any) -> tuple[Line, ...]:
        if type(raw) not in (list, tuple) or len(raw) > most:
            raise ValueError
        return tuple(
            [
                line({**one, "number": position} if one.get("number") is None else one)
                for position, one in enumerate(raw, 1)
            ]
        )

    return lines


def _quantity(raw: Any) -> int | Decimal:
    return raw if type(raw) is int and 0 <= raw < MAX_NUMBER else quantity(raw)


def _day(raw: Any) -> date:
    if type(raw) is date:
        return raw
    if type(raw) is str and len(raw) == 10 and raw[4] == raw[7] == "-":
        return date.fromisoformat(raw)
    raise ValueError


def _text(raw: Any) -> str:
    """A text in which nothing is that no screen can show."""
    if type(raw) is str and raw.isprintable():
        return raw
    raise ValueError


def _identifier(raw: Any) -> str:
    if type(raw) is str and raw.isprintable() and 0 < len(text := raw.strip()) <= MAX_TEXT:
        return text
    raise ValueError


def _description(raw: Any) -> str:
    text = " ".join(_text(raw).split())
    if len(text) <= 1000:
        return text
    raise ValueError


def _code(system: str) -> _Read:
    """Reads the codes of a system, each text once: they are few, and of no member."""

    @lru_cache(maxsize=_KEPT)
    def code(raw: Any) -> str:
        if type(raw) is str and len(raw) <= _LONGEST_CODE:
            return code_of(system, raw)
        raise ValueError

    return code


def _facts(raw: Any) -> dict[str, Any]:
    if type(raw) is not dict or len(raw) > MOST_INSIDE:
        raise ValueError
    return {_text(name): one if type(one) in _PLAIN else _fact(one) for name, one in raw.items()}


def _fact(raw: Any) -> Any:
    if type(raw) is int and -MAX_NUMBER < raw < MAX_NUMBER:
        return raw
    if type(raw) is not list:
        return _text(raw)
    if len(raw) > MOST_INSIDE:
        raise ValueError
    return [_text(one) for one in raw]
