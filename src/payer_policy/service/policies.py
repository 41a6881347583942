"""The policies that decide now: a list, one as JSON or in plain English, and the JSON Schemas."""

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
from payer_policy.service.authentication import holds
from payer_policy.service.negotiation import best_of
from payer_policy.service.openapi import described, problems
from payer_policy.service.problems import Problem
from payer_policy.service.state import state_of

JSON: Final = "application/json"
VERSION: Final = "payer-policy/policies/1"

router = APIRouter(prefix="/v1", dependencies=[holds("policies")], tags=["policies"])


@router.get(
    "/policies",
    summary="All policies, with the dates of service on which each meaning is in force.",
    responses=described({JSON: "Policies"}, "The policies, by address."),
)
async def policies(request: Request) -> Response:
    """Each window has the hash that determinations name."""
    deployed = state_of(request).deployed
    library = deployed.engine.library

    def work() -> dict[str, Any]:
        return {
            "schema": VERSION,
            "hash": deployed.hash,
            "policies": [listed(library, address) for address in library.addresses()],
        }

    return _json(await state_of(request).at_length(lambda _: work()))


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
    on: Annotated[
        str | None, Query(description="A date of service; the newest meaning where left out.")
    ] = None,
    accept: Annotated[str, Header()] = "*/*",
) -> Response:
    """Text and Markdown are made from the JSON itself, so they cannot say anything else."""
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
    text = await state_of(request).at_length(
        lambda _: read_ruleset(ruleset, form="markdown" if form == "text/markdown" else "text")
    )
    return Response(text, media_type=form)


@router.get(
    "/schemas",
    summary="The names of the JSON Schemas.",
    responses=described({JSON: "SchemaNames"}, "Names for `/v1/schemas/{name}`."),
)
async def schemas(request: Request) -> Response:
    """An editor completes and checks policy files by them."""
    return _json({"schemas": [f.removesuffix(_SUFFIX) for f in await _schemas(request)]})


@router.get(
    "/schemas/{name}",
    summary="One JSON Schema.",
    responses=described({JSON: None}, "A JSON Schema (2020-12).") | problems("not-found"),
)
async def schema(request: Request, name: Annotated[str, Path(max_length=200)]) -> Response:
    """Made from the vocabulary in use: the facts and codes of a policy are those of this service."""
    found = await _schemas(request)
    if f"{name}{_SUFFIX}" not in found:
        names = [file.removesuffix(_SUFFIX) for file in found]
        hint = did_you_mean(name, names) or f"there are {', '.join(names)}"
        raise Problem("not-found", f"there is no such schema; {hint}")
    return _json(found[f"{name}{_SUFFIX}"])


_SUFFIX: Final = ".schema.json"


async def _schemas(request: Request) -> dict[str, Any]:
    state = state_of(request)
    library = state.deployed.engine.library
    return await state.at_length(lambda _: all_schemas(library))


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
    return Response(json.dumps(value, ensure_ascii=False, default=str), media_type=JSON)
