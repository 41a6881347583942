"""What another payer decided of a claim, from its `ClaimResponse`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from payer_policy.formats.fhir.form import as_element
from payer_policy.formats.fhir.systems import CARC, GROUP
from payer_policy.formats.fhir.values import codings, day_of, objects, quantity


def read_answer(response: Mapping[str, Any]) -> dict[str, Any]:
    """What was paid, when, and each adjustment with a CARC; None where it is not stated."""
    payment = as_element(response.get("payment"))
    day = day_of(payment.get("date")) or day_of(response.get("created"))
    return {
        "paid": quantity(payment.get("amount")).value,
        "remitted_on": None if day is None else day.isoformat(),
        "adjustments": list(_adjustments(response)) or None,
    }


def _adjustments(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those of the whole claim, then those of its items, which are known by their sequence."""
    yield from _adjusted(response, None)
    for item in objects(response.get("item")):
        number = item.get("itemSequence")
        yield from _adjusted(item, number if type(number) is int else None)


def _adjusted(element: Mapping[str, Any], line: int | None) -> Iterator[dict[str, Any]]:
    for one in objects(element.get("adjudication")):
        said = codings(one.get("reason"))
        group = next((found.code for found in said if found.system == GROUP), None)
        carcs = [found.code for found in said if found.system == CARC]
        # Of several reasons it is not stated how much is for which.
        amount = quantity(one.get("amount")).value if len(carcs) == 1 else None
        for carc in carcs:
            row = {"carc": carc, "group": group, "amount": amount, "line": line}
            yield {name: value for name, value in row.items() if value is not None}
