"""The facts file fills in what a claim left out, and never overrules it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from payer_policy.core.diagnostics import Diagnostic, Location, PolicyError
from payer_policy.formats import (
    Intake,
    apply_supplement,
    read_requests,
    read_supplements,
    supplemented,
    unmatched,
)
from tests.formats.claims.rendering import CASES, DATA, agrees, message_of, requests_of

FACTS = DATA / "facts"


def read_case(name: str) -> list[Intake]:
    return read_requests((CASES / name).read_bytes(), name)


def test_facts_are_added_by_claim_number_and_what_fits_nowhere_is_told() -> None:
    claims = read_case("synthetic-professional-wastage.837")
    facts = read_supplements((FACTS / "good.json").read_bytes(), "good.json")
    assert list(facts) == ["SYN-1001", "SYN-1002", "SYN-1003"]
    merged = supplemented(claims, facts)
    assert all(intake.request for intake in merged)
    first = merged[0]
    assert first.request
    assert first.request.facts == {"trial.dose_mcg": 50, "trial.response": "favorable"}
    assert first.request.history == ()
    assert first.request.authorizations
    assert first.request.authorizations[0].codes == {"J0475"}
    # Original, replacement and void of one number are the same claim.
    assert [i.request.facts for i in merged[1:] if i.request] == [
        {"therapy.phase": "maintenance"}
    ] * 3
    assert {i.request.provider.rendering_npi for i in merged if i.request} == {"1999999976"}
    assert str(first.locate(("facts", "trial.response"))) == "good.json:4:55"
    assert str(first.locate(("lines", 0))) == str(first.place)
    told = [message_of(found) for found in unmatched(facts, claims)]
    assert told == [
        "  good.json:11:3: warning unmatched-facts: no claim that was read has the number "
        "SYN-1003; these facts were not used\n    hint: did you mean `SYN-1002`?"
    ]


def test_a_contradiction_refuses_the_claim_and_shows_both_values() -> None:
    claims = read_case("synthetic-request.json")
    facts = read_supplements((FACTS / "contradicting.json").read_bytes(), "contradicting.json")
    [refused] = supplemented(claims, facts)
    assert refused.request is None
    told = "\n".join(message_of(found) for found in refused.diagnostics) + "\n"
    agrees(FACTS / "contradicting.messages.txt", told)
    assert claims[0].request
    with pytest.raises(PolicyError) as caught:
        apply_supplement(claims[0].request, facts["SYN-PA-1"])
    assert {d.code for d in caught.value.diagnostics} == {"contradicts-claim"}


def test_a_wrong_facts_file_is_refused_with_every_problem() -> None:
    with pytest.raises(PolicyError) as caught:
        read_supplements((FACTS / "wrong.json").read_bytes(), "wrong.json")
    told = "\n".join(message_of(found) for found in caught.value.diagnostics) + "\n"
    agrees(FACTS / "wrong.messages.txt", told)


@pytest.mark.parametrize("text", ["", "  ", "[]", "null", '{"a": {}', '{"a" {}}', "{a: 1}", "{} x"])
def test_what_is_no_facts_file_is_refused(text: str) -> None:
    with pytest.raises(PolicyError):
        read_supplements(text.encode(), "f")


def test_a_supplement_that_repeats_the_claim_changes_nothing() -> None:
    claims = read_case("synthetic-request.json")
    assert claims[0].request
    dumped = json.loads(requests_of(claims))[0]
    keys = ("facts", "authorizations", "history", "coverage", "provider")
    same = {"SYN-PA-1": {key: dumped[key] for key in keys}}
    facts = read_supplements(json.dumps(same).encode(), "f")
    assert supplemented(claims, facts) == claims


def test_facts_are_added_to_lines_by_claim_and_line_number() -> None:
    claims = read_case("synthetic-professional-wastage.837")
    text = """{"SYN-1001": {"lines": {
"2": {"facts": {"dose.given": 5}},
"3": {"facts": {"dose.given": 7}}}}}"""
    first = supplemented(claims, read_supplements(text.encode(), "f"))[0]

    assert first.request
    assert [line.facts for line in first.request.lines] == [
        {},
        {"dose.given": 5},
        {"dose.given": 7},
    ]
    assert str(first.locate(("lines", 1, "facts", "dose.given"))) == "f:2:31"
    wrong = Diagnostic(
        "wrong-value", "no", Location("claim SYN-1001", "$.lines[2].facts.dose.given")
    )
    assert str(first.placed(wrong).location) == "f:3:31"


def test_every_wrong_line_of_a_facts_file_is_reported_and_the_claim_is_refused() -> None:
    claims = read_case("synthetic-professional-wastage.837")
    entry = {"lines": {"2": {"facts": {"dose.given": 5}}}}
    claims = supplemented(claims, read_supplements(json.dumps({"SYN-1001": entry}).encode(), "e"))
    text = """{"SYN-1001": {"lines": {
      "2": {"facts": {"dose.given": 6}},
      "20": {"facts": {"dose.given": 6}},
      "two": {"facts": {}}}}}"""
    first = supplemented(claims, read_supplements(text.encode(), "f"))[0]

    assert first.request is None
    assert [message_of(found) for found in first.diagnostics] == [
        "  f:2:37: error contradicts-claim: claim SYN-1001: line 2: the fact `dose.given`: the claim "
        "says 5; the facts file says 6\n"
        "    hint: correct the one that is wrong; the facts file only adds what the claim left out",
        '  f:3:13: error unknown-line: claim SYN-1001: the claim has no line "20"; its lines '
        "are 1, 2, 3\n"
        "    hint: did you mean `2`?",
        '  f:4:14: error unknown-line: claim SYN-1001: the claim has no line "two"; its lines '
        "are 1, 2, 3\n"
        "    hint: correct the line number",
    ]


def test_the_shape_of_a_line_s_entry_is_checked() -> None:
    text = '{"SYN-1001": {"lines": {"2": {"fact": {}}}, "line": {}}}'
    with pytest.raises(PolicyError) as found:
        read_supplements(text.encode(), "f")

    assert [(one.code, one.location.path) for one in found.value.diagnostics] == [
        ("unknown-key", '$.SYN-1001.lines["2"].fact'),
        ("unknown-key", "$.SYN-1001.line"),
    ]


def two_practices() -> list[Intake]:
    return read_requests((FACTS / "same-number-two-practices.837").read_bytes(), "two.837")


ADDRESSED = json.loads((FACTS / "addresses.json").read_text())


@pytest.mark.parametrize("case", ADDRESSED, ids=[case["title"] for case in ADDRESSED])
def test_facts_of_claims_that_share_a_number_are_addressed(case: dict[str, Any]) -> None:
    claims = two_practices()
    entries = {
        key: {"facts": {"trial.response": said}} if isinstance(said, str) else said
        for key, said in case["facts"].items()
    }
    facts = read_supplements(json.dumps(entries).encode(), "facts")
    merged = supplemented(claims, facts)
    said = [one.request and one.request.facts.get("trial.response") for one in merged]
    told = [
        f"{found.code}: {found.message} | {found.hint}"
        for one in merged
        for found in one.diagnostics
        if found.severity == "error"
    ]
    stray = [found.message for found in unmatched(facts, claims)]
    refused = [number for number, one in enumerate(merged, 1) if one.request is None]
    got = {"said": said, "refused": refused, "told": told, "unmatched": stray}
    assert got == {"said": [None, None], "refused": [], "told": [], "unmatched": []} | case["then"]


def test_claims_that_share_a_number_are_each_read_with_a_remark() -> None:
    claims = two_practices()
    assert [one.request.id if one.request else None for one in claims] == ["1001", "1001"]
    assert [[(d.severity, d.message) for d in one.diagnostics] for one in claims] == [
        [
            (
                "warning",
                "claim 1001: 2 claims of this file have this number and frequency 1 (original), "
                f"and each is decided; another one is at two.837:{line}:1",
            )
        ]
        for line in (48, 20)
    ]


@pytest.mark.parametrize("place", ["11:B:", "11:B", ""])
def test_a_claim_without_a_frequency_could_be_what_the_facts_of_its_number_are_about(
    place: str,
) -> None:
    text = (FACTS / "same-number-two-practices.837").read_text("utf-8")
    text = text.replace("1999999984", "1234567893")  # one practice
    correction = text.replace("1001*1050***11:B:1", "1001*1050***11:B:7", 1)
    facts = read_supplements(b'{"1001": {"facts": {"therapy.phase": "refill"}}}', "facts.json")

    def refused(of: str) -> list[list[str]]:
        claims = supplemented(read_requests(of.encode(), "two.837"), facts)
        return [
            [d.code for d in one.diagnostics if d.severity == "error"]
            for one in claims
            if not one.is_note
        ]

    assert refused(text) == [["ambiguous-facts"]] * 2
    assert refused(correction) == [[], []]
    head, _, tail = correction.rpartition("11:B:1")
    assert refused(f"{head}{place}{tail}") == [["ambiguous-facts"], ["missing-element"]]
