"""The one authorization that a service is held against, out of those on the payer's file."""

from __future__ import annotations

from datetime import date

from payer_policy.request.models import Authorization, Request
from payer_policy.request.services import Service
from payer_policy.vocabulary.types import Value


def authorization_facts(request: Request, service: Service) -> dict[str, Value | None]:
    """The fields of `{"authorization": …}` for a service; None where not known.

    A number on the claim (or the line) picks the authorization; without a number the best fit is
    looked at: approved before others, then for this code, then valid on the day, then the latest.
    So a claim is never refused for one authorization while a better one lies beside it.
    """
    on_file = request.authorizations
    if on_file is None:
        return {}
    number = request.authorization_number
    for line in service.lines:
        number = line.authorization_number or number
    if number is not None:
        on_file = tuple(entry for entry in on_file if entry.number == number)
    if not on_file:
        return {"on_file": False}
    chosen = max(on_file, key=lambda entry: _fit(entry, service))
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


def _fit(entry: Authorization, service: Service) -> tuple[bool, bool, bool, date, str]:
    day = service.day
    in_window = day is not None and (
        (entry.valid_from is None or entry.valid_from <= day)
        and (entry.valid_through is None or day <= entry.valid_through)
    )
    return (
        entry.status == "approved",
        entry.codes is not None and service.code in entry.codes,
        in_window,
        entry.valid_from or date.min,
        entry.number or "",
    )
