"""JSON and JSON Schema of a value, both derived from the declaration of its class.

The members are the annotated attributes of the class, in their order; the text below each says what it
means. `to_json` writes a value and `schema_of` describes what `to_json` writes, and neither knows
anything but the declaration, so that they cannot differ.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache, reduce
from itertools import pairwise
from operator import or_
from typing import (
    Annotated,
    Any,
    ClassVar,
    Final,
    Literal,
    NamedTuple,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from payer_policy.core.lazy import Lazy
from payer_policy.core.vocabulary.types import Units, Value
from payer_policy.core.vocabulary.types import to_json as value_to_json

Schema = dict[str, Any]

ADDED: Final = "added"
"""Marks a member that answers stored by earlier versions do not have: it is not required."""
OMITTED: Final = "omitted"
"""Marks a member that is left out, instead of null, where it is None."""
BY_NAME: Final = "by name"
"""Marks pairs of a name and a value that are written as one JSON object."""

DRAFT: Final = "https://json-schema.org/draft/2020-12/schema"
_UNITS: Final[Schema] = {
    "description": "Exact: an integer, or the numeral as text where it is not whole.",
    "type": ["integer", "string"],
    "pattern": r"^-?\d+(\.\d+|/\d+)$",
}
_VALUE: Final[Schema] = {
    "description": "A date or a number that is not whole is text; a set of codes is a sorted list.",
    "anyOf": [
        {"type": ["boolean", "integer", "string"]},
        {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    ],
}
_PLAIN: Final[dict[Any, Schema]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
}
_DATE: Final[Schema] = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}

F = TypeVar("F", bound=Callable[..., Any])


def after(member: str) -> Callable[[F], F]:
    """Marks the function of a property as a member of the JSON, behind another member."""

    def mark(function: F) -> F:
        function.after = member  # type: ignore[attr-defined]
        return function

    return mark


class _Form(NamedTuple):
    """How values of one type are written and described."""

    source: str
    """A Python expression for the JSON of a value; `{x}` stands for an expression for the value."""
    schema: Schema
    classes: tuple[type, ...] = ()
    """The declared classes that the expression and the schema refer to by name."""


class _Member(NamedTuple):
    name: str
    path: str
    """Where the value is found on the object, as Python source."""
    form: _Form
    owner: type
    """The class that declares it."""
    marks: frozenset[str]


def to_json(value: Any) -> dict[str, Any]:
    """The JSON of a value of a declared class."""
    cls: type = type(value)
    return _writer(cls)(value)


def schema_of(cls: type) -> Schema:
    """The JSON Schema (2020-12) of `to_json` for a declared class."""
    title = vars(cls).get("schema", cls.__name__)
    definitions = {_name(inner): _object(inner) for inner in _reached(cls, {}) if inner is not cls}
    return {"$schema": DRAFT, "title": title, **_object(cls), "$defs": definitions}


# --- members ---------------------------------------------------------------------------------------


@cache
def _members(cls: type) -> tuple[_Member, ...]:
    """The members of a class; one that is `Lazy` stands for the members of what it computes."""
    found: list[_Member] = []
    for name, hint in get_type_hints(cls, include_extras=True).items():
        if get_origin(hint) is ClassVar:
            continue
        if get_origin(hint) is Lazy:
            (inner,) = get_args(hint)
            found += [one._replace(path=f"{name}().{one.path}") for one in _members(inner)]
            continue
        marks = frozenset(hint.__metadata__) if get_origin(hint) is Annotated else frozenset()
        found.append(_Member(name, name, _form(hint), cls, marks))
    for name, member in vars(cls).items():
        function = getattr(member, "fget", None)
        if (before := getattr(function, "after", None)) is not None:
            hint = get_type_hints(function, include_extras=True)["return"]
            place = [one.name for one in found].index(before) + 1
            found.insert(place, _Member(name, name, _form(hint), cls, frozenset()))
    return tuple(found)


@cache
def documented(cls: type) -> dict[str, str]:
    """What each member of a class means: the text below its declaration, read from the source."""
    (declaration,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(declaration, ast.ClassDef)
    attributes = {
        one.target.id: _plain(text.value.value)
        for one, text in pairwise(declaration.body)
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
        if isinstance(text.value.value, str)
    }
    properties = {
        name: _plain(member.fget.__doc__ or "")
        for name, member in vars(cls).items()
        if isinstance(member, property)
    }
    return attributes | properties


def _plain(text: str) -> str:
    return " ".join(text.split())


# --- types -----------------------------------------------------------------------------------------


def _form(hint: Any) -> _Form:
    """The form of a type.

    Raises:
        TypeError: The type has no form in JSON, which is a mistake in a declaration.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        plain, *marks = get_args(hint)
        return _BY_NAME if BY_NAME in marks else _form(plain)
    if hint in _PLAIN:
        return _Form("{x}", _PLAIN[hint])
    if hint is date:
        return _Form("{x}.isoformat()", _DATE)
    if hint in (Units, Value):
        return _Form("value_to_json({x})", _UNITS if hint == Units else _VALUE)
    if origin is Literal:
        return _Form("{x}", {"enum": list(get_args(hint))})
    if origin in (Union, types.UnionType) and type(None) in get_args(hint):
        return _or_null(
            _form(reduce(or_, [one for one in get_args(hint) if one is not type(None)]))
        )
    if origin is tuple:
        return _list(_form(get_args(hint)[0]))
    if isinstance(hint, type) and "__annotations__" in vars(hint):
        name = _name(hint)
        return _Form(f"write_{name}({{x}})", {"$ref": f"#/$defs/{name}"}, (hint,))
    raise TypeError(f"{hint} has no form in JSON")


