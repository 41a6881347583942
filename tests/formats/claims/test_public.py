"""Situations that people of the field reported in public, as small synthetic files under the shipped
policies: what is read of each, what is remarked or refused, and what is decided for which reasons.

`data/public/<file>.expected.txt` beside each holds it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from payer_policy.determination.model import Determination
from payer_policy.formats import Intake, read_requests
from payer_policy.formats.answer import answer
from payer_policy.formats.review import ReviewRules, line_reviews
from payer_policy.request.models import Line, Request
from tests.batch.building import engine
from tests.formats.claims.rendering import DATA, agrees, message_of

FILES = sorted(p for p in (DATA / "public").iterdir() if p.suffix in (".837", ".278"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_public_situation_is_handled_as_it_should_be(path: Path) -> None:
    library = engine().library
    found = read_requests(path.read_bytes(), path.name, library.vocabulary, library.reference)
    text = "\n".join(line for intake in found for line in described(intake))
    agrees(path.with_name(f"{path.name}.expected.txt"), text + "\n")


def described(intake: Intake) -> Iterator[str]:
    state = "remark" if intake.is_note else "read" if intake.request else "REFUSED"
    yield f"{state}: {intake.claim_id or '(no claim number)'}"
    yield from (message_of(one) for one in intake.diagnostics)
    if intake.request is None:
        return
    yield from (f"  {line}" for line in as_read(intake.request))
    outcome = answer(engine(), intake)
    for made in outcome.outcome.determinations:
        yield from (f"  {line}" for line in as_decided(made))
    if intake.request.kind == "preauthorization":
        plain = json.loads(json.dumps(outcome.to_json()))
        reviews = line_reviews(plain, ReviewRules.of(engine().library))
        actions = {number: review.action for number, review in reviews.items()}
        yield f"  HCR by line: {actions}"


def as_read(request: Request) -> Iterator[str]:
    coverage, provider = request.coverage, request.provider
    yield f"payer {coverage.payer}, member {coverage.member_id}, plan {coverage.plan}"
    yield f"born {request.patient.birth_date}, billed by {provider.billing_npi}"
    diagnoses = "not known" if request.diagnoses is None else " ".join(request.diagnoses)
    yield f"frequency {request.frequency} of {request.original_id}, diagnoses {diagnoses}"
    yield f"authorization {request.authorization_number}"
    yield from map(line_as_read, request.lines)


def line_as_read(line: Line) -> str:
    parts = [
        *(f"line {line.number}: {line.code}", *sorted(line.modifiers)),
        f"units {line.units}",
        f"date {line.date}" + (f" to {line.through}" if line.through else ""),
        f"pointers {line.diagnosis_pointers}",
    ]
    if line.ndc:
        parts.append(f"NDC {line.ndc} {line.ndc_quantity} {line.ndc_unit}")
    if line.authorization_number:
        parts.append(f"authorization {line.authorization_number}")
    return ", ".join(parts)


def as_decided(made: Determination) -> Iterator[str]:
    yield f"{made.code} on {made.service_date}: {made.decision}"
    for line in made.lines:
        units = f"{line.allowed_units} of {line.billed_units} units"
        yield f"  line {line.number}: {line.outcome}, {units}"
    for one in made.findings:
        codes = " ".join(filter(None, [one.group, one.carc, *one.rarcs]))
        yield f"  {one.kind} {one.rule} [{codes}]: {one.because}"
    if made.missing:
        yield f"  asked: {', '.join(question.fact for question in made.missing[:3])}"
