"""Intakes as text and JSON, as the expected files beside the cases hold them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path

from payer_policy.core.diagnostics import Diagnostic
from payer_policy.formats import Intake

DATA = Path(__file__).parent / "data"
CASES = DATA / "cases"
VARIANTS = DATA / "variants"


def requests_of(intakes: Iterable[Intake]) -> str:
    """Every request that came out, fields that are not known left out."""
    dumped = [
        intake.request.model_dump(mode="json", exclude_none=True)
        for intake in intakes
        if intake.request
    ]
    for request in dumped:
        if not request["confirmations"]:
            del request["confirmations"]
        for line in request["lines"]:
            line["modifiers"].sort()
            if not line["facts"]:
                del line["facts"]
    return json.dumps(dumped, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def messages_of(intakes: Iterable[Intake]) -> str:
    """What a person is told, claim by claim; claims with nothing to say are one line."""
    out = []
    for intake in intakes:
        state = "remark" if intake.is_note else "read" if intake.request else "REFUSED"
        start = intake.place.start
        where = f"{start.line}:{start.column}" if start else "?"
        out.append(f"{state}: {intake.claim_id or '(no claim number)'} at {where}")
        out.extend(message_of(d) for d in intake.diagnostics)
    return "\n".join(out) + "\n"


def message_of(found: Diagnostic) -> str:
    """One diagnostic with its place, its sentence, and its hint."""
    hint = f"\n    hint: {found.hint}" if found.hint else ""
    return f"  {found.location}: {found.severity} {found.code}: {found.message}{hint}"


def agrees(path: Path, text: str) -> None:
    """Assert that a file holds this text; with UPDATE_EXPECTED set, write it."""
    if os.environ.get("UPDATE_EXPECTED"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