_BY_NAME: Final = _Form(
    "{name: value_to_json(value) for name, value in {x}}",
    {"type": "object", "additionalProperties": _VALUE},
)


def _list(item: _Form) -> _Form:
    schema = {"type": "array", "items": item.schema}
    if item.source == "{x}":
        numbers = {"uniqueItems": True} if item.schema == _PLAIN[int] else {}
        return _Form("list({x})", {**schema, **numbers})
    return _Form(f"[{_of(item.source, 'each')} for each in {{x}}]", schema, item.classes)


def _or_null(form: _Form) -> _Form:
    source, schema = form.source, form.schema
    if source not in ("{x}", "value_to_json({x})"):
        source = f"None if {{x}} is None else {source}"
    if "enum" in schema:
        schema = {"enum": [*schema["enum"], None]}
    elif "type" in schema:
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        schema = {**schema, "type": [*kinds, "null"]}
    else:
        schema = {"anyOf": [schema, {"type": "null"}]}
    return _Form(source, schema, form.classes)


def _of(source: str, value: str) -> str:
    return source.replace("{x}", value)


# --- writing and describing ------------------------------------------------------------------------


@cache
def _writer(cls: type) -> Callable[[Any], dict[str, Any]]:
    """Writes values of a class: one function of straight-line code, made once."""
    scope: dict[str, Any] = {"value_to_json": value_to_json}
    items = [f"'schema': {vars(cls)['schema']!r}"] if "schema" in vars(cls) else []
    for member in _members(cls):
        scope |= {f"write_{_name(inner)}": _writer(inner) for inner in member.form.classes}
        value = _of(member.form.source, f"x.{member.path}")
        item = f"{member.name!r}: {value}"
        if OMITTED in member.marks:
            item = f"**({{}} if x.{member.path} is None else {{{item}}})"
        items.append(item)
    text = f"def write(x):\n    return {{{', '.join(items)}}}"
    exec(text, scope)  # noqa: S102  # nothing but names of our own classes and members
    written: Callable[[Any], dict[str, Any]] = scope["write"]
    return written


def _object(cls: type) -> Schema:
    constant = {"schema": {"const": vars(cls)["schema"]}} if "schema" in vars(cls) else {}
    members = _members(cls)
    return {
        "description": _plain((inspect.getdoc(cls) or "").partition("\n\n")[0]),
        "type": "object",
        "properties": constant | {one.name: _described(one) for one in members},
        "required": [*constant, *(one.name for one in members if not one.marks & {ADDED, OMITTED})],
        "additionalProperties": False,
    }


def _described(member: _Member) -> Schema:
    schema = member.form.schema
    texts = (documented(member.owner).get(member.name), schema.get("description"))
    return {**schema, "description": " ".join(filter(None, texts))}


def _reached(cls: type, found: dict[type, None]) -> Iterator[type]:
    """A class and the declared classes that its members lead to, each once."""
    if cls not in found:
        found[cls] = None
        yield cls
        for member in _members(cls):
            for inner in member.form.classes:
                yield from _reached(inner, found)


def _name(cls: type) -> str:
    """The class's name as a definition is called in a schema: `LineOutcome` is `line_outcome`."""
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in cls.__name__)[1:]
