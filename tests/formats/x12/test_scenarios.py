"""Every claim of every scenario of the shipped policies as an 835: it balances, it reads back as it
was written, and published parsers have nothing to say against it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.ruleset import Reason
from payer_policy.formats.x12 import About, Remitted, Rules, remit
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.models import Request
from tests.formats.x12 import oracles
from tests.formats.x12.building import DAY, charged, engine, scenarios, written
from tests.formats.x12.reading import read_advice

RULES = Rules(DAY, pended=Reason("OA", "133", ()), others_as_billed=True)


@cache
def remitted() -> list[tuple[Request, dict[str, Any], Remitted]]:
    """Each different claim with its outcome document and what an 835 says of it."""
    made = []
    claims = [raw for raw in scenarios() if raw.get("kind", "claim") == "claim"]
    for raw in claims:
        number = len(made) + 1
        raw = charged({**raw, "id": f"SYN-{number}"})
        try:
            request = request_from_mapping(raw)
            outcome = engine().decide(request).to_json()
        except PolicyError:  # a scenario about what is refused
            continue
        about = About(f"PCN-{number}")
        codes = engine().library.reference.reason_codes
        made.append((request, outcome, remit(request, outcome, about, RULES, codes)))
    return made


def test_there_is_an_835_for_every_claim_that_was_decided() -> None:
    silent = Counter(
        problem.code
        for _, _, one in remitted()
        if one.payment is None
        for problem in one.problems
        if problem.severity == "error"
    )

    assert len(remitted()) > 300
    assert set(silent) <= {"not-decided", "reversal-needed"}, silent


def test_each_line_loses_what_its_outcome_says() -> None:
    outcomes: Counter[str] = Counter()
    carcs: set[str] = set()
    for request, document, one in remitted():
        if one.payment is None:
            continue
        lines = {line["number"]: line for d in document["determinations"] for line in d["lines"]}
        for asked, service in zip(request.lines, one.payment.services, strict=True):
            line = lines.get(asked.number or 0)
            outcome = line["outcome"] if line else "not ours"
            outcomes[outcome] += 1
            carcs |= {adjustment.carc for adjustment in service.adjustments}
            if outcome in ("approve", "not ours"):
                assert service.paid == service.charge
                assert service.adjustments == ()
            elif outcome in ("deny", "pend"):
                assert service.paid == 0
                assert [a.amount for a in service.adjustments] == [service.charge]
            else:
                assert 0 < service.paid < service.charge
                assert line is not None
                assert service.units == line["allowed_units"]

    assert {"approve", "deny", "pend", "reduce", "not ours"} <= set(outcomes)
    every = "4 11 16 18 39 97 107 133 146 151 182 189 197 198 210 226 272 284 296 302"
    assert set(every.split()) <= carcs


def test_what_is_written_reads_back_as_it_was() -> None:
    payments = [one.payment for _, _, one in remitted() if one.payment is not None]
    text = written(*payments)

    assert text.problems == ()
    read = read_advice(text.text, "f")
    assert read.problems == ()
    assert list(read.claims) == payments
    assert all(payment.balances() for payment in payments)


def test_published_parsers_read_it() -> None:
    payments = [one.payment for _, _, one in remitted() if one.payment is not None]
    # One of a kind is enough for pyx12, which takes a while for each.
    kinds = {
        tuple(
            (a.group, a.carc, service.remarks, service.units is None)
            for service in payment.services
            for a in service.adjustments
        ): payment
        for payment in payments
    }
    text = written(*(replace(payment) for payment in kinds.values()))
    found, tree = oracles.by_the_guide(text.text)

    assert found == []
    own = [
        (segment[0], [part for part in segment[1:] if part])
        for _, _, segments in oracles.sets_of(text.text)
        for segment in segments
        if segment[0] in ("CAS", "LQ", "MOA", "MIA")
    ]
    theirs = [(name, [part for part in parts if part]) for name, parts in oracles.adjustments(tree)]
    assert len(own) > 50
    assert own == theirs
    kind, stated, segments = oracles.sets_of(text.text)[0]
    assert (kind, stated) == ("835", len(segments) + 2)  # with ST and SE
