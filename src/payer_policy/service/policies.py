"""The policies in use: a list, one as JSON or in plain English, and the JSON Schemas."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Path, Query, Request, Response

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.ruleset import Ruleset
from payer_policy.determination.english import read_ruleset
from payer_policy.formats.schemas import all_schemas
from payer_policy.policy.library import Library
from payer_policy.service.authentication import requires
from payer_policy.service.negotiation import JSON, best_of
from payer_policy.service.openapi import described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.state import state_of

VERSION: Final = "payer-policy/policies/1"

router = APIRouter(prefix="/v1", dependencies=[requires("policies")], tags=["policies"])


@router.get(
    "/policies",
    summary="All policies, with the dates of service on which each ruleset is in force.",
    responses=described({JSON: "Policies"}, "The policies, by address."),
)
async def policies(request: Request) -> Response:
    """Each window has the hash that determinations name."""
    state = state_of(request)
    deployed = state.deployed
    library = deployed.engine.library
    found = await state.in_worker(
        lambda _: [listed(library, address) for address in library.addresses()]
    )
    return _json({"schema": VERSION, "hash": deployed.hash, "policies": found})


@router.get(
    "/policies/{payer}/{policy}",
    summary="One policy: its windows and its files as written; or in plain English.",
    responses=described(
        {JSON: "Policy", "text/plain": None, "text/markdown": None},
        "The policy as JSON, or in numbered sentences.",
    )
    | problems("not-found", "not-acceptable", "bad-request"),
)
async def policy(
    request: Request,
    payer: Annotated[str, Path(max_length=200)],
    policy: Annotated[str, Path(max_length=200)],
    on: Annotated[str | None, Query(description="A date of service; default: the newest.")] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Text and Markdown are made from the JSON itself, so they cannot differ from it."""
    form = best_of(accept, (JSON, "text/plain", "text/markdown"))
    library = state_of(request).deployed.engine.library
    address = f"{payer}/{policy}"
    if address not in library.policies:
        hint = did_you_mean(address, library.policies) or "GET /v1/policies lists them"
        raise Problem("not-found", f"there is no such policy; {hint}")
    if form == JSON and on is None:
        versions = {version.name: version.document.value for version in library.policies[address]}
        return _json({**listed(library, address), "versions": versions})
    ruleset = _on(library, address, on)
    if form == JSON:
        return _json({**_window(ruleset), "address": address})
    text = await state_of(request).in_worker(
        lambda _: read_ruleset(ruleset, form="markdown" if form == "text/markdown" else "text")
    )
    return Response(text, media_type=form)


@router.get(
    "/schemas",
    summary="The names of the JSON Schemas.",
    responses=described({JSON: "SchemaNames"}, "Names for `/v1/schemas/{name}`."),
)
async def schemas(request: Request) -> Response:
    """Editors use them to complete and check policy files."""
    return _json({"schemas": list(await _schemas(request))})


@router.get(
    "/schemas/{name}",
    summary="One JSON Schema.",
    responses=described({JSON: None}, "A JSON Schema (2020-12).") | problems("not-found"),
)
async def schema(request: Request, name: Annotated[str, Path(max_length=200)]) -> Response:
    """Made from the vocabulary in use, so facts and codes are those of this service."""
    found = await _schemas(request)
    if name not in found:
        hint = did_you_mean(name, found) or f"available schemas: {', '.join(found)}"
        raise Problem("not-found", f"there is no such schema; {hint}")
    return _json(found[name])


async def _schemas(request: Request) -> dict[str, Any]:
    """The schemas by name."""
    state = state_of(request)
    library = state.deployed.engine.library
    files = await state.in_worker(lambda _: all_schemas(library))
    return {file.removesuffix(".schema.json"): one for file, one in files.items()}


def listed(library: Library, address: str) -> dict[str, Any]:
    """A policy with all its windows."""
    rulesets = [library.ruleset(address, first) for first, _, _ in library.windows(address)]
    return {
        "address": address,
        "payer": address.partition("/")[0],
        "title": next((one.title for one in reversed(rulesets) if one is not None), address),
        "codes": sorted(library.codes[address]),
        "windows": [_window(ruleset) for ruleset in rulesets if ruleset is not None],
    }


def _window(ruleset: Ruleset) -> dict[str, Any]:
    last = ruleset.last_day
    return {
        "version": ruleset.version,
        "first_day": ruleset.first_day.isoformat(),
        "last_day": None if last is None else last.isoformat(),
        "hash": ruleset.hash,
        "rules": len(ruleset.rules),
    }


def _on(library: Library, address: str, on: str | None) -> Ruleset:
    """The ruleset in force on a day; where none is given, the newest."""
    day = library.windows(address)[-1][0]
    if on is not None:
        try:
            day = datetime.strptime(on, "%Y-%m-%d").date()
            if day.isoformat() != on:
                raise ValueError(on)
        except ValueError:
            raise Problem("bad-request", "`on`: a date such as 2025-03-06 was expected") from None
    ruleset = library.ruleset(address, day)
    if ruleset is None:
        raise Problem("not-found", "the policy is not in force on that day")
    return ruleset


def _json(value: Any) -> Response:
    """As `json_response`; exact decimal numbers of a file are written as text."""
    return Response(json.dumps(value, ensure_ascii=False, default=str), media_type=JSON)
