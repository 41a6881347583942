"""A JSON document against a model: every problem at its line and column, in plain words.

Pydantic finds what is wrong; here its `loc` is followed through models and document, and of a
union the branch that was most likely meant is kept. For requests and policy files: `validated`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Tag, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from payer_policy.core.diagnostics import Diagnostic, did_you_mean, nearest
from payer_policy.core.json_source import JsonDocument, JsonPath, render_path
from payer_policy.core.json_words import Said, said

Names = Mapping[type[BaseModel], str]
"""What people call the objects of a file, with the article: `{Line: "a line"}`."""

About = Callable[[JsonPath], str | None]
"""What people call the part of a file at a path by its own name: "rule `trial-needed`"."""

MAX_PROBLEMS = 100
"""A document with more problems than this is not helped by a longer list."""

_MOST_DETAILS = 10 * MAX_PROBLEMS
"""Of a union each branch says what is wrong, so that several of these make one problem."""

M = TypeVar("M", bound=BaseModel)


@dataclass
class _Place:
    """Where an error's `loc` leads: in the document, in the models, and through which unions."""

    path: JsonPath = ()
    value: object = None
    owner: type[BaseModel] | None = None
    inside: JsonPath = ()
    """The path within the owner: its field, and what follows."""
    key: bool = False
    branches: list[tuple[JsonPath, str]] = field(default_factory=list)


class _Found(NamedTuple):
    place: _Place
    detail: ErrorDetails


def validated(
    model: type[M],
    document: JsonDocument,
    base: JsonPath = (),
    *,
    names: Names,
    about: About | None = None,
) -> tuple[M | None, list[Diagnostic]]:
    """The part of a document at `base` as a model, or every problem that stands in the way.

    With `about`, each message begins with the name of what it is about.
    """
    value = document.part(base)
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, problems(error, document, base, model=model, names=names, about=about)


def problems(
    error: ValidationError,
    document: JsonDocument,
    base: JsonPath = (),
    *,
    model: type[BaseModel],
    names: Names,
    about: About | None = None,
) -> list[Diagnostic]:
    """A failed validation of `model`, as diagnostics in the document that the value came from."""
    value = document.part(base)
    details = error.errors(include_url=False)
    found = [_Found(_walk(model, value, one["loc"]), one) for one in details[:_MOST_DETAILS]]
    out: list[Diagnostic] = []
    for place, say in _likeliest(found, 0):
        where = (*base, *place.path)
        if len(out) == MAX_PROBLEMS:
            rest = f"there are more than {MAX_PROBLEMS} problems; the rest is not listed"
            out.append(document.problem("too-many-problems", rest, base))
            break
        key = place.key or say.code == "unknown-key"
        name = about(where) if about is not None else None
        whole = bool(where) and about is not None and about(where[:-1]) != name
        message, hint = _sentence(place, say, model, names, name, whole)
        if about is not None and say.code == "missing-key":
            hint = f'add "{place.inside[-1]}": …'
        out.append(document.problem(say.code, message, where, key=key, hint=hint))
    return out


def _sentence(
    place: _Place,
    say: Said,
    model: type[BaseModel],
    names: Names,
    name: str | None = None,
    whole: bool = False,
) -> tuple[str, str | None]:
    """`name` is what the place is about, by its own name; `whole`: all of it is wrong."""
    owner = place.owner or model
    noun = names.get(owner, "this object")
    first = f"{name}: " if name else ""
    if not place.inside:
        return f"{name or noun}: {say.message}", say.hint
    last = place.inside[-1]
    if say.code == "unknown-key":
        keys = _keys(owner)
        hint = did_you_mean(str(last), keys) or f"{noun} may have: {', '.join(keys)}"
        return f"{first}`{last}` is not a field of {noun}", hint
    if say.code == "missing-key":
        return f"{first}{noun} needs `{last}`", None
    shown_field = render_path(place.inside).removeprefix("$").removeprefix(".")
    if name:
        field_ = "" if whole else f"`{shown_field}`: "
        return f"{first}{field_}{say.message}", say.hint
    return f"`{shown_field}` of {noun}: {say.message}", say.hint


def _keys(model: type[BaseModel]) -> list[str]:
    return [info.alias or name for name, info in model.model_fields.items()]


