"""The types of records: those that every request form has, and those that a vocabulary declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import Reporter
from payer_policy.core.vocabulary.declarations import Declaration
from payer_policy.core.vocabulary.model import RecordModel, RecordType
from payer_policy.core.vocabulary.types import FactType
from payer_policy.core.vocabulary.units import UnitTable

_RECORD_NAME: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*\Z", re.ASCII)
_FIELD_NAME: Final = re.compile(r"[a-z][a-z0-9_]*\Z", re.ASCII)

_ID: Final = FactType("code", system="identifier")
_NPI: Final = FactType("code", system="npi")
_TIN: Final = FactType("code", system="tin")
_HCPCS: Final = FactType("code", system="hcpcs")
_DATE: Final = FactType("date")
_UNITS: Final = FactType("decimal", "billing units", minimum=0)

HISTORY: Final = RecordType(
    "history",
    "the member's earlier services",
    "Which earlier services of the member are on file?",
    "service",
    {
        "claim_id": _ID,
        "code": _HCPCS,
        "date": _DATE,
        "modifiers": FactType("codes", system="modifier"),
        "units": _UNITS,
        "paid_units": _UNITS,
        "charge": FactType("decimal", "USD", minimum=0),
        "ndc": FactType("code", system="ndc"),
        "billing_npi": _NPI,
        "billing_tin": _TIN,
        "rendering_npi": _NPI,
        "payer": _ID,
        "status": FactType("choice", values=("paid", "denied", "pending")),
    },
    "date",
)
"""Lines of earlier claims, and those of a claim's own services before the one that is decided. Voided
and replaced lines, and those of the claim itself on file, are never among them."""
AUTHORIZATIONS: Final = RecordType(
    "authorizations",
    "the authorizations on file",
    "Which authorizations of the member are on file?",
    "member",
    {
        "number": _ID,
        "status": FactType("choice", values=("approved", "pending", "refused", "cancelled")),
        "payer": _ID,
        "plan": _ID,
        "member_id": _ID,
        "provider_npi": _NPI,
        "codes": FactType("codes", system="hcpcs"),
        "valid_from": _DATE,
        "valid_through": _DATE,
        "units": _UNITS,
        "units_used": _UNITS,
        "requested_on": _DATE,
    },
)
BUILT_IN: Final[Mapping[str, RecordType]] = {one.name: one for one in (HISTORY, AUTHORIZATIONS)}
"""The records that a request's form carries, with the fields of its models that rules may ask."""


def read_records(
    models: Mapping[str, RecordModel], report_of: Callable[[str], Reporter], units: UnitTable
) -> dict[str, RecordType]:
    """The record types that some files declare, by name.

    Args:
        models: The declarations.
        report_of: Gives for a name the reporter of the file that declares it.
        units: The units that their fields can name.
    """
    return {
        name: _record_type(
            name, model, report_of(name).on(f"record type `{name}`", "records", name), units
        )
        for name, model in models.items()
    }


def _record_type(name: str, model: RecordModel, report: Reporter, units: UnitTable) -> RecordType:
    if name in BUILT_IN or name == "lines":
        message = "every request has such records already"
        report("wrong-name", message, (), key=True, hint="give them another name")
    elif not _RECORD_NAME.match(name):
        message = "lowercase letters, digits, `_` and `.` were expected"
        report("wrong-name", message, (), key=True)
    fields = {}
    for field, declared in model.fields.items():
        of_field = report.on(f"field `{field}`", "fields", field)
        if not _FIELD_NAME.match(field):
            message = "lowercase letters, digits, and `_` were expected"
            of_field("wrong-name", message, (), key=True)
        fields[field] = Declaration(of_field, units).type(declared)
    dates = [field for field, type_ in fields.items() if type_.kind == "date"]
    dated_by = model.dated_by
    if dated_by is None:
        dated_by = dates[0] if len(dates) == 1 else None
    elif dated_by not in dates:
        known = f"; expected one of {', '.join(dates)}" if dates else ""
        message = f"`dated_by`: `{dated_by}` is not a field with a date{known}"
        hint = did_you_mean(dated_by, dates) or (None if dates else "remove it")
        report("unknown-field", message, ("dated_by",), hint=hint)
    for at, field in enumerate(model.key or ()):
        if field not in fields:
            message = f"`key`: `{field}` is not a field of these records"
            hint = did_you_mean(field, fields) or f"fields: {', '.join(fields)}"
            report("unknown-field", message, ("key", at), hint=hint)
    return RecordType(
        name,
        model.label,
        model.question or f"What is known of {model.label}?",
        model.about,
        fields,
        dated_by,
        model.lists_are == "complete",
        tuple(model.key or ()),
        declared=True,
    )
