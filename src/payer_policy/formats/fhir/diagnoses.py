"""The diagnoses of a claim or an order as ICD-10-CM codes: all of them, or none is known.

A diagnosis in another code system could be the very one that a policy asks for, so beside one that
cannot be read the others do not say what the diagnoses are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from payer_policy.core.json_source import JsonPath
from payer_policy.formats.fhir.form import Form
from payer_policy.formats.fhir.resources import Found, Resources
from payer_policy.formats.fhir.values import codings, is_icd10


class Named(NamedTuple):
    """One diagnosis: a concept, or a reference to a `Condition`, and where it stands."""

    concept: object
    reference: object
    path: JsonPath


def put_diagnoses(form: Form, resources: Resources, origin: Found, named: Sequence[Named]) -> bool:
    """Set the request's diagnoses, in the order given; whether they are known."""
    codes: list[str] = []
    for one in named:
        concept = one.concept
        found = resources.find(one.reference, origin)
        if concept is None and found is not None:
            concept = found.resource.get("code")
        code = next((c.code for c in codings(concept) if is_icd10(c.system)), None)
        if code is None:
            message = "a diagnosis has no ICD-10-CM code, so the diagnoses are taken as not known"
            form.report(one.path, "not-read", message, severity="warning")
            return False
        form.sources["diagnoses", len(codes)] = one.path
        codes.append(code)
    if codes:
        form.put(("diagnoses",), codes, named[0].path)
    return bool(codes)
