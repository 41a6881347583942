"""The OpenAPI document: the published JSON Schemas, and examples decided by the policies in use.

The answer of an example is the engine's answer to its request, so no example can be out of date.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from payer_policy.engine import Engine
from payer_policy.formats.answer import REFUSAL_VERSION
from payer_policy.formats.schemas import all_schemas
from payer_policy.policy.library import Library
from payer_policy.service import brief
from payer_policy.service.calls import KEY, RECEIPT, REPLAYED
from payer_policy.service.problems import KINDS, MEDIA_TYPE, Problem

_TEXT: Final = {"type": "string"}
_TEXT_OR_NULL: Final = {"type": ["string", "null"]}
_SHORT: Final = {"type": "string", "minLength": 1, "maxLength": 200}
_FILE: Final = {"type": "string", "contentMediaType": "application/octet-stream"}
_UNITS: Final = {"type": ["integer", "string", "null"]}
_INTEGER: Final = {"type": "integer"}
_OBJECT: Final = {"type": "object"}
_OBJECT_OR_NULL: Final = {"type": ["object", "null"]}
_EVERYWHERE: Final = (
    "not-authenticated",
    "not-allowed",
    "overloaded",
    "deadline",
    "not-recorded",
    "too-slow",
)


_KEY: Final = {
    "name": KEY,
    "in": "header",
    "description": "Chosen by the client for one body. Sent again with the same body within 24 hours, it "
    "gets the same answer, and nothing is decided or recorded twice.",
    "schema": {"type": "string", "pattern": "^[!#-~]{1,255}$"},
}
_HEADERS: Final = {
    RECEIPT: {
        "description": "The number and the hash of the answer's (last) row in the audit record.",
        "schema": {"type": "string", "pattern": "^[1-9][0-9]*:[0-9a-f]{64}$"},
    },
    REPLAYED: {
        "description": "The answer is the one given to the same key before.",
        "schema": {"const": "true"},
    },
}


# --- declarations of routes ----------------------------------------------------------------------


def body(forms: Mapping[str, str | None], *, keyed: bool = False) -> dict[str, Any]:
    """The declaration of a request body.

    Args:
        forms: By media type, the name of a component; None: text.
        keyed: Whether the path accepts an idempotency key.
    """
    read: dict[str, Any] = {"requestBody": {"required": True, "content": _content(forms)}}
    return {**read, "parameters": [_KEY]} if keyed else read


def described(forms: Mapping[str, str | None], description: str) -> dict[int | str, dict[str, Any]]:
    """The declaration of an answer: by media type, the name of a component; None: text."""
    return {200: {"description": description, "content": _content(forms), "headers": _HEADERS}}


def problems(*names: str) -> dict[int | str, dict[str, Any]]:
    """The declaration of the problems of a path, in addition to those of every path."""
    by_status: dict[int | str, list[str]] = {}
    for name in (*names, *_EVERYWHERE):
        by_status.setdefault(KINDS[name].status, []).append(name)
    return {
        status: {
            "description": "; ".join(KINDS[name].title for name in dict.fromkeys(found)),
            "content": {MEDIA_TYPE: {"schema": _ref("Problem")}},
        }
        for status, found in by_status.items()
    }


def _content(forms: Mapping[str, str | None]) -> dict[str, Any]:
    return {
        media_type: {"schema": _TEXT if name is None else _ref(name)}
        for media_type, name in forms.items()
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


# --- the document --------------------------------------------------------------------------------


def document(app: FastAPI, engine: Engine, *, with_keys: bool) -> dict[str, Any]:
    """The OpenAPI document of an application.

    Args:
        app: The application.
        engine: The engine that it decides by.
        with_keys: Whether the service requires an API key.
    """
    out = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
        license_info=app.license_info,
    )
    schemas = out.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # an invalid parameter is a problem like any other
    files = all_schemas(engine.library)
    published = {name: files[f"{name.lower()}.schema.json"] for name in ("Request", "Outcome")}
    for name, one in {**published, **_COMPONENTS}.items():
        schemas |= _lifted(name, one)
    for methods in out["paths"].values():
        for operation in methods.values():
            answers = operation["responses"]
            if not with_keys:
                operation.pop("security", None)
            if "HTTPValidationError" in json.dumps(answers.get("422")):
                del answers["422"]
            for status, answer in problems("bad-request").items():
                answers.setdefault(str(status), answer)
    _with_examples(out, engine)
    return out


def _object(optional: Mapping[str, Any] | None = None, **required: Any) -> dict[str, Any]:
    """The schema of an object with some members."""
    properties = {**required, **(optional or {})}
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(item: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def _any_of(*names: str) -> dict[str, Any]:
    return {"anyOf": [_ref(name) for name in names]}


_OBJECTS: Final = _list(_OBJECT)
_TEXTS: Final = _list(_TEXT)
_POSITION: Final = {
    "type": ["object", "null"],
    "properties": {"line": _INTEGER, "column": _INTEGER},
}
_DIAGNOSTIC: Final = _object(
    {"hint": _TEXT_OR_NULL},
    code=_TEXT,
    severity={"enum": ["error", "warning"]},
    message=_TEXT,
    location={
        "type": "object",
        "properties": {"file": _TEXT, "path": _TEXT, "start": _POSITION, "end": _POSITION},
    },
)
_COMPONENTS: Final[Mapping[str, dict[str, Any]]] = {
    # Requests and answers of /v1.
    "Requests": {**_list(_ref("Request")), "minItems": 1},
    "ClaimsAndFacts": _object({"facts": _FILE}, claims=_FILE),
    "Brief": _object(
        schema={"const": brief.VERSION},
        claim_id=_TEXT_OR_NULL,
        decision={
            "enum": [
                "approve",
                "deny",
                "pend",
                "partial",
                "void",
                "not_required",
                "no_policy",
            ]
        },
        lines=_list(
            _object(
                number=_INTEGER,
                code=_TEXT_OR_NULL,
                outcome=_TEXT,
                billed_units=_UNITS,
                allowed_units=_UNITS,
            )
        ),
        reasons=_list(_object(group=_TEXT_OR_NULL, carc=_TEXT_OR_NULL, rarcs=_TEXTS)),
        receipt=_TEXT_OR_NULL,
    ),
    "DecideAnswer": _any_of("Outcome", "Brief"),
    "Answers": _object(
        schema={"const": "payer-policy/answers/1"},
        answers=_list(_any_of("Outcome", "Brief", "Refusal")),
        notes=_OBJECTS,
    ),
    "Refusal": _object(
        schema={"const": REFUSAL_VERSION}, claim_id=_TEXT_OR_NULL, problems=_OBJECTS
    ),
    "Explanations": _object(outcome=_ref("Outcome"), explanations=_OBJECTS),
    "RequirementsQuestion": {
        **_object(
            {
                "plan": _SHORT,
                "line_of_business": _SHORT,
                "service_date": {"type": "string", "format": "date"},
                "kind": {"enum": ["claim", "preauthorization"]},
            },
            payer=_SHORT,
            code=_SHORT,
        ),
        "additionalProperties": False,
    },
    "Requirements": _object(
        schema={"const": "payer-policy/requirements/1"},
        as_of=_TEXT_OR_NULL,
        policies=_OBJECTS,
        without_policy=_OBJECTS,
    ),
    # Policies, schemas, and readiness.
    "Policies": _object(schema={"const": "payer-policy/policies/1"}, hash=_TEXT, policies=_OBJECTS),
    "Policy": _OBJECT,
    "SchemaNames": _object(schemas=_TEXTS),
    "Health": _object(status={"const": "alive"}),
    "Readiness": _object(
        status={"const": "ready"},
        hash=_TEXT,
        folder_hash=_TEXT,
        signed_by=_TEXT_OR_NULL,
        about=_OBJECT_OR_NULL,
        engine=_TEXT,
        sequence=_INTEGER,
        since=_TEXT_OR_NULL,
        expired={"type": "boolean"},
        refused=_OBJECTS,
    ),
    # FHIR and CDS Hooks, in outline.
    "FhirResource": _object(resourceType=_TEXT),
    "CdsHooksCall": _object(
        {"prefetch": _OBJECT_OR_NULL}, hook=_TEXT, hookInstance=_TEXT, context=_OBJECT
    ),
    "CdsHooksAnswer": _object({"systemActions": _OBJECTS}, cards=_OBJECTS),
    "CdsHooksFeedback": _object(feedback=_OBJECTS),
    "Problem": {
        "title": "Problem",
        "description": "Problem details (RFC 9457).",
        **_object(
            {"problems": _list(_DIAGNOSTIC)},
            type={"enum": [f"/problems/{name}" for name in KINDS]},
            title=_TEXT,
            status={"enum": sorted({kind.status for kind in KINDS.values()})},
            detail=_TEXT,
            instance={"type": "string", "description": "The request id, which is also in the log."},
        ),
    },
}


def _lifted(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """A schema as a component, with its definitions as components of their own."""
    found = {name: {key: one[key] for key in one if key not in ("$defs", "$schema", "$id")}}
    found |= {f"{name}.{inner}": definition for inner, definition in one.get("$defs", {}).items()}
    text = json.dumps(found).replace('"#/$defs/', f'"#/components/schemas/{name}.')
    lifted: dict[str, Any] = json.loads(text)
    return lifted


# --- examples ------------------------------------------------------------------------------------


def _with_examples(out: dict[str, Any], engine: Engine) -> None:
    """Add real requests and the answers to them to the document."""
    request = example_request(engine)
    if request is None:
        return
    outcome = engine.decide(request)
    question = example_question(engine.library)
    wrong = Problem("bad-request", "`payer` and `code` were expected")
    asked = (
        ("/v1/decide", "request", request),
        ("/v1/explain", "request", request),
        ("/v1/decide/batch", "requests", [request]),
        ("/v1/requirements", "question", question),
    )
    answered = (
        ("/v1/decide", "200", outcome.decision, outcome.to_json()),
        ("/v1/requirements", "400", wrong.name, wrong.to_json(_REQUEST_ID)),
    )
    for path, name, value in asked:
        content = out["paths"][path]["post"]["requestBody"]["content"]
        content["application/json"]["examples"] = {name: {"value": value}}
    for path, status, name, value in answered:
        content = out["paths"][path]["post"]["responses"][status]["content"]
        for form in content.values():
            form["examples"] = {name: {"value": value}}


_REQUEST_ID: Final = "00000000-0000-4000-8000-000000000000"


def example_request(engine: Engine) -> dict[str, Any] | None:
    """A small synthetic claim that the first possible policy decides; None: no policy can."""
    library = engine.library
    for address in library.addresses():
        payer = address.partition("/")[0]
        coverage = {"payer": payer, "member_id": "EXAMPLE-MEMBER"}
        if lines := library.reference.payers[payer].lines_of_business:
            coverage["line_of_business"] = min(lines)
        for code in sorted(library.codes[address]):
            request = {
                "kind": "claim",
                "id": "EXAMPLE-1",
                "coverage": coverage,
                "lines": [
                    {
                        "number": 1,
                        "code": code,
                        "units": 4,
                        "date": library.windows(address)[-1][0].isoformat(),
                    }
                ],
            }
            if engine.decide(request).determinations:
                return request
    return None


def example_question(library: Library) -> dict[str, str]:
    """A question about requirements that the first policy answers."""
    address = library.addresses()[0]
    return {
        "payer": address.partition("/")[0],
        "code": min(library.codes[address]),
        "service_date": library.windows(address)[-1][0].isoformat(),
    }
