"""What an entry says: nothing that is kept leads to a member, and the same answer is the same entry."""

from __future__ import annotations

import json
from typing import Any

from payer_policy import Engine
from payer_policy.audit import (
    Entry,
    entry_of,
)
from payer_policy.audit.chain import canonical
from tests.audit.conftest import Answer, Place


def test_nothing_that_is_kept_leads_to_a_member(answers: dict[str, Answer]) -> None:
    for request, decided, without in answers.values():
        kept = entry_of(request, decided, without).kept
        values = {value for one in decided for value in _texts(one.facts.values())}
        told = {one.determination.code for one in decided} | {"claim", None}
        told |= {one.determination.policy.address for one in decided}
        told |= {service.code for service in without}
        for text in (request.id, request.coverage.member_id, "2025-", *(values - told)):
            if text is not None and len(text) > 5:
                assert f'"{text}"' not in kept, text


def _texts(values: Any) -> Any:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, frozenset):
            yield from value


def test_what_is_kept_tells_the_answer(answers: dict[str, Answer]) -> None:
    denied = next(one for one in answers.values() if one[1] and "deny" in _decisions(one))
    entry = entry_of(*denied, source="a" * 64)
    (determination,) = (one.determination for one in denied[1])

    kept = json.loads(entry.kept)
    assert kept["decision"] == determination.decision == "deny"
    assert kept["source"] == "a" * 64
    (told,) = kept["determinations"]
    assert told["ruleset"] == determination.policy.hash
    assert told["policy"] == determination.policy.address
    assert told["engine"] == "compiled"
    assert told["lines"] == [[line.number, line.outcome] for line in determination.lines]
    assert told["findings"] == [found.rule for found in determination.findings] != []


def _decisions(answer: Answer) -> list[str]:
    return [one.determination.decision for one in answer[1]]


def test_the_same_answer_is_the_same_entry_but_for_the_salt(
    engine: Engine, answers: dict[str, Answer]
) -> None:
    for request, decided, without in answers.values():
        again = engine.decide_fully(request)
        fixed = {"salt": lambda size: b"7" * size}
        assert entry_of(request, decided, without, **fixed) == entry_of(request, *again, **fixed)
        one, other = entry_of(request, *again), entry_of(request, *again)
        assert one.member == other.member and one.commitment != other.commitment


def test_texts_are_canonical(entries: dict[str, Entry]) -> None:
    for entry in entries.values():
        assert canonical(json.loads(entry.kept)) == entry.kept
        assert entry.member is not None
        assert canonical(json.loads(entry.member)) == entry.member


def test_a_request_may_be_kept_as_its_hash_only(place: Place, answers: dict[str, Answer]) -> None:
    answer = answers["SYN-837-WASTE"]
    with place.open() as whole, place.open(keep_requests=False) as hashed:
        whole.append([whole.entry(*answer)])
        hashed.append([hashed.entry(*answer)])
        one, two = (row.about_member for row in whole.find("SYN-837-WASTE"))

    assert one is not None and two is not None
    assert one["request"]["id"] == "SYN-837-WASTE" and two["request"] is None
    assert one["request_sha256"] == two["request_sha256"]
    assert one["answers"] == two["answers"]
