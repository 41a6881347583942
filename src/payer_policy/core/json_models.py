"""A JSON document against a model: every problem at its line and column, in plain words.

Pydantic finds what is wrong; here its `loc` is followed through models and document, and for a union
the branch that was most likely meant is kept. Used for requests and policy files: see `validated`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from payer_policy.core.diagnostics import Diagnostic, did_you_mean
from payer_policy.core.json_source import JsonDocument, JsonPath, render_path
from payer_policy.core.json_words import Said, said

About = Callable[[JsonPath], str | None]
"""What people call the part of a file at a path by its own name: "rule `trial-needed`"."""

MAX_PROBLEMS = 100
"""A document with more problems than this is not helped by a longer list."""

_MOST_DETAILS = 10 * MAX_PROBLEMS
"""Errors of pydantic looked at; each branch of a union has its own, so several make one problem."""

M = TypeVar("M", bound=BaseModel)


@dataclass
class _Place:
    """Where an error's `loc` leads: in the document, in the models, and through which union."""

    path: JsonPath = ()
    value: object = None
    owner: type[BaseModel] | None = None
    inside: JsonPath = ()
    """The path within the owner: its field, and what follows."""
    key: bool = False
    union: JsonPath | None = None
    """The path of the outermost union on the way."""
    branch: str = ""
    """Pydantic's label of the union's branch."""


class _Found(NamedTuple):
    place: _Place
    says: Said


def validated(
    model: type[M], document: JsonDocument, base: JsonPath = (), *, about: About | None = None
) -> tuple[M | None, list[Diagnostic]]:
    """The part of a document at `base` as a model, or every problem that prevents it.

    Args:
        model: The model. Messages call it by the `title` of its configuration, such as "a line".
        document: The document.
        base: The path of the part.
        about: Each message begins with the name that this gives to its place.
    """
    try:
        return model.model_validate(document.part(base)), []
    except ValidationError as error:
        return None, problems(error, document, base, model=model, about=about)


def problems(
    error: ValidationError,
    document: JsonDocument,
    base: JsonPath = (),
    *,
    model: type[BaseModel],
    about: About | None = None,
) -> list[Diagnostic]:
    """A failed validation of `model`, as diagnostics in the document that the value came from."""
    value = document.part(base)
    details: list[ErrorDetails] = error.errors(include_url=False)[:_MOST_DETAILS]
    found = [_Found(_walk(model, value, one["loc"]), said(one)) for one in details]
    out: list[Diagnostic] = []
    for place, says in _likeliest(found):
        where = (*base, *place.path)
        if len(out) == MAX_PROBLEMS:
            rest = f"there are more than {MAX_PROBLEMS} problems; the rest is not listed"
            out.append(document.problem("too-many-problems", rest, base))
            break
        key = place.key or says.code == "unknown-key"
        name = about(where) if about is not None else None
        whole = bool(where) and about is not None and about(where[:-1]) != name
        message, hint = _sentence(place, says, model, name, whole)
        if about is not None and says.code == "missing-key":
            hint = f'add "{place.inside[-1]}": …'
        out.append(document.problem(says.code, message, where, key=key, hint=hint))
    return out


def _sentence(
    place: _Place, says: Said, model: type[BaseModel], name: str | None, whole: bool
) -> tuple[str, str | None]:
    """`name` is what the place is about, by its own name; `whole`: all of it is wrong."""
    owner = place.owner or model
    noun = owner.model_config.get("title") or "this object"
    first = f"{name}: " if name else ""
    if not place.inside:
        return f"{name or noun}: {says.message}", says.hint
    last = place.inside[-1]
    if says.code == "unknown-key":
        keys = [info.alias or field for field, info in owner.model_fields.items()]
        hint = did_you_mean(str(last), keys) or f"{noun} may have: {', '.join(keys)}"
        return f"{first}`{last}` is not a field of {noun}", hint
    if says.code == "missing-key":
        return f"{first}{noun} needs `{last}`", None
    field = render_path(place.inside).removeprefix("$").removeprefix(".")
    if not name:
        return f"`{field}` of {noun}: {says.message}", says.hint
    return f"{first}{says.message}" if whole else f"{first}`{field}`: {says.message}", says.hint


def _likeliest(found: list[_Found]) -> Iterator[_Found]:
    """The errors, of each union only those of the branch that was most likely meant.

    That is one whose kind of value is there, with the fewest errors in it.
    """
    by_union: dict[JsonPath | int, dict[str, list[_Found]]] = {}
    for index, item in enumerate(found):
        where = index if item.place.union is None else item.place.union
        by_union.setdefault(where, {}).setdefault(item.place.branch, []).append(item)
    for where, branches in by_union.items():
        of_its_kind = [
            branch
            for branch in branches.values()
            if not any(one.says.expected and one.place.path == where for one in branch)
        ]
        if of_its_kind:
            yield from min(of_its_kind, key=len)
        else:
            yield _none_fits([one for branch in branches.values() for one in branch])


def _none_fits(group: list[_Found]) -> _Found:
    """What the branches of a union expected, all in one sentence."""
    expected = list(dict.fromkeys(one.says.expected for one in group if one.says.expected))
    wanted = expected[0] if len(expected) == 1 else f"{', '.join(expected[:-1])} or {expected[-1]}"
    says = next(one.says for one in group if one.says.expected)
    message = f"{says.message.partition(';')[0]}; {wanted} was expected"
    return _Found(group[0].place, Said("wrong-type", message, None, wanted))


def _walk(model: type[BaseModel], value: object, loc: Iterable[int | str]) -> _Place:
    """Follow pydantic's `loc` through models and document; labels of unions are in neither."""
    place = _Place(value=value)
    annotation: Any = model
    for part in loc:
        if part == "[key]":
            place.key = True
            break
        choices = _choices(annotation)
        if len(choices) == 1:
            annotation = _step(place, choices[0], part)
            continue
        if place.union is None:
            place.union, place.branch = place.path, str(part)
        annotation = next((one for one in choices if _labeled(one, str(part))), None)
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
    while get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    if get_origin(annotation) not in (Union, types.UnionType):
        return [annotation]
    members = [one for one in get_args(annotation) if one is not type(None)]
    return _choices(members[0]) if len(members) == 1 else members


def _labeled(choice: Any, label: str) -> bool:
    """Whether pydantic calls this member of a union by that label, which may name a wrapper too."""
    if get_origin(choice) is Annotated:
        choice = choice.__origin__
    name = getattr(get_origin(choice) or choice, "__name__", "")
    return bool(name) and (label.startswith(name) or label.endswith(f" {name}]"))


def has_part(value: Any, step: int | str) -> bool:
    """Whether a JSON value has a member or element of that name or number."""
    if isinstance(value, dict):
        return step in value
    return isinstance(value, list) and isinstance(step, int) and step < len(value)