def _likeliest(found: list[_Found], depth: int) -> Iterator[tuple[_Place, Said]]:
    """Of each union, the errors of the one branch that was most likely meant."""
    groups: dict[JsonPath | int, list[_Found]] = {}
    for index, item in enumerate(found):
        through = item.place.branches
        groups.setdefault(through[depth][0] if len(through) > depth else index, []).append(item)
    for where, group in groups.items():
        if isinstance(where, int):
            yield group[0].place, said(group[0].detail)
            continue
        branches: dict[str, list[_Found]] = {}
        for item in group:
            branches.setdefault(item.place.branches[depth][1], []).append(item)
        deep = [b for b in branches.values() if not any(_misfit(item, where) for item in b)]
        if deep:
            yield from _likeliest(min(deep, key=_unlikeliness), depth + 1)
        elif len(branches) == 1:
            yield from _likeliest(group, depth + 1)
        else:
            yield group[0].place, _none_fits(group)


def _misfit(item: _Found, where: JsonPath) -> bool:
    return item.place.path == where and said(item.detail).expected is not None


def _unlikeliness(branch: list[_Found]) -> tuple[int, int]:
    strange = sum(
        1
        for place, detail in branch[:MAX_PROBLEMS]
        if detail["type"] == "extra_forbidden"
        and nearest(str(place.inside[-1]), _keys(place.owner) if place.owner else ()) is None
    )
    return len(branch), strange


def _none_fits(group: list[_Found]) -> Said:
    expected = list(dict.fromkeys(e for item in group if (e := said(item.detail).expected)))
    wanted = expected[0] if len(expected) == 1 else f"{', '.join(expected[:-1])} or {expected[-1]}"
    say = next(say for item in group if (say := said(item.detail)).expected)
    found = say.message.partition(";")[0]
    return Said("wrong-type", f"{found}; {wanted} was expected", None, wanted)


def _walk(model: type[BaseModel], value: object, loc: Iterable[int | str]) -> _Place:
    """Follow pydantic's `loc` through models and document; labels of unions are in neither."""
    place = _Place(value=value)
    annotation: Any = model
    for part in loc:
        if part == "[key]":
            place.key = True
            break
        choices = _choices(annotation)
        if len(choices) > 1:
            place.branches.append((place.path, str(part)))
            annotation = next((c for c in choices if _labelled(c, str(part))), None)
        else:
            annotation = _step(place, choices[0], part)
    return place


def _step(place: _Place, annotation: Any, part: int | str) -> Any:
    """One step into `part`; returns what the models expect there (None: they do not say)."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    inner: Any = None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        place.owner, place.inside = annotation, ()
        for name, info in annotation.model_fields.items():
            if part in (info.alias or name, name):
                inner = _declared(info)
    elif isinstance(origin, type) and issubclass(origin, Mapping):
        inner = arguments[1]
    elif origin is tuple and isinstance(part, int) and Ellipsis not in arguments:
        inner = arguments[part] if part < len(arguments) else None
    elif arguments:
        inner = arguments[0]
    place.inside = (*place.inside, part)
    here: Any = place.value
    if has_part(here, part):
        place.path, place.value = (*place.path, part), here[part]
    return inner


def _declared(info: FieldInfo) -> Any:
    return None if info.annotation is None else Annotated[info.annotation, info]


def _choices(annotation: Any) -> list[Any]:
    """The members of a union, None left out; of anything else, itself, unwrapped."""
    while True:
        if hasattr(annotation, "__value__"):  # a type alias
            annotation = annotation.__value__
        elif get_origin(annotation) is Annotated:
            annotation = annotation.__origin__
        elif isinstance(annotation, type) and issubclass(annotation, RootModel):
            annotation = annotation.model_fields["root"].annotation
        else:
            break
    if get_origin(annotation) in (Union, types.UnionType):
        members = [a for a in get_args(annotation) if a is not type(None)]
        return _choices(members[0]) if len(members) == 1 else members
    return [annotation]


def _labelled(choice: Any, label: str) -> bool:
    """Whether pydantic calls this member of a union by that label."""
    tags = {m.tag for m in getattr(choice, "__metadata__", ()) if isinstance(m, Tag)}
    if tags:
        return label in tags
    plain = _choices(choice)
    if len(plain) != 1:
        return False
    kind = get_origin(plain[0]) or plain[0]
    name = getattr(kind, "__name__", "")
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        literals = {
            value
            for info in kind.model_fields.values()
            if get_origin(info.annotation) is Literal
            for value in get_args(info.annotation)
        }
        return label == name or label in literals or label.endswith(f" {name}]")
    return bool(name) and (label.startswith(name) or label.endswith(f" {name}]"))


def has_part(value: Any, step: int | str) -> bool:
    """Whether a JSON value has a member or element of that name or number."""
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)
