"""The example of `docs/fhir.md` is a real one: what it shows is what comes out."""

from __future__ import annotations

import json
import re

from payer_policy.formats.fhir import claim_response
from tests.formats.fhir.building import ANSWERED, RULES, decided, submitted
from tests.places import ROOT

PAGE = ROOT / "docs" / "fhir.md"


def test_the_example_of_the_page() -> None:
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    request, shown = (json.loads(block) for block in blocks)
    submission = submitted(request)
    assert submission.intake.diagnostics == ()

    response = claim_response(decided(submission), submission.asked, created=ANSWERED, rules=RULES)

    assert response == shown
