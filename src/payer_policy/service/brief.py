"""The short form of an answer: what a claims system posts, and nothing that takes extra work.

Sentences, questions, citations and derived facts are made only when they are read, so the short form is
also the fast one (the audit record, where there is one, reads them all the same).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from payer_policy.audit import Receipt
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination import Determination
from payer_policy.formats.answer import Answer

VERSION: Final = "payer-policy/brief/1"


def brief(answered: Answer, receipt: Receipt | None) -> Mapping[str, Any]:
    """Decision, lines, reason codes and receipt of an answer; for a refusal, the refusal.

    Args:
        answered: The answer.
        receipt: The receipt of its row in the audit record; None: it has none.
    """
    if answered.request is None:
        return answered.to_json()
    outcome = answered.outcome
    lines = [
        {
            "number": line.number,
            "code": one.code,
            "outcome": line.outcome,
            "billed_units": to_json(line.billed_units),
            "allowed_units": to_json(line.allowed_units),
        }
        for one in outcome.determinations
        for line in one.lines
    ]
    reasons = dict.fromkeys(codes for one in outcome.determinations for codes in _reasons(one))
    return {
        "schema": VERSION,
        "claim_id": outcome.claim_id,
        "decision": outcome.decision,
        "lines": sorted(lines, key=lambda line: line["number"]),
        "reasons": [
            {"group": group, "carc": carc, "rarcs": list(rarcs)} for group, carc, rarcs in reasons
        ],
        "receipt": None if receipt is None else str(receipt),
    }


def _reasons(one: Determination) -> Iterator[tuple[str | None, str | None, tuple[str, ...]]]:
    """The reason codes of the findings, and those of the request for information."""
    for found in one.findings:
        if found.carc is not None and found.kind != "advise":
            yield found.group, found.carc, found.rarcs
    if one.information_request is not None:
        asked = one.information_request
        yield asked.group, asked.carc, tuple(asked.rarcs)
