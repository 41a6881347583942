"""FHIR R4 resources held to their models: the one door to `fhir.resources`, and exact JSON.

The models (R4B, which reads R4) only check. A resource stays the JSON that it was, since dumping a
model turns its decimals into floats. Profiles and terminologies are not checked.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple, get_args

from pydantic import ValidationError

from payer_policy.core.diagnostics import PayerPolicyError, Severity, did_you_mean, kind_of
from payer_policy.core.json_source import JsonPath
from payer_policy.core.json_words import said
from payer_policy.core.vocabulary.types import shown

MAX_FAULTS: Final = 50
"""A resource with more faults than this is not helped by a longer list."""
INSTALL: Final = "pip install 'payer-policy[fhir]'"


_EXPECTED: Final = {
    "Date": "a date (YYYY-MM-DD)",
    "DateTime": "a date, or a time such as 2026-02-02T09:00:00Z,",
    "Instant": "a time such as 2026-02-02T09:00:00Z",
    "Decimal": "a decimal number",
    **dict.fromkeys(
        ("date_from_datetime_inexact", "date_from_datetime_parsing", "date_parsing"),
        "a date (YYYY-MM-DD)",
    ),
    **dict.fromkeys(
        ("datetime_from_date_parsing", "datetime_parsing"), "a time such as 2026-02-02T09:00:00Z"
    ),
    "int_parsing": "a whole number",
}
"""What a primitive type of FHIR looks like, by the model's own name for it or for its error."""


class FhirUnavailable(PayerPolicyError):
    """The FHIR models are not installed; the message says what to type."""

    def __init__(self) -> None:
        super().__init__(f"FHIR needs the library fhir.resources: {INSTALL}")


class Fault(NamedTuple):
    """What is wrong in a resource; `path` is in that resource."""

    path: JsonPath
    code: str
    message: str
    hint: str | None = None
    severity: Severity = "error"


class NotExact(PayerPolicyError, TypeError):
    """A value of a resource cannot be written exactly as JSON, such as a float."""


class NotFhir(PayerPolicyError):
    """A resource made here that its own model refuses: a fault of this program."""


def faults(resource: Mapping[str, Any]) -> list[Fault]:
    """What the R4 model of a resource refuses; an empty list: nothing.

    Raises:
        FhirUnavailable: the models are not installed.
    """
    name = resource.get("resourceType")
    model = _class(name)
    # The library also knows data types by name; those are not resources.
    if model is None or "meta" not in model.model_fields:
        kind = f"{shown(name)} is not a resource of FHIR R4"
        return [Fault(("resourceType",), "unknown-value", kind)]
    try:
        model.model_validate(dict(resource))
        return []
    except ValidationError as error:
        found = [_fault(model, detail) for detail in error.errors(include_url=False)]
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError, ArithmeticError):
        # The models trip over what is far from any resource: an unknown one inside, for one.
        message = "something inside is so far from FHIR R4 that its models cannot read it"
        found = [Fault((), "wrong-shape", message)]
    known = {fault.path for fault in found}
    found += [fault for fault in _left_out(model, resource) if fault.path not in known]
    return list(dict.fromkeys(found))[:MAX_FAULTS]


def is_sound(resource: Mapping[str, Any]) -> bool:
    """Whether a resource can be passed on: its model is at hand and refuses nothing."""
    try:
        return not faults(resource)
    except FhirUnavailable:
        return False


def checked(resource: dict[str, Any]) -> dict[str, Any]:
    """A resource made here, after its model found nothing wrong with it.

    Raises:
        NotFhir: the model refuses it.
        FhirUnavailable: the models are not installed.
    """
    found = faults(resource)
    if found:
        reasons = "; ".join(f"{fault.path}: {fault.message}" for fault in found[:5])
        raise NotFhir(f"{resource.get('resourceType')}: {reasons}")
    return resource


def exact_json(value: Any) -> str:
    """A resource as JSON text: decimals digit by digit, keys in their order, the same bytes always.

    Raises:
        NotExact: It holds a float, or what JSON cannot hold.
    """
    if isinstance(value, Mapping):
        inside = (f"{json.dumps(key)}:{exact_json(one)}" for key, one in value.items())
        return "{" + ",".join(inside) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(exact_json(one) for one in value) + "]"
    if isinstance(value, Decimal) and value.is_finite():
        return f"{value:f}"
    if value is None or isinstance(value, (bool, int, str)):
        return json.dumps(value, ensure_ascii=False)
    raise NotExact(f"found {kind_of(value)}, which has no exact JSON")


def _class(name: object) -> Any:
    """The model of a resource or a data type by its name; None where R4 has no such thing."""
    try:
        from fhir.resources.R4B import get_fhir_model_class
    except ImportError:
        raise FhirUnavailable from None
    try:
        return get_fhir_model_class(name) if isinstance(name, str) else None
    except (KeyError, ValueError, ImportError, AttributeError):
        return None


def _fault(model: Any, detail: Any) -> Fault:
    where = tuple(step for step in detail["loc"] if isinstance(step, (str, int)))
    say = said(detail)
    hint = say.hint
    if say.code == "unknown-key":
        owner = _owner(model, where[:-1])
        names = [info.alias or name for name, info in owner.model_fields.items()] if owner else []
        hint = did_you_mean(str(where[-1]), names) or hint
        return Fault(where, say.code, f"`{where[-1]}` is not an element here", hint)
    if say.code == "missing-key":
        return Fault(where, say.code, f"`{where[-1]}` is missing", hint)
    field = next((step for step in reversed(where) if isinstance(step, str)), "resource")
    kind = str(detail["msg"]).removeprefix("Value error, ").partition(" ")[0]
    expected = _EXPECTED.get(kind) or _EXPECTED.get(detail["type"])
    if expected is None:
        return Fault(where, say.code, f"`{field}`: {say.message}", hint)
    message = f"`{field}`: found {shown(detail['input'])}; {expected} was expected"
    return Fault(where, say.code, message, hint)


def _owner(model: Any, where: Sequence[str | int]) -> Any:
    """The model of the element at a path; None where the path leaves what the models say."""
    for step in where:
        if isinstance(step, int):
            continue
        named = [f for name, f in model.model_fields.items() if step in (name, f.alias)]
        model = _class(next(_type_names(named[0].annotation), None)) if named else None
        if model is None:
            return None
    return model


def _type_names(annotation: Any) -> Iterator[str]:
    name = getattr(annotation, "__name__", "")
    if name.endswith("Type") and name not in ("NoneType", "ResourceType"):
        yield name.removesuffix("Type")
    for inner in get_args(annotation):
        yield from _type_names(inner)


def _left_out(model: Any, resource: Mapping[str, Any]) -> Iterator[Fault]:
    """Required elements that are not there: the models name some only where all else is right."""
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        wanted = info.is_required() or (isinstance(extra, dict) and extra.get("element_required"))
        key = info.alias or name
        if wanted and key not in resource and f"_{key}" not in resource:
            yield Fault((key,), "missing-key", f"`{key}` is missing")
