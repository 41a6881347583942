"""The one authorization that a service is held against, out of those on the payer's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from payer_policy.core.vocabulary.types import NONE_TEXT, Value
from payer_policy.request.models import Authorization, Request
from payer_policy.request.services import Service


def authorization_facts(
    request: Request, payer: str | None, service: Service
) -> dict[str, Value | None]:
    """The fields of `{"authorization": …}` for a service; None where not known.

    A number on the claim (or the line) picks the authorization, whatever its case, blanks and
    punctuation; without a number the best fit is used: the one with the fewest mismatches,
    then an approved one before others, then the one with the most known matches. So a claim
    is never refused for one authorization while a better one lies beside it, and never for one
    where another may still prove to fit.

    An authorization may be the one named where its own number is not known, or where its number
    is the only thing that is known to differ. Where no other is known to be the one named, it is
    not known whether one is on file; a number that differs is reported with it.
    """
    on_file, on_claim = request.authorizations, request.authorization_number
    if on_file is None:
        return {}
    given = [line.authorization_number for line in service.lines if line.authorization_number]
    if not given and on_claim is not None and on_claim != NONE_TEXT:
        given = [on_claim]
    numbers = {_plain(number) for number in given}
    if len(numbers) > 1:
        return {}  # the lines of one service name different ones: not known which is meant

    def fit(entry: Authorization) -> tuple[int, int, int, date, str]:
        return _fit(entry, request, payer, service)

    facts: dict[str, Value | None] = {"other_fits": False}
    if numbers:
        facts["number_given"] = given[0]
        unnumbered = [entry for entry in on_file if entry.number is None]
        named = [entry for entry in on_file if entry.number and _plain(entry.number) in numbers]
        if not named:
            fitting = [
                entry
                for entry in on_file
                if entry.number and False not in _fits(entry, request, payer, service)
            ]
            if fitting:
                return {**facts, "other_fits": True, "number": max(fitting, key=fit).number}
            if unnumbered:
                return facts
        elif unnumbered and max(map(fit, unnumbered))[0] > max(map(fit, named))[0]:
            return facts  # less speaks against one that may be the named one too
        on_file = tuple(named)
    if not on_file:
        return {**facts, "on_file": False}
    chosen = max(on_file, key=fit) if len(on_file) > 1 else on_file[0]
    return {
        **facts,
        "on_file": True,
        "number": chosen.number,
        "status": chosen.status,
        "payer": chosen.payer,
        "plan": chosen.plan,
        "member_id": chosen.member_id,
        "provider_npi": chosen.provider_npi,
        "codes": chosen.codes,
        "valid_from": chosen.valid_from,
        "valid_through": chosen.valid_through,
        "units": chosen.units,
        "units_used": chosen.units_used,
        "requested_on": chosen.requested_on,
    }


_STATUS = {"approved": 3, "pending": 2, None: 2, "refused": 1, "cancelled": 0}


def _fit(
    entry: Authorization, request: Request, payer: str | None, service: Service
) -> tuple[int, int, int, date, str]:
    all_fits = (*_fits(entry, request, payer, service), _has_units(entry, service))
    known = [fits for fits in all_fits if fits is not None]
    return (
        -known.count(False),
        _STATUS[entry.status],
        known.count(True),
        entry.valid_from or date.min,
        entry.number or "",
    )


def _plain(number: str) -> str:
    """An authorization number for comparison: without case, blanks and punctuation."""
    return "".join(filter(str.isalnum, number)).casefold() or number


def _fits(
    entry: Authorization, request: Request, payer: str | None, service: Service
) -> Iterator[bool | None]:
    """Whether each thing about an authorization fits the service; None where that is not known."""
    coverage, day = request.coverage, service.day
    providers = {request.provider.billing_npi, request.provider.rendering_npi}
    yield None if entry.status in (None, "pending") else entry.status == "approved"
    for mine, theirs in (
        (payer, entry.payer),
        (coverage.plan, entry.plan),
        (coverage.member_id, entry.member_id),
    ):
        yield None if mine is None or theirs is None else mine == theirs
    if entry.provider_npi is None or providers == {None}:
        yield None
    else:
        yield entry.provider_npi in providers
    yield None if entry.codes is None or service.code is None else service.code in entry.codes
    if day is not None:
        yield None if entry.valid_from is None else entry.valid_from <= day
        yield None if entry.valid_through is None else day <= entry.valid_through
        yield None if entry.requested_on is None else entry.requested_on <= day


def _has_units(entry: Authorization, service: Service) -> bool | None:
    """Whether as many units are left as are billed; too few do not make it another's."""
    billed = [line.units for line in service.lines if line.units is not None]
    if entry.units is None or entry.units_used is None or len(billed) < len(service.lines):
        return None
    return entry.units - entry.units_used >= sum(billed)
