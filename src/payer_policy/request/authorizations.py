"""The one authorization that a service is held against, out of those on the payer's file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from payer_policy.request.models import Authorization, Request
from payer_policy.request.services import Service
from payer_policy.vocabulary.types import Value


def authorization_facts(
    request: Request, payer: str | None, service: Service
) -> dict[str, Value | None]:
    """The fields of `{"authorization": …}` for a service; None where not known.

    A number on the claim (or the line) picks the authorization; without a number the best fit is
    looked at: the one with the least against it, then an approved one before others, then the one
    of which the most is known to fit. So a claim is never refused for one authorization while a
    better one lies beside it, and never for one where another may still prove to fit.
    """
    on_file = request.authorizations
    if on_file is None:
        return {}
    numbers = {line.authorization_number for line in service.lines} - {None}
    if not numbers and request.authorization_number is not None:
        numbers = {request.authorization_number}
    if len(numbers) > 1:
        return {}  # the lines of one service name different ones: not known which is meant
    if numbers:
        on_file = tuple(entry for entry in on_file if entry.number in numbers)
    if not on_file:
        return {"on_file": False}
    chosen = max(on_file, key=lambda entry: _fit(entry, request, payer, service))
    return {
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
    known = [fits for fits in _fits(entry, request, payer, service) if fits is not None]
    return (
        -known.count(False),
        _STATUS[entry.status],
        known.count(True),
        entry.valid_from or date.min,
        entry.number or "",
    )


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
    billed = [line.units for line in service.lines if line.units is not None]
    if entry.units is None or entry.units_used is None or len(billed) < len(service.lines):
        yield None
    else:
        yield entry.units - entry.units_used >= sum(billed)
